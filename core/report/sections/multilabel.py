"""Zero-shot on data sets whose images may have none or several labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from core.charts.compare import difference_chart
from core.engine import Engine
from core.errors import TMVError
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.stats.numbers import full_stop
from core.studies.multi_label.compare import Pair, several_pairs
from core.studies.multi_label.result import MultiLabelResult
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.tables.forms import Table
from core.tables.multi_label import (
    MAP_DIFFERENCES,
    MULTI_LABEL,
    MULTI_LABEL_CLASSES,
    map_differences,
    multi_label_classes,
    multi_label_frame,
)
from core.words.multi_label import UNIT, accepted_line, multi_label_finding, multi_label_protocol
from core.words.names import say_dataset
from core.words.notes import notes_of


def several_labels(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """A section for each such data set; of others it says nothing."""

    def judged(model: str, dataset: str) -> MultiLabelResult:
        return engine.run(MultiLabel.at(engine, model, dataset, request.split, **request.prompts))

    for dataset in (d for d in datasets if _several(engine, d, request.split)):
        if found := gathered.answers("Several labels", request.models, dataset, judged):
            yield _section(dataset, found, _pairs(engine, found, gathered))


def _several(engine: Engine, dataset: str, split: str | None) -> bool:
    try:
        return has_several_labels(engine, dataset, split)
    except TMVError:
        return False  # what is wrong with it is said where it is classified


def _pairs(engine: Engine, found: Sequence[MultiLabelResult], gathered: Gathered) -> list[Pair]:
    said = f"Several labels in pairs, {say_dataset(found[0].dataset)}"
    return gathered.ask(lambda: list(several_pairs(engine, found)), said) or []


def _section(dataset: str, found: Sequence[MultiLabelResult], pairs: Sequence[Pair]) -> Section:
    name = file_name("several-labels", dataset)
    gaps = map_differences(pairs) if pairs else pd.DataFrame()
    beside = [
        Table(
            title="Paired differences in mean average precision on the same images",
            name=f"{name}-differences",
            frame=gaps,
            columns=MAP_DIFFERENCES,
        )
    ]
    return Section(
        title=f"Which labels has an image? {say_dataset(dataset)}",
        finding=full_stop(multi_label_finding(found)),
        lines=tuple(dict.fromkeys([multi_label_protocol(found[0]), *filter(None, map(accepted_line, found))])),
        charts=(difference_chart(gaps, unit=UNIT),) if pairs else (),
        tables=(
            Table(title="Mean average precision", name=name, frame=multi_label_frame(found), columns=MULTI_LABEL),
            Table(
                title="Average precision of every class",
                name=f"{name}-classes",
                frame=multi_label_classes(found),
                columns=MULTI_LABEL_CLASSES,
            ),
            *(beside if pairs else ()),
        ),
        notes=tuple(notes_of(found)),
    )


PART = Part(on="classification", build=several_labels)
