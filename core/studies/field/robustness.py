"""Effective robustness: how far a checkpoint lies above what its accuracy on ImageNet-1k predicts on shifted images.

As in Taori et al. 2020, "Measuring robustness to natural distribution shifts", but against the line through the
checkpoints of the field themselves, which are all trained on images from the web: 0 is the usual one among them, not a
model trained on ImageNet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.catalog.field import Checkpoint, FieldSet, checkpoints, find_set
from core.stats.intervals import Float64Array, normal_quantile
from core.stats.line import Line, fit
from core.studies.field.choosing import FieldFilter, distinct, figures
from core.types import IntArray

SHIFTS = ("imagenetv2", "imagenet-r", "imagenet-a", "imagenet_sketch", "objectnet")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Robustness:
    """Of `rows` the accuracy on `base` and how far it lies above the line of each of `shifts`, in shares (rows,
    shifts), with half the width of its 95 % interval; `mean` and `mean_half` over the shifts. `lines` go through all
    checkpoints of the field, whichever rows are asked for."""

    base: FieldSet
    shifts: tuple[FieldSet, ...]
    rows: IntArray
    base_values: Float64Array
    above: Float64Array
    half: Float64Array
    lines: tuple[Line, ...]

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The checkpoints of the rows."""
        every = checkpoints()
        return tuple(every[i] for i in self.rows)

    @property
    def mean(self) -> Float64Array:
        """Over the shifts."""
        found: Float64Array = self.above.mean(axis=1)
        return found

    @property
    def mean_half(self) -> Float64Array:
        """Of the mean: the shifts have images of their own, so their errors add up as squares."""
        found: Float64Array = np.sqrt((self.half**2).sum(axis=1)) / len(self.shifts)
        return found


def robustness(chosen: FieldFilter | None = None) -> Robustness:
    """Of the checkpoints of a filter, each once. Intervals are from the images of the shifted set alone: those of
    ImageNet-1k are so many that they widen them by next to nothing."""
    base, shifts = find_set("imagenet1k"), tuple(map(find_set, SHIFTS))
    rows = distinct((chosen or FieldFilter()).rows)
    every = distinct(np.arange(len(checkpoints())))
    lines = tuple(fit(figures((base,), every)[:, 0], figures((each,), every)[:, 0]) for each in shifts)
    base_values, values = figures((base,), rows)[:, 0], figures(shifts, rows)
    predicted = np.column_stack([line.at(base_values) for line in lines])
    n = np.array([each.n for each in shifts], dtype=np.float64)
    return Robustness(
        base=base,
        shifts=shifts,
        rows=rows,
        base_values=base_values,
        above=values - predicted,
        half=normal_quantile() * np.sqrt(values * (1 - values) / n),
        lines=lines,
    )
