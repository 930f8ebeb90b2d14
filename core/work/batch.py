"""Several models on several data sets at once: which pairs there are, what each needs, and a queue for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.engine import Engine
from core.errors import Damaged, NotHere, TMVError
from core.jobs.jobs import Wanted
from core.stats.numbers import listed
from core.types import DatasetSpec, Job, ModelSpec, Place, PlannedPair
from core.words.names import say_dataset, say_model
from core.work.start import embedding


def plan(
    engine: Engine, models: Sequence[ModelSpec], datasets: Sequence[DatasetSpec], split: str | None = None
) -> tuple[PlannedPair, ...]:
    """Every model on every data set, model by model, so that the weights of one are read one after the other. `split`
    None is the one that each data set is measured on."""
    live = {job.key for job in engine.jobs.live()}
    unusable = {model.name: _unusable(engine, model) for model in models}
    rows = {data.name: _rows(engine, data, split) for data in datasets}
    return tuple(
        _pair(engine, model, data, rows[data.name], unusable[model.name], live) for model in models for data in datasets
    )


def begin(engine: Engine, pairs: Sequence[PlannedPair]) -> tuple[Job, ...]:
    """Put what is to be computed in line."""
    engine.encoding.check_precision()
    return engine.jobs.line_up([_wanted(pair) for pair in pairs if pair.standing == "compute"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    split: str
    images: int | None = None
    why: str = ""


def _pair(
    engine: Engine, model: ModelSpec, data: DatasetSpec, rows: _Rows, unusable: str, live: set[str]
) -> PlannedPair:
    pair = PlannedPair(model=model, dataset=data, split=rows.split, standing="compute", images=rows.images)
    if _is_stored(engine, pair.place):
        return replace(pair, standing="stored")
    if why := unusable or rows.why:
        return replace(pair, standing="impossible", why=why)
    return replace(pair, standing="running") if _wanted(pair).key in live else pair


def _wanted(pair: PlannedPair) -> Wanted:
    wanted = embedding(pair.place)
    params = {**wanted.params, **({} if pair.images is None else {"images": pair.images})}
    return Wanted(kind=wanted.kind, key=wanted.key, title=wanted.title, params=params)


def _is_stored(engine: Engine, place: Place) -> bool:
    try:
        return bool(place.split) and engine.vectors.find(place) is not None
    except Damaged:  # computed again
        return False


def _unusable(engine: Engine, model: ModelSpec) -> str:
    state = engine.vectors.computable(model)
    return f"{say_model(model)} cannot be used here: {state.why}" if state.state == "absent" else ""


def _rows(engine: Engine, data: DatasetSpec, split: str | None) -> _Rows:
    """The split of a data set as it will be read, and why it cannot be."""
    try:
        known = engine.data.split_of(data.name, split)
        there = engine.data.splits(data.name)
        if split and there and known not in there:
            return _Rows(split=known, why=f"{say_dataset(data.name)} has no split {split!r}, only {listed(there)}.")
        return _Rows(split=known, images=len(engine.data.rows(data.name, known)))
    except NotHere as error:
        # The demo's sets are drawn when they are needed.
        if data.name.startswith("demo-"):
            return _Rows(split=split or data.default_split)
        return _Rows(split=split or data.default_split, why=str(error))
    except TMVError as error:
        return _Rows(split=split or data.default_split, why=str(error))
