"""Cosines of many vectors with many others, in blocks, and what is read off them: the best k, probabilities.

Equal vectors are given equal scores, so that rounding inside a matrix product cannot break a tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.types import FloatArray, IntArray

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SCORES_PER_BLOCK = 1 << 21
"""8 MB of float32 scores at a time."""


class VectorRows(Protocol):
    """Rows of numbers that can be read a block at a time: an array, a memory-mapped file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...


def normalise(x: NDArray[Any]) -> FloatArray:
    """Unit length along the last axis, float32; zero stays zero, NaN or infinity raise `TMVError`."""
    values = np.asarray(x, dtype=np.float32)
    norms = np.sqrt(np.square(values).sum(axis=-1, keepdims=True))
    if not np.isfinite(norms).all():
        row = int(np.flatnonzero(~np.isfinite(norms.reshape(-1)))[0])
        raise TMVError(f"Embeddings must be finite, but vector {row} holds NaN or infinity; embed it again.")
    unit: FloatArray = np.divide(values, norms, out=np.zeros_like(values), where=norms > 0)
    return unit


def first_equal(rows: NDArray[Any]) -> IntArray:
    """For each row (n, d) the index of the first row with the same bytes: (n,) int64."""
    seen: dict[bytes, int] = {}
    digests = (hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows)
    return np.fromiter((seen.setdefault(digest, i) for i, digest in enumerate(digests)), np.int64, len(rows))


def score_blocks(queries: VectorRows, gallery: NDArray[Any]) -> Iterator[tuple[slice, FloatArray]]:
    """Cosines of all queries (q, d) with the whole gallery (g, d), as blocks `(rows, scores (b, g))`.

    Both sides may be unnormalised and memory-mapped. The scores are the caller's to change.
    """
    if not len(queries) or not len(gallery):
        raise TMVError(f"Nothing to compare: {len(queries)} vectors against {len(gallery)}.")
    if queries.shape[-1] != gallery.shape[-1]:
        raise TMVError(
            f"Vectors of {queries.shape[-1]} and {gallery.shape[-1]} numbers do not compare; use one model for both."
        )
    target = normalise(gallery)
    source = first_equal(target)
    copies = np.flatnonzero(source != np.arange(len(source)))
    step = int(np.clip(SCORES_PER_BLOCK // len(target), 16, 4096))
    for start in range(0, len(queries), step):
        rows = slice(start, min(start + step, len(queries)))
        scores: FloatArray = normalise(queries[rows]) @ target.T
        scores[:, copies] = scores[:, source[copies]]
        yield rows, scores


def top_k(scores: NDArray[Any], k: int) -> IntArray:
    """Columns of the k highest scores of each row, best first; of equal scores the lower column first.

    scores (n, c) -> (n, min(k, c)) int64.
    """
    c = scores.shape[1]
    k = min(k, c)
    if k * 4 >= c:
        return _sorted_columns(scores)[:, :k]
    found = np.sort(np.argpartition(scores, c - k, axis=1)[:, c - k :], axis=1)
    values = np.take_along_axis(scores, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    top = np.take_along_axis(found, order, axis=1).astype(np.int64)
    # A partition may cut anywhere through a run of equal scores, so such rows are sorted in full.
    cut = np.flatnonzero(np.count_nonzero(scores >= values.min(axis=1)[:, None], axis=1) > k)
    if len(cut):
        top[cut] = _sorted_columns(scores[cut])[:, :k]
    return top


def rank_of(scores: NDArray[Any], columns: IntArray) -> IntArray:
    """Place of one column of each row, best first; of equal scores the lower column first.

    scores (n, c), columns (n,) -> (n,) int64 from 1: where a stable descending sort puts it, so rank 1 is argmax.
    """
    own = scores[np.arange(len(scores)), columns][:, None]
    ranks = 1 + np.count_nonzero(scores > own, axis=1)
    tied = np.flatnonzero(np.count_nonzero(scores == own, axis=1) > 1)
    before = np.arange(scores.shape[1]) < columns[tied, None]
    ranks[tied] += np.count_nonzero((scores[tied] == own[tied]) & before, axis=1)
    return np.asarray(ranks, dtype=np.int64)


def _sorted_columns(scores: NDArray[Any]) -> IntArray:
    return np.asarray(np.argsort(-scores, axis=1, kind="stable"), dtype=np.int64)


def softmax(scores: NDArray[Any], logit_scale: float) -> FloatArray:
    """Probabilities (n, c) of logit_scale x cosine."""
    shifted = (scores - scores.max(axis=-1, keepdims=True)) * np.float32(logit_scale)
    weights = np.exp(shifted).astype(np.float32)
    share: FloatArray = weights / weights.sum(axis=-1, keepdims=True)
    return share
