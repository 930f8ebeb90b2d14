"""Zero-shot accuracy of every model on every data set, and what is behind each number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from core.charts.accuracy import accuracy_chart
from core.charts.classes import recall_chart
from core.charts.compare import difference_chart
from core.charts.confusion import confusion_chart
from core.engine import Engine
from core.report.page import Section, Shot
from core.report.parts import Gathered, Part, Request, file_name, shot
from core.stats.numbers import full_stop
from core.studies.answered import same_pictures
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables import columns
from core.tables.accuracy import accuracy_frame, references_frame
from core.tables.classes import confusion_frame, per_class_frame
from core.tables.compare import difference_frame
from core.tables.forms import Table
from core.words.accuracy import accuracy_finding, collapse_finding, protocol_line
from core.words.names import say_dataset, say_pair
from core.words.notes import notes_of


def accuracy(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Zero-shot accuracy of every model on every data set, and what is behind each number."""

    def zero_shot(model: str, dataset: str) -> ZeroShotResult:
        return engine.run(ZeroShot.at(engine, model, dataset, request.split, **request.prompts))

    found = [r for d in datasets for r in gathered.answers("Zero-shot", request.models, d, zero_shot)]
    if not found:
        return
    frame = accuracy_frame(found)
    pairs = [(a, b) for a, b in itertools.combinations(found, 2) if same_pictures(a, b)]
    gaps = difference_frame(pairs) if pairs else pd.DataFrame()
    charts = [accuracy_chart(frame, "acc1"), accuracy_chart(frame, "acc5")]
    tables = [
        Table(title="Zero-shot accuracy, with 95 % intervals", name="accuracy", frame=frame, columns=columns.ACCURACY)
    ]
    if pairs:
        charts.append(difference_chart(gaps))
        tables.append(
            Table(
                title="Paired differences in top-1 on the same images",
                name="differences",
                frame=gaps,
                columns=columns.DIFFERENCES,
            )
        )
    beside = references_frame(found)
    if len(beside):
        tables.append(
            Table(title="Figures from elsewhere", name="references", frame=beside, columns=columns.REFERENCES)
        )
    yield Section(
        title="How well does it label images?",
        finding=full_stop(accuracy_finding(found)),
        lines=_asked(found),
        charts=tuple(charts),
        tables=tuple(tables),
        notes=tuple(notes_of(found)),
    )
    for result in found:
        yield _behind(engine, request, result)


def _asked(results: Sequence[ZeroShotResult]) -> tuple[str, ...]:
    """The protocol of each data set in a line: how many pictures, which templates and names."""
    lines = {
        r.dataset: f"{say_dataset(r.dataset)} ({r.split}): {protocol_line(r)}; “{'” | “'.join(r.templates[:3])}”"
        f"{f' and {len(r.templates) - 3} more' if len(r.templates) > 3 else ''}"
        for r in results
    }
    said = "An image belongs to the class whose text vector has the highest cosine with it. Intervals are Wilson's."
    return (said, *lines.values())


def _behind(engine: Engine, request: Request, result: ZeroShotResult) -> Section:
    classes = per_class_frame([result])
    charts = (recall_chart(classes, limit=30), confusion_chart(confusion_frame(result), limit=25))
    name = file_name("classes", result.model, result.dataset)
    return Section(
        title=say_pair(result.model, result.dataset),
        finding=full_stop(collapse_finding(result)),
        lines=(protocol_line(result),),
        charts=charts,
        tables=(Table(title="Recall of every class", name=name, frame=classes, columns=columns.CLASSES),),
        shots=tuple(_mistakes(engine, request, result)),
        shots_title="Surest of its mistakes",
        level=3,
        notes=tuple(notes_of([result])),
    )


def _mistakes(engine: Engine, request: Request, result: ZeroShotResult) -> Iterable[Shot]:
    """The pictures that it named wrong with the highest probability."""
    wrong = np.flatnonzero(~result.correct)
    surest = wrong[np.argsort(-result.top5_probability[wrong, 0], kind="stable")]
    made = 0
    for row in surest[: 4 * request.pictures]:
        if made >= request.pictures:
            return
        true, predicted = result.classnames[result.labels[row]], result.classnames[result.predicted[row]]
        under = f"true: {true}, predicted: {predicted} ({result.top5_probability[row, 0]:.2f})"
        found = shot(
            engine, result.dataset, result.split, result.ids[row], f"{true}, predicted {predicted}", under, False
        )
        if found is not None:
            made += 1
            yield found


PART = Part(on="classification", build=accuracy)
