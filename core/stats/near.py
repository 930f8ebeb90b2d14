"""Vectors that are much nearer to each other than vectors of a set usually are, within one set and between two.

How near is near is read from the set itself: the distance (1 − cosine) of each vector to its nearest neighbor has, in
logarithm, a median and a spread, and what lies far below both is no usual neighbor. Everything is done in blocks, so
that 50,000 against 50,000 needs no table of all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.gallery import exact_cosines, rounding
from core.stats.scores import normalise
from core.system.progress import Progress
from core.types import FloatArray, IntArray, read_only

SAMPLE = 2048
"""Vectors whose nearest neighbor decides what is usual."""
DEVIATIONS = 3.0
"""So far below the median of the logarithms: of a normal distribution 1 in 740."""
AT_MOST = 0.5
"""And never nearer to usual than half the usual distance, where all distances are alike."""
NORMAL = 1.4826
"""The median absolute deviation of a normal distribution, times this, is its standard deviation."""
MOST_PAIRS = 20_000
STEP = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPairs:
    """`left` and `right` (p,) int64 are rows that are nearer than `threshold` (a cosine), nearest first, with their
    `cosine` (p,) float64; within one set left < right. `usual` is the median cosine of a vector with its nearest
    neighbor. `left_rows` are all rows of the left set that have such a neighbor, also where `capped` says that there
    were more pairs than are listed."""

    left: IntArray
    right: IntArray
    cosine: NDArray[np.float64]
    left_rows: IntArray
    threshold: float
    usual: float
    capped: bool = False

    def __len__(self) -> int:
        return len(self.left)


def usual_distance(vectors: NDArray[np.float32]) -> tuple[float, float]:
    """(median distance to the nearest neighbor, distance under which two vectors are unusually near)."""
    if len(vectors) < 3:
        raise TMVError(f"What distance is usual can be told of three vectors or more, got {len(vectors)}.")
    unit = normalise(vectors)
    rows = np.unique(np.linspace(0, len(unit) - 1, SAMPLE).astype(np.int64))
    nearest = np.full(len(rows), -np.inf, np.float32)
    for part in _parts(len(unit)):
        scores = unit[rows] @ unit[part].T
        inside = (rows >= part.start) & (rows < part.stop)
        scores[np.flatnonzero(inside), rows[inside] - part.start] = -np.inf
        nearest = np.maximum(nearest, scores.max(axis=1))
    floor = rounding(unit.shape[1])
    logs = np.log(np.maximum(1 - nearest.astype(np.float64), floor))
    middle = float(np.median(logs))
    spread = NORMAL * float(np.median(np.abs(logs - middle)))
    limit = min(middle - DEVIATIONS * spread, middle + np.log(AT_MOST))
    return float(np.exp(middle)), max(float(np.exp(limit)), floor)


def near_within(vectors: NDArray[np.float32], progress: Progress | None = None) -> NearPairs:
    """Pairs of one set (n, d) that are unusually near."""
    usual, limit = usual_distance(vectors)
    return _near(normalise(vectors), None, usual, limit, progress)


def near_between(
    vectors: NDArray[np.float32], others: NDArray[np.float32], progress: Progress | None = None
) -> NearPairs:
    """Pairs of a vector of (n, d) and one of (m, d) that are nearer than is usual within the first."""
    if vectors.shape[1] != others.shape[1]:
        raise TMVError(f"Vectors of {vectors.shape[1]} and {others.shape[1]} numbers do not compare; use one model.")
    usual, limit = usual_distance(vectors)
    return _near(normalise(vectors), normalise(others), usual, limit, progress)


def _near(
    unit: FloatArray, others: FloatArray | None, usual: float, limit: float, progress: Progress | None
) -> NearPairs:
    """The fast product finds what may be near enough; each of these is measured again in float64."""
    target, loose = unit if others is None else others, 1 - limit - rounding(unit.shape[1])
    found, rows = list[NDArray[np.float64]](), np.zeros(len(unit), np.bool_)
    for part in _parts(len(unit)):
        for other in _parts(len(target)):
            if others is None and other.stop <= part.start:
                continue
            scores = unit[part] @ target[other].T
            a, b = np.nonzero(scores >= loose)
            a, b = a + part.start, b + other.start
            keep = b > a if others is None else np.ones(len(a), np.bool_)
            exact = exact_cosines(unit[a[keep]], target[b[keep]])
            near = exact >= 1 - limit
            a, b = a[keep][near], b[keep][near]
            rows[a] = True
            if others is None:
                rows[b] = True
            found.append(np.stack([a, b, exact[near]], axis=1))
        found = [_nearest(found)]
        if progress is not None:
            progress(part.stop, len(unit))
    return _pairs(found, rows, 1 - limit, 1 - usual)


def _nearest(found: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The nearest of the pairs so far, of equal ones the earlier rows; one more than are listed says that there are."""
    every = np.concatenate(found) if found else np.empty((0, 3))
    order = np.lexsort((every[:, 1], every[:, 0], -every[:, 2]))[: MOST_PAIRS + 1]
    return every[order]


def _pairs(found: list[NDArray[np.float64]], rows: NDArray[np.bool_], threshold: float, usual: float) -> NearPairs:
    every = _nearest(found)
    listed = every[:MOST_PAIRS]
    return NearPairs(
        left=read_only(listed[:, 0].astype(np.int64)),
        right=read_only(listed[:, 1].astype(np.int64)),
        cosine=read_only(listed[:, 2].copy()),
        left_rows=read_only(np.flatnonzero(rows).astype(np.int64)),
        threshold=threshold,
        usual=usual,
        capped=len(every) > MOST_PAIRS,
    )


def _parts(n: int) -> Iterator[slice]:
    for start in range(0, n, STEP):
        yield slice(start, min(start + STEP, n))


def groups(n: int, pairs: NearPairs) -> IntArray:
    """For each of n rows the first row that it is near to, over any number of steps: (n,) int64."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(pairs), np.int8), (pairs.left, pairs.right)), shape=(n, n))
    _, names = connected_components(links, directed=False)
    first = np.full(n, n, np.int64)
    np.minimum.at(first, names, np.arange(n))
    return np.asarray(first[names], dtype=np.int64)
