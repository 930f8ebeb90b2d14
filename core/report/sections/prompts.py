"""Accuracy by template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from core.words.datasets import measured
from core.words.names import say_dataset
from core.words.notes import notes_of
from core.words.prompts import templates_finding

DECK_SET = "deck"


def prompts(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Accuracy by template on each data set: the ones asked for, else the deck's seven."""
    several = request.templates if request.templates and len(request.templates) > 1 else None
    asked = {"templates": several, "prompt_set": None if several else DECK_SET, "classnames": request.classnames}

    def study(model: str, dataset: str) -> PromptStudyResult:
        return engine.run(PromptStudy.at(engine, model, dataset, request.split, **asked))

    for dataset in datasets:
        found = gathered.answers("Prompts", request.models, dataset, study)
        if found:
            frame = templates_frame(found)
            name = file_name("templates", dataset)
            yield Section(
                title=f"What does the wording change on {say_dataset(dataset)}?",
                finding=full_stop(templates_finding(found)),
                lines=(f"{measured(found[0])}, {found[0].classnames_kind} names; differences are paired.",),
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


PART = Part(on="classification", build=prompts)
