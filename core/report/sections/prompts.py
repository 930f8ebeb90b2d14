"""Accuracy by template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from core.charts.prompts import templates_chart
from core.engine import Engine
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.stats.numbers import full_stop
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.study import PromptStudy
from core.tables import columns
from core.tables.forms import Table
from core.tables.prompts import templates_frame
from core.words.names import say_dataset, say_pair
from core.words.notes import notes_of
from core.words.prompts import templates_finding

DECK_SET = "deck"


def prompts(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Accuracy by template on each data set: the ones asked for, else the deck's seven."""
    for dataset in datasets:
        asked = (_prompt_study(engine, request, gathered, model, dataset) for model in request.models)
        found = [result for result in asked if result is not None]
        if found:
            frame = templates_frame(found)
            name = file_name("templates", dataset)
            yield Section(
                title=f"What does the wording change on {say_dataset(dataset)}?",
                finding=full_stop(templates_finding(found)),
                lines=(f"{found[0].n:,} pictures, {found[0].classnames_kind} names; differences are paired.",),
                charts=(templates_chart(frame),),
                tables=(
                    Table(
                        title=f"Accuracy by template on {say_dataset(dataset)}",
                        name=name,
                        frame=frame,
                        columns=columns.TEMPLATES,
                    ),
                ),
                notes=tuple(notes_of(found)),
            )


def _prompt_study(
    engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str
) -> PromptStudyResult | None:
    several = request.templates if request.templates and len(request.templates) > 1 else None
    prompts = {"templates": several, "prompt_set": None if several else DECK_SET, "classnames": request.classnames}
    study = partial(PromptStudy.at, engine, model, dataset, request.split, **prompts)
    result = gathered.ask(lambda: engine.run(study()), f"Prompts, {say_pair(model, dataset)}")
    if result is not None:
        gathered.note(result.model, result.dataset, result.split, result.provenance)
    return result


PART = Part(on="classification", build=prompts)
