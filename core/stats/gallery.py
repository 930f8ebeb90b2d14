"""Exact scores, best rows and ranks over stored vectors, whatever their number.

A float32 matrix product rounds a little differently from block to block, so two equal pictures can come out
a hair apart and chance would order them. Here the fast product only finds the rows that may matter; every row
within rounding of a decision is scored again in float64, one row at a time. So results do not depend on how
the work was cut, equal vectors tie exactly, and a tie goes to the earlier row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.metrics import Float64Array, VectorRows, normalise
from core.types import FloatArray, IntArray, read_only

NUMBERS_PER_BLOCK = 1 << 22
"""16 MB of float32 at a time."""


def rounding(d: int) -> float:
    """The most by which a float32 cosine of `d` numbers can differ from the exact one.

    The classical bound of a dot product (Higham 2002, section 3.1), twice: once for the product and once for
    the length it is divided by.
    """
    return 2.0 * d * 2.0**-24


def blocks(n: int, d: int) -> Iterator[slice]:
    """Slices that cover n rows of d numbers, a few megabytes each."""
    step = max(16, NUMBERS_PER_BLOCK // max(d, 1))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def take(vectors: VectorRows, rows: IntArray) -> NDArray[Any]:
    """Some rows (r, d) of an array or of anything that can be sliced."""
    if isinstance(vectors, np.ndarray):
        return np.asarray(vectors[rows])
    return np.stack([np.asarray(vectors[slice(r, r + 1)])[0] for r in rows])


def exact_cosines(left: FloatArray, right: FloatArray) -> Float64Array:
    """Cosines (b,) of unit rows (b, d) with unit rows (b, d) or one unit vector (d,), summed in float64."""
    products = left.astype(np.float64) * right.astype(np.float64)
    return np.asarray(np.ascontiguousarray(products).sum(axis=-1), dtype=np.float64)


def lengths(block: FloatArray, first: int = 0) -> FloatArray:
    """Lengths (b,) float32 of vectors (b, d), the rows from `first` on; `TMVError` where one is not finite."""
    norms: FloatArray = np.sqrt(np.einsum("ij,ij->i", block, block))
    if not np.isfinite(norms).all():
        row = first + int(np.flatnonzero(~np.isfinite(norms))[0])
        raise TMVError(f"Embeddings must be finite, but vector {row} holds NaN or infinity; embed again.")
    return norms


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Stored vectors ready to be searched: `vectors` (n, d), unnormalised and possibly memory-mapped, and
    their lengths `norms` (n,) float32."""

    vectors: VectorRows
    norms: FloatArray

    @classmethod
    def of(cls, vectors: VectorRows) -> Gallery:
        """Reads every vector once; `TMVError` where one is not finite."""
        n, d = len(vectors), vectors.shape[-1]
        norms = np.empty(n, dtype=np.float32)
        for rows in blocks(n, d):
            norms[rows] = lengths(np.asarray(vectors[rows], dtype=np.float32), rows.start)
        return cls(vectors=vectors, norms=read_only(norms))

    def __len__(self) -> int:
        return len(self.norms)

    @property
    def width(self) -> int:
        """d"""
        return int(self.vectors.shape[-1])

    def unit(self, rows: IntArray) -> FloatArray:
        """Unit vectors (r, d) of these rows."""
        return normalise(take(self.vectors, rows))

    def scores(self, queries: FloatArray) -> FloatArray:
        """Cosines of unit queries (q, d) with every row: (q, n) float32, reading the vectors once."""
        if queries.ndim != 2 or queries.shape[1] != self.width:
            raise TMVError(
                f"Queries must be (q, {self.width}) like the images, got {queries.shape}; use one model for both."
            )
        safe = np.where(self.norms > 0, self.norms, np.float32(1))
        if isinstance(self.vectors, np.ndarray) and self.vectors.dtype == np.float32:
            return np.asarray((self.vectors @ queries.T).T / safe)  # read where it lies, mapped or not
        found = np.empty((len(queries), len(self)), dtype=np.float32)
        for rows in blocks(len(self), self.width):
            block = np.asarray(self.vectors[rows], dtype=np.float32)
            found[:, rows] = (block @ queries.T).T / safe[rows]
        return found

    def exact(self, rows: IntArray, query: FloatArray) -> Float64Array:
        """Float64 cosines (r,) of a unit query (d,) with these rows."""
        out = np.empty(len(rows), dtype=np.float64)
        for part in blocks(len(rows), self.width):
            out[part] = exact_cosines(self.unit(rows[part]), query)
        return out

    def best(self, query: FloatArray, scores: FloatArray, k: int) -> tuple[IntArray, Float64Array]:
        """The k best rows and their cosines, best first, equal scores by row.

        `query` (d,) is a unit vector and `scores` (n,) its row of `scores`. The order is that of a stable
        sort of all exact cosines.
        """
        k = min(k, len(self))
        if k < 1:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        edge = np.partition(scores, len(scores) - k)[len(scores) - k]
        rows = np.flatnonzero(scores >= edge - 2 * rounding(self.width))
        values = self.exact(rows, query)
        order = np.lexsort((rows, -values))[:k]
        return rows[order].astype(np.int64), values[order]

    def ranks(self, query: FloatArray, scores: FloatArray, rows: IntArray) -> IntArray:
        """Where these rows stand in the whole list of `best` (1 is first): (r,) int64."""
        own, slack = self.exact(rows, query), rounding(self.width)
        return np.array(
            [self._rank(query, scores, int(row), float(score), slack) for row, score in zip(rows, own, strict=True)],
            dtype=np.int64,
        )

    def _rank(self, query: FloatArray, scores: FloatArray, row: int, own: float, slack: float) -> int:
        ahead = int(np.count_nonzero(scores > own + slack))
        close = np.flatnonzero((scores >= own - slack) & (scores <= own + slack))
        values = self.exact(close, query)
        return 1 + ahead + int(np.count_nonzero((values > own) | ((values == own) & (close < row))))

    def ahead_of(self, query: FloatArray, scores: FloatArray, row: int) -> IntArray:
        """Rows other than `row` that score at least as high as it: the pictures that beat or tie it."""
        own, slack = float(self.exact(np.array([row]), query)[0]), rounding(self.width)
        rows = np.flatnonzero(scores >= own - slack)
        rows = rows[rows != row]
        ahead: IntArray = rows[self.exact(rows, query) >= own].astype(np.int64)
        return ahead


def unit_vector(vector: NDArray[Any]) -> FloatArray:
    """One unit vector (d,); `TMVError` for a vector without direction."""
    unit = normalise(vector)
    if unit.ndim != 1 or not unit.any():
        raise TMVError("The parts of this query cancel each other out; change a weight or a word.")
    return unit
