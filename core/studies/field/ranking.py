"""Ranks with their ties, means, and the best within a budget.

Two checkpoints whose 95 % intervals overlap cannot be told apart, so a rank is 1 + the number of checkpoints whose
interval lies wholly above. Where a figure has no binomial interval (a worst group, an F1), only equal figures tie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.catalog.field import Checkpoint, FieldSet, checkpoints
from core.errors import TMVError
from core.stats.intervals import Float64Array, normal_quantile, wilson_many
from core.studies.field.choosing import FieldFilter, distinct, figures
from core.types import IntArray, Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standings:
    """`rows` of the table with their mean figure over `sets`, its 95 % interval, their rank in each set (rows, sets)
    and the mean of these ranks."""

    sets: tuple[FieldSet, ...]
    rows: IntArray
    figures: Float64Array
    ranks: IntArray
    mean: Float64Array
    low: Float64Array
    high: Float64Array
    mean_rank: Float64Array
    place: IntArray

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The checkpoints of the rows."""
        every = checkpoints()
        return tuple(every[i] for i in self.rows)

    @property
    def order(self) -> IntArray:
        """Positions among the rows, the best mean first; of equals the smaller model."""
        size = np.array([each.parameters for each in self.checkpoints])
        found: IntArray = np.lexsort((size, -self.mean))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best of a filter, the next, and all whose interval overlaps the best's, both by their mean over the sets."""

    best: Checkpoint
    value: float
    ci95: Interval
    runner_up: Checkpoint | None
    runner_up_value: float | None
    tied: tuple[Checkpoint, ...]
    compared: int


def figure_intervals(values: Float64Array, field_set: FieldSet) -> tuple[Float64Array, Float64Array]:
    """(low, high) of figures on one set: Wilson's 95 % of its n images, or the figures themselves without one."""
    if not field_set.binomial:
        return values, values
    found = wilson_many(np.rint(values * field_set.n), np.full(len(values), field_set.n))
    return found[:, 0], found[:, 1]


def tied_ranks(low: Float64Array, high: Float64Array) -> IntArray:
    """1 + how many intervals lie wholly above each."""
    order = np.sort(low)
    found: IntArray = 1 + len(low) - np.searchsorted(order, high, side="right").astype(np.int64)
    return found


def standings(sets: tuple[FieldSet, ...], chosen: FieldFilter | None = None, *, twins: bool = True) -> Standings:
    """All checkpoints of a filter on these sets; without `twins` the same weights under another name once. Raises
    `TMVError` where none is left."""
    rows = (chosen or FieldFilter()).rows
    if not len(rows):
        raise TMVError(_nobody(chosen or FieldFilter()))
    rows = rows if twins else distinct(rows)
    values = figures(sets, rows)
    ends = [figure_intervals(values[:, k], each) for k, each in enumerate(sets)]
    ranks = np.stack([tied_ranks(low, high) for low, high in ends], axis=1)
    mean, half = values.mean(axis=1), _half_width(values, sets)
    low, high = ends[0] if len(sets) == 1 else (mean - half, mean + half)
    return Standings(
        sets=sets,
        rows=rows,
        figures=values,
        ranks=ranks,
        mean=mean,
        low=low,
        high=high,
        mean_rank=ranks.mean(axis=1),
        place=tied_ranks(low, high),
    )


def _nobody(chosen: FieldFilter) -> str:
    """What was asked for, and the smallest that fits all the rest."""
    rest = replace(chosen, parameters=None, gflops=None)
    asked = {"million parameters": chosen.parameters, "GFLOPs": chosen.gflops}
    limits = " and ".join(f"{limit:g} {unit}" for unit, limit in asked.items() if limit is not None)
    if not limits or not len(rest.rows):
        return "No checkpoint of the field fits; leave out a word, a family, the training data or the license."
    small = min((checkpoints()[i] for i in rest.rows), key=lambda each: (each.parameters, each.gflops))
    return (
        f"No checkpoint of the field has at most {limits}; the smallest that fits otherwise is {small.name} with "
        f"{small.parameters:.0f} million parameters (both towers) and {small.gflops:.0f} GFLOPs."
    )


def _half_width(values: Float64Array, sets: tuple[FieldSet, ...]) -> Float64Array:
    """Of the mean's interval, from the images of each set alone: how much other images would have changed it."""
    n = np.array([each.n for each in sets], dtype=np.float64)
    variance = np.where([each.binomial for each in sets], values * (1 - values) / n, 0.0).sum(axis=1) / len(sets) ** 2
    found: Float64Array = normal_quantile() * np.sqrt(variance)
    return found


def best_within(sets: tuple[FieldSet, ...], chosen: FieldFilter) -> Best:
    """The best checkpoint of a filter by its mean over the sets."""
    board = standings(sets, chosen, twins=False)
    first, *rest = (int(i) for i in board.order)
    every = board.checkpoints
    second = rest[0] if rest else None
    return Best(
        best=every[first],
        value=float(board.mean[first]),
        ci95=(float(board.low[first]), float(board.high[first])),
        runner_up=None if second is None else every[second],
        runner_up_value=None if second is None else float(board.mean[second]),
        tied=tuple(every[i] for i in rest if board.high[i] >= board.low[first]),
        compared=len(every),
    )


def front(cost: Float64Array, value: Float64Array) -> IntArray:
    """The Pareto front: positions of those that nobody beats at the same cost or less, by rising cost. Points whose
    cost is not known (NaN) are not on it."""
    order = [i for i in np.lexsort((-value, cost)) if np.isfinite(cost[i])]
    best, found = -np.inf, list[int]()
    for i in order:
        if value[i] > best:
            best = float(value[i])
            found.append(int(i))
    return np.array(found, dtype=np.int64)
