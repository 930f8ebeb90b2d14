"""Zero-shot on data sets whose images may have none or several labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.engine import Engine
from core.errors import TMVError
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.stats.numbers import full_stop
from core.studies.multi_label.result import MultiLabelResult
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.tables.forms import Table
from core.tables.multi_label import MULTI_LABEL, MULTI_LABEL_CLASSES, multi_label_classes, multi_label_frame
from core.words.multi_label import accepted_line, multi_label_finding, multi_label_protocol
from core.words.names import say_dataset
from core.words.notes import notes_of


def several_labels(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """A section for each such data set; of others it says nothing."""

    def judged(model: str, dataset: str) -> MultiLabelResult:
        return engine.run(MultiLabel.at(engine, model, dataset, request.split, **request.prompts))

    for dataset in (d for d in datasets if _several(engine, d, request.split)):
        if found := gathered.answers("Several labels", request.models, dataset, judged):
            yield _section(dataset, found)


def _several(engine: Engine, dataset: str, split: str | None) -> bool:
    try:
        return has_several_labels(engine, dataset, split)
    except TMVError:
        return False  # what is wrong with it is said where it is classified


def _section(dataset: str, found: Sequence[MultiLabelResult]) -> Section:
    name = file_name("several-labels", dataset)
    return Section(
        title=f"Which labels has an image? {say_dataset(dataset)}",
        finding=full_stop(multi_label_finding(found)),
        lines=tuple(dict.fromkeys([multi_label_protocol(found[0]), *filter(None, map(accepted_line, found))])),
        tables=(
            Table(title="Mean average precision", name=name, frame=multi_label_frame(found), columns=MULTI_LABEL),
            Table(
                title="Average precision of every class",
                name=f"{name}-classes",
                frame=multi_label_classes(found),
                columns=MULTI_LABEL_CLASSES,
            ),
        ),
        notes=tuple(notes_of(found)),
    )


PART = Part(on="classification", build=several_labels)
