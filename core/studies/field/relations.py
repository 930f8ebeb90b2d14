"""How data sets of the field hang together: accuracy on one against accuracy on another, and which say the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.catalog.field import Checkpoint, FieldSet, checkpoints
from core.stats.intervals import Float64Array
from core.stats.line import Line, fit, outside
from core.stats.rank_correlation import rank_correlations
from core.studies.field.choosing import FieldFilter, distinct, figures
from core.types import IntArray

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetAgainstSet:
    """Figures of `rows` on the sets `x` and `y`, the line through them on logit axes, how far each lies above it in
    share points (`above`: effective robustness where y is a shift of x), and which lie `outside` the 95 % band of a
    line through all others (-1 below, 1 above)."""

    x: FieldSet
    y: FieldSet
    rows: IntArray
    x_values: Float64Array
    y_values: Float64Array
    line: Line
    above: Float64Array
    outside: Float64Array

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The checkpoints of the rows."""
        every = checkpoints()
        return tuple(every[i] for i in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetCorrelations:
    """Spearman's rank correlation of every two sets over the checkpoints, in the order of a clustering (average
    linkage of 1 - correlation), so that sets that say the same lie beside each other."""

    sets: tuple[FieldSet, ...]
    values: Float64Array
    n: int

    def nearest(self, k: int) -> tuple[FieldSet, float]:
        """The other set that is most like the k-th, and their correlation."""
        others = self.values[k].copy()
        others[k] = -np.inf
        found = int(np.argmax(others))
        return self.sets[found], float(others[found])


def set_against_set(x: FieldSet, y: FieldSet, chosen: FieldFilter | None = None) -> SetAgainstSet:
    """Raises `TMVError` for fewer than four checkpoints."""
    rows = distinct((chosen or FieldFilter()).rows)
    x_values, y_values = figures((x,), rows)[:, 0], figures((y,), rows)[:, 0]
    line = fit(x_values, y_values)
    return SetAgainstSet(
        x=x,
        y=y,
        rows=rows,
        x_values=x_values,
        y_values=y_values,
        line=line,
        above=y_values - line.at(x_values),
        outside=outside(x_values, y_values, CONFIDENCE),
    )


def set_correlations(sets: tuple[FieldSet, ...], chosen: FieldFilter | None = None) -> SetCorrelations:
    """Between at least two sets over at least four checkpoints."""
    rows = distinct((chosen or FieldFilter()).rows)
    values = rank_correlations(figures(sets, rows))
    order = _clustered(values)
    return SetCorrelations(sets=tuple(sets[i] for i in order), values=values[np.ix_(order, order)], n=len(rows))


def _clustered(values: Float64Array) -> list[int]:
    if len(values) < 3:
        return list(range(len(values)))
    apart = np.clip(1 - values, 0, 2)
    np.fill_diagonal(apart, 0)
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    links = hierarchy.linkage(squareform(apart, checks=False), "average", optimal_ordering=True)
    return [int(i) for i in hierarchy.leaves_list(links)]
