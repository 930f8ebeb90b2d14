"""Labels that are likely wrong, by a probe that was trained on other images or by zero-shot probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from core.engine import Engine
from core.report.page import Section, Shot
from core.report.parts import Gathered, Part, Request, file_name, shot
from core.studies.data_quality.label_errors import LabelErrorsResult, LikelyLabelErrors
from core.tables.data_quality import LABEL_ERRORS, SUSPECTS, label_errors_frame, label_errors_summary
from core.tables.forms import Table
from core.words.data_quality import label_errors_finding, label_errors_line, suspect_line
from core.words.names import say_dataset
from core.words.notes import notes_of


def suspects(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """A section for each data set whose images have one label each."""

    def judged(model: str, dataset: str) -> LabelErrorsResult:
        return engine.run(LikelyLabelErrors.at(engine, model, dataset, request.split, **request.prompts))

    for dataset in datasets:
        if found := gathered.answers("Likely label errors", request.models, dataset, judged):
            yield _section(engine, request, dataset, found)


def _section(engine: Engine, request: Request, dataset: str, found: Sequence[LabelErrorsResult]) -> Section:
    best = max(found, key=lambda result: result.acc1)
    name = file_name("label-errors", dataset)
    frames = [frame for result in found if len(frame := label_errors_frame(result))]
    tables = [Table(title="Likely label errors", name=name, frame=label_errors_summary(found), columns=LABEL_ERRORS)]
    if frames:
        every = pd.concat(frames, ignore_index=True)
        tables.append(Table(title="Every likely error", name=f"{name}-images", frame=every, columns=SUSPECTS))
    return Section(
        title=f"Which labels of {say_dataset(dataset)} are likely wrong?",
        finding=label_errors_finding(best),
        lines=(label_errors_line(),),
        tables=tuple(tables),
        shots=tuple(_images(engine, request, best)),
        shots_title="The clearest of them",
        notes=tuple(notes_of(found)),
    )


def _images(engine: Engine, request: Request, result: LabelErrorsResult) -> Iterable[Shot]:
    for record in result.to_record()["labels"][: request.pictures]:
        under = suspect_line(record["label"], record["suggested"])
        if found := shot(engine, result.dataset, result.split, record["id"], under, under, False):
            yield found


PART = Part(on="classification", build=suspects)
