"""What a figure should be, by what the field gets: checkpoints as good elsewhere, and what they get here.

Elsewhere is the mean of the log odds over the data sets that are known of the model: all others of the field for a
published checkpoint, those that were measured for any other. A line through the checkpoints of the field (twice the
same weights count once) predicts the figure; a figure whose interval lies wholly outside the band of one more
checkpoint is not like the field. The band is checked on the field itself: `alarms` leaves each checkpoint out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from core.catalog.field import (
    Checkpoint,
    FieldSet,
    accuracy,
    checkpoints,
    every_set,
    field_sets,
    find_checkpoint,
    find_set,
)
from core.errors import TMVError
from core.stats.intervals import Float64Array
from core.stats.line import Line, fit, from_logit, outside, to_logit
from core.studies.field.choosing import distinct, figures
from core.types import IntArray

CONFIDENCE = 0.95
"""Of the band: one in twenty sound figures is called unlike the field, as `alarms` measures."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expected:
    """What checkpoints as good elsewhere (`level`: the share of their mean log odds over `elsewhere`) get on `here`:
    `value`, between `low` and `high` with `CONFIDENCE`, by a line through `rows`."""

    here: FieldSet
    elsewhere: tuple[FieldSet, ...]
    level: float
    value: float
    low: float
    high: float
    line: Line
    rows: IntArray
    levels: Float64Array
    figures: Float64Array

    def place(self, value: float, n: int) -> Literal["below", "inside", "above"]:
        """Where a figure of n images is: the band is widened by what n images leave open, which is next to nothing for
        thousands of them."""
        low, high = self.line.band(np.array([self.level]), CONFIDENCE, also=1 / (n * _variance(value, n)))
        return "below" if value < low[0] else "above" if value > high[0] else "inside"


def _variance(value: float, n: int) -> float:
    """p (1 - p) of a share of n images, never 0."""
    inside = min(max(value, 0.5 / n), 1 - 0.5 / n)
    return inside * (1 - inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How often published figures themselves lie outside the band of all others: `outside` of `cells`."""

    confidence: float
    outside: int
    cells: int

    @property
    def rate(self) -> float:
        """Near 1 - confidence where the band keeps its promise."""
        return self.outside / self.cells


def expected(here: FieldSet, known: Mapping[str, float]) -> Expected:
    """What the field makes one expect on a set of a model with these figures (name of a field's set -> share) on
    others. Raises `TMVError` where none of them is another set of the field."""
    other = {find_set(name).name: value for name, value in known.items()}
    other.pop(here.name, None)
    if not other:
        raise TMVError(
            f"What a model should get on {here.title} can be said once it has a figure on another set of the field."
        )
    elsewhere = tuple(each for each in every_set() if each.name in other)
    mine = float(np.mean([to_logit(np.array(other[each.name])) for each in elsewhere]))
    levels, values, line = _through(here, elsewhere)
    at = from_logit(np.array([mine]))
    low, high = line.band(at, CONFIDENCE)
    return Expected(
        here=here,
        elsewhere=elsewhere,
        level=float(at[0]),
        value=float(line.at(at)[0]),
        low=float(low[0]),
        high=float(high[0]),
        line=line,
        rows=_rows(),
        levels=levels,
        figures=values,
    )


def expected_of(checkpoint: Checkpoint, here: FieldSet) -> Expected:
    """Of a published checkpoint, by its own figures on all other sets. The line goes through it as well: one of 117."""
    row = accuracy()[checkpoints().index(checkpoint)]
    return expected(here, dict(zip((each.name for each in field_sets()), row, strict=True)))


def expected_for(model: str, here: FieldSet, measured: Mapping[str, float]) -> Expected:
    """Of a model by its name: by its published figures where the field has it, else by what was measured of it."""
    checkpoint = find_checkpoint(model)
    return expected_of(checkpoint, here) if checkpoint is not None else expected(here, measured)


@lru_cache(maxsize=8)
def alarms(confidence: float = CONFIDENCE) -> Alarms:
    """Of all published cells, each predicted from the checkpoint's other 37 by the other checkpoints."""
    found = 0
    for here in field_sets():
        levels, values, _ = _through(here, tuple(each for each in field_sets() if each != here))
        found += int((outside(levels, values, confidence) != 0).sum())
    return Alarms(confidence=confidence, outside=found, cells=len(field_sets()) * len(_rows()))


@lru_cache(maxsize=256)
def _through(here: FieldSet, elsewhere: tuple[FieldSet, ...]) -> tuple[Float64Array, Float64Array, Line]:
    levels = from_logit(to_logit(figures(elsewhere, _rows())).mean(axis=1))
    values = figures((here,), _rows())[:, 0]
    return levels, values, fit(levels, values)


@lru_cache(maxsize=1)
def _rows() -> IntArray:
    return distinct(np.arange(len(checkpoints())))
