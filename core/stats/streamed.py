"""The exact best rows of vectors that are too many to hold scores of: read once, a block at a time, for any number of
queries.

The rule is that of `gallery`: the fast product only finds rows that may matter, which are scored again in float64; a
tie goes to the earlier row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.stats.gallery import exact_cosines, lengths, rounding, take
from core.stats.metrics import Float64Array, VectorRows, normalise
from core.system.progress import Progress, silent
from core.types import FloatArray, IntArray

_BLOCK_NUMBERS = 1 << 22
_SCORES = 1 << 22
"""Numbers of a block of vectors, and of its scores with all queries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best rows (k,) of one query, best first, and their float64 cosines (k,)."""

    rows: IntArray
    values: Float64Array


def ordered(vectors: VectorRows, rows: IntArray, query: FloatArray) -> Best:
    """These rows in the order of a stable sort of their exact cosines with a unit query (d,)."""
    rows = np.unique(rows).astype(np.int64)
    values = exact_cosines(normalise(take(vectors, rows)), query) if len(rows) else np.empty(0, np.float64)
    order = np.lexsort((rows, -values))
    return Best(rows=rows[order], values=values[order])


def best_of_all(vectors: VectorRows, queries: FloatArray, k: int, progress: Progress | None = None) -> tuple[Best, ...]:
    """For each unit query of (q, d) the k best of all n rows: what sorting all exact cosines gives.

    `progress` counts rows, and may stop the work. `TMVError` where a vector is not finite.
    """
    n, d, report = len(vectors), int(vectors.shape[-1]), progress or silent
    pool = _Pool(len(queries), min(k, n), 2 * rounding(d))
    step = max(16, min(_BLOCK_NUMBERS // max(d, 1), _SCORES // max(len(queries), 1)))
    for start in range(0, n, step):
        report(start, n)
        block = np.asarray(vectors[slice(start, start + step)], dtype=np.float32)
        norms = lengths(block, start)
        safe = np.where(norms > 0, norms, np.float32(1))[:, None]
        pool.add(start, np.asarray((block @ queries.T) / safe, dtype=np.float32))
    report(n, n)
    found = (ordered(vectors, rows, query) for rows, query in zip(pool.rows(), queries, strict=True))
    return tuple(Best(rows=each.rows[:k], values=each.values[:k]) for each in found)


class _Pool:
    """For each query the rows that may be among its k best: those within rounding of the k-th best score so far."""

    def __init__(self, q: int, k: int, slack: float) -> None:
        self._k, self._slack = k, slack
        self._rows: list[IntArray] = [np.empty(0, np.int64)] * q
        self._scores: list[FloatArray] = [np.empty(0, np.float32)] * q
        self._edges = np.full(q, -np.inf, np.float32)

    def add(self, start: int, scores: FloatArray) -> None:
        """Scores (b, q) of the rows from `start` on."""
        rows, queries = np.nonzero(scores >= self._edges)
        order = np.argsort(queries, kind="stable")
        rows, queries = rows[order], queries[order]
        edges = np.flatnonzero(np.diff(queries)) + 1
        for part in np.split(np.arange(len(rows)), edges) if len(rows) else ():
            self._join(int(queries[part[0]]), start, rows[part], scores)

    def _join(self, query: int, start: int, rows: NDArray[np.intp], scores: FloatArray) -> None:
        every = np.concatenate([self._rows[query], rows + start])
        values = np.concatenate([self._scores[query], scores[rows, query]])
        if len(values) > self._k:
            edge = np.partition(values, len(values) - self._k)[len(values) - self._k] - self._slack
            every, values = every[values >= edge], values[values >= edge]
            self._edges[query] = edge
        self._rows[query], self._scores[query] = every, values

    def rows(self) -> Sequence[IntArray]:
        """The rows of each query."""
        return self._rows
