"""Average precision: how well scores order the images of a class before all others, where an image may have several
labels.

Of the images ordered by their score, precision at each that has the label, averaged over these (scikit-learn's
`average_precision_score`); equal scores are taken together, so that no order among them counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.stats.intervals import SEED, Float64Array, PairedDifference, normal_quantile
from core.types import FloatArray, Interval

BoolArray = NDArray[np.bool_]

_MOST_DRAWS, _FEWEST_DRAWS, _WORK = 1000, 100, 2e8
_AT_ONCE = 1 << 21


def average_precisions(scores: FloatArray, truth: BoolArray) -> Float64Array:
    """(c,) of scores (n, c) and truth (n, c); NaN for a class that no image has."""
    ones = np.ones((1, len(scores)))
    return np.array([_weighted(*_ordered(scores[:, i], truth[:, i]), ones)[0] for i in range(scores.shape[1])])


def mean_interval(scores: FloatArray, truth: BoolArray, confidence: float = 0.95) -> Interval:
    """Interval of the mean over the classes: the value with the spread of a bootstrap, images drawn again with all of
    their labels, on either side. Percentiles of the draws lie too high where classes have few images: a draw that has
    one of them twice ranks both alike, so that a value can lie below all of them."""
    (means,) = _drawn_means([scores], truth)
    value = float(np.nanmean(average_precisions(scores, truth)))
    half = normal_quantile(confidence) * float(means.std(ddof=1))
    return max(0.0, value - half), min(1.0, value + half)


def paired_means(a: FloatArray, b: FloatArray, truth: BoolArray) -> PairedDifference:
    """Mean average precision of a minus b on the same images: scores (n, c) each, truth (n, c).

    Images are drawn again, with all of their labels, for both at once; the interval is as in `mean_interval`, p how
    often a draw lies as far from the mean of all draws as the difference lies from zero, counting the sample itself.
    `n_only_a` and `n_only_b` are the classes that one of them orders better. There is no exact test as for accuracy: an
    image has no average precision of its own that could be exchanged.
    """
    first, second = (average_precisions(scores, truth) for scores in (a, b))
    drawn = _drawn_means([a, b], truth)
    gap, difference = drawn[0] - drawn[1], float(np.nanmean(first) - np.nanmean(second))
    half = normal_quantile() * float(gap.std(ddof=1))
    as_far = np.count_nonzero(np.abs(gap - gap.mean()) >= abs(difference))
    return PairedDifference(
        difference=difference,
        ci95=(max(-1.0, difference - half), min(1.0, difference + half)),
        n=len(truth),
        n_only_a=int(np.count_nonzero(first > second)),
        n_only_b=int(np.count_nonzero(second > first)),
        p_value=(int(as_far) + 1) / (len(gap) + 1),
        test="paired bootstrap over images",
    )


def _drawn_means(several: Sequence[FloatArray], truth: BoolArray) -> list[Float64Array]:
    """For each of several scores (n, c) the means over the classes of the same draws of images: (draws,) each."""
    n, c = truth.shape
    draws = int(np.clip(_WORK / (n * c), _FEWEST_DRAWS, _MOST_DRAWS))
    rng, step = np.random.default_rng(SEED), max(1, _AT_ONCE // n)
    known = np.flatnonzero(truth.any(axis=0))
    orders = [[_ordered(scores[:, i], truth[:, i]) for i in known] for scores in several]
    means = [list[Float64Array]() for _ in several]
    for start in range(0, draws, step):
        weights = rng.multinomial(n, np.full(n, 1 / n), size=min(step, draws - start)).astype(np.float64)
        for mine, order in zip(means, orders, strict=True):
            found = np.stack([_weighted(*each, weights) for each in order])
            there = np.isfinite(found)
            mine.append(np.where(there, found, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1))
    return [np.concatenate(mine) for mine in means]


def _ordered(scores: FloatArray, truth: BoolArray) -> tuple[NDArray[np.int64], BoolArray, NDArray[np.int64]]:
    """The images from the highest score down, whether each has the label, and where equal scores end."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    return order, truth[order], ends


def _weighted(
    order: NDArray[np.int64], right: BoolArray, ends: NDArray[np.int64], weights: Float64Array
) -> Float64Array:
    """Average precision with each image counted as often as `weights` (b, n) say: (b,)."""
    ordered = weights[:, order]
    hits = np.cumsum(ordered * right, axis=1)[:, ends]
    counted = np.cumsum(ordered, axis=1)[:, ends]
    gained = np.diff(hits, axis=1, prepend=0)
    precision = np.divide(hits, counted, out=np.zeros_like(hits), where=counted > 0)
    total = hits[:, -1]
    found: Float64Array = np.divide(
        (gained * precision).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0
    )
    return found
