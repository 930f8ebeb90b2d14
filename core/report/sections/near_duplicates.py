"""Images that look nearly the same to a model, and the accuracy without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from core.engine import Engine
from core.errors import NotHere
from core.report.page import Section, Shot
from core.report.parts import Gathered, Part, Request, file_name, shot
from core.studies.data_quality.near import NearDuplicates, NearResult
from core.studies.probe.splits import TRAIN
from core.tables.data_quality import NEAR, NEAR_PAIRS, near_frame, near_summary
from core.tables.forms import Table
from core.words.data_quality import near_finding, near_line, not_searched, pair_line
from core.words.names import say_dataset, say_model
from core.words.notes import notes_of


def duplicates(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """A section for each data set: what was searched before, or is searched at once."""

    def searched(model: str, dataset: str) -> NearResult:
        study = NearDuplicates.at(engine, model, dataset, request.split)
        found = engine.run(study) if study.quick(engine) else engine.kept(study)
        if found is None:
            raise NotHere(not_searched(model, dataset))
        return found

    for dataset in datasets:
        if found := gathered.answers("Near-duplicates", request.models, dataset, searched):
            yield _section(engine, request, dataset, found)


def _section(engine: Engine, request: Request, dataset: str, found: Sequence[NearResult]) -> Section:
    name = file_name("near-duplicates", dataset)
    frames = [frame for result in found if len(frame := near_frame(result))]
    tables = [Table(title="Images that look nearly the same", name=name, frame=near_summary(found), columns=NEAR)]
    if frames:
        pairs = pd.concat(frames, ignore_index=True)
        tables.append(Table(title="Every pair, nearest first", name=f"{name}-pairs", frame=pairs, columns=NEAR_PAIRS))
    return Section(
        title=f"Which images of {say_dataset(dataset)} look nearly the same?",
        finding=near_finding(found[0]) if len(found) == 1 else "",
        lines=tuple(_line(result, len(found) > 1) for result in found),
        tables=tuple(tables),
        shots=tuple(_pairs(engine, request, found[0])),
        shots_title=f"The nearest pairs to {say_model(found[0].model)}",
        notes=tuple(notes_of(found)),
    )


def _line(result: NearResult, several: bool) -> str:
    """How near is near to a model; of several models also what was found."""
    found = f"{near_finding(result)} " if several else ""
    return f"{say_model(result.model)}: {found}{near_line(result)}"


def _pairs(engine: Engine, request: Request, result: NearResult) -> Iterable[Shot]:
    """Both images of the nearest pairs, half as many pairs as pictures are allowed; none where one is not here."""
    for pair in result.pairs()[: request.pictures // 2]:
        under = pair_line(pair["cosine"], pair["same_pixels"])
        split = TRAIN if pair["kind"] == "training" else result.split
        sides = [
            shot(engine, result.dataset, split, name, name, f"{name}: {under}", False)
            for split, name in ((result.split, pair["id"]), (split, pair["other"]))
        ]
        if None not in sides:
            yield from (side for side in sides if side is not None)


PART = Part(on="", build=duplicates)
