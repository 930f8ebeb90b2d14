"""Spearman's rank correlation, without the second that importing `scipy.stats` costs whoever asks first."""

from __future__ import annotations

import numpy as np

from core.stats.intervals import Float64Array


def average_ranks(values: Float64Array) -> Float64Array:
    """The rank of each value (n,) from 1, that of equal ones their mean (`scipy.stats.rankdata`)."""
    order = np.sort(values)
    below, up_to = (np.searchsorted(order, values, side=side) for side in ("left", "right"))
    ranks: Float64Array = (below + up_to + 1) / 2
    return ranks


def rank_correlations(values: Float64Array) -> Float64Array:
    """Between every two columns of (n, c), as (c, c); nan for a column of equal values (`scipy.stats.spearmanr`)."""
    ranks = np.column_stack([average_ranks(column) for column in values.T])
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float64Array = np.atleast_2d(np.corrcoef(ranks, rowvar=False))
    return found
