"""Caption retrieval in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from core.charts.retrieval import rank_histogram_chart, recalls_chart
from core.charts.theme import Chart
from core.engine import Engine
from core.report.page import Section, Shot
from core.report.parts import Gathered, Part, Request, file_name, shot
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import Retrieval
from core.tables import columns
from core.tables.forms import Table
from core.tables.retrieval import histogram_frame, recalls_frame, retrieval_frame
from core.words.captions import how_it_counts, lost_title, retrieval_finding, under_mistake
from core.words.names import say_dataset
from core.words.notes import notes_of


def retrieval(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Caption retrieval in both directions on every set with captions."""

    def study(model: str, dataset: str) -> RetrievalResult:
        return engine.run(Retrieval.at(engine, model, dataset, request.split))

    for dataset in datasets:
        found = gathered.answers("Caption retrieval", request.models, dataset, study)
        if not found:
            continue
        recalls, frame = recalls_frame(found), retrieval_frame(found)
        name = file_name("retrieval", dataset)
        yield Section(
            title=f"Does a caption find its own image on {say_dataset(dataset)}?",
            finding=retrieval_finding(found),
            lines=(how_it_counts(found[0]),),
            charts=_recall_charts(recalls, histogram_frame(found)),
            tables=(
                Table(
                    title=f"Caption retrieval on {say_dataset(dataset)}",
                    name=name,
                    frame=frame,
                    columns=columns.RECALLS,
                ),
            ),
            shots=tuple(_lost(engine, request, found[0])),
            shots_title=lost_title(found[0]),
            notes=tuple(notes_of(found)),
        )


def _recall_charts(recalls: pd.DataFrame, ranks: pd.DataFrame) -> tuple[Chart, ...]:
    return recalls_chart(recalls, "image"), recalls_chart(recalls, "text"), rank_histogram_chart(ranks)


def _lost(engine: Engine, request: Request, result: RetrievalResult) -> Iterable[Shot]:
    """The pictures that lose to another one by the most, one caption each."""
    seen = set[int]()
    for place in np.argsort(result.margins, kind="stable"):
        row = int(result.image_index[place])
        if len(seen) >= request.pictures or result.margins[place] >= 0:
            return
        if row not in seen:
            seen.add(row)
            under = under_mistake(result, int(place))
            found = shot(engine, result.dataset, result.split, result.ids[row], result.ids[row], under, False)
            if found is not None:
                yield found


PART = Part(on="captions", build=retrieval)
