"""Few-shot studies that have run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.charts.few_shot import few_shot_chart
from core.engine import Engine
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.studies.few_shot.result import FewShotResult
from core.studies.few_shot.study import FewShot
from core.tables import columns
from core.tables.few_shot import few_shot_frame, published_frame
from core.tables.forms import Table
from core.words.names import say_dataset, say_pair
from core.words.notes import notes_of


def few_shots(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Few-shot studies that have run with the default plan."""
    for dataset in datasets:
        asked = (_few_shot(engine, request, gathered, model, dataset) for model in request.models)
        found = [result for result in asked if result is not None]
        if found:
            frame = few_shot_frame(found)
            name = file_name("few-shot", dataset)
            yield Section(
                title=f"What is a labelled picture worth on {say_dataset(dataset)}?",
                finding="",
                lines=(),
                charts=(few_shot_chart(frame, published_frame(found)),),
                tables=(
                    Table(
                        title=f"Few-shot accuracy on {say_dataset(dataset)}",
                        name=name,
                        frame=frame,
                        columns=columns.FEW_SHOT,
                    ),
                ),
                notes=tuple(notes_of(found)),
            )
            for result in found:
                gathered.note(result.model, result.dataset, result.split, result.provenance)


def _few_shot(engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str) -> FewShotResult | None:
    said = f"Few-shot, {say_pair(model, dataset)}"
    return gathered.ask(lambda: engine.kept(FewShot.at(engine, model, dataset, request.split)), said)


PART = Part(on="classification", build=few_shots)
