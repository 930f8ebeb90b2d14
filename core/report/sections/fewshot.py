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
from core.words.names import say_dataset
from core.words.notes import notes_of


def few_shots(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Few-shot studies that have run with the default plan."""

    def kept(model: str, dataset: str) -> FewShotResult | None:
        return engine.kept(FewShot.at(engine, model, dataset, request.split))

    for dataset in datasets:
        found = gathered.answers("Few-shot", request.models, dataset, kept)
        if found:
            frame = few_shot_frame(found)
            name = file_name("few-shot", dataset)
            yield Section(
                title=f"What is a labeled image worth on {say_dataset(dataset)}?",
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


PART = Part(on="classification", build=few_shots)
