"""What a table of class scores answers: ranks of the true class, the best classes, their probabilities.

For classifiers whose scores are not cosines (linear probe, Tip-Adapter). Ties count against the classifier,
as in `core.metrics`: a class that scores exactly as high as the true one is ahead of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import BoolArray, softmax, top_k
from core.types import FloatArray, IntArray

ROWS = 4096


@dataclass(frozen=True, slots=True)
class Scored:
    """`ranks` (n,) int64 of the true class, 1 is right; `top` (n, k) int64 classes, best first, and their
    `probability` (n, k) float32, the softmax over all classes."""

    ranks: IntArray
    top: IntArray
    probability: FloatArray

    def __post_init__(self) -> None:
        for array in (self.ranks, self.top, self.probability):
            array.setflags(write=False)

    @property
    def correct(self) -> BoolArray:
        """(n,) whether the first answer is right."""
        right: BoolArray = self.ranks == 1
        return right


def rank(score: Callable[[slice], NDArray[Any]], labels: IntArray, c: int, k: int = 5) -> Scored:
    """Ranks and the k best of each row; `score(rows)` gives the scores (b, c) of a block of rows."""
    n, k = len(labels), min(k, c)
    ranks, top = np.empty(n, np.int64), np.empty((n, k), np.int64)
    probability = np.empty((n, k), np.float32)
    for start in range(0, n, ROWS):
        rows = slice(start, min(start + ROWS, n))
        scores, true = score(rows), labels[rows]
        own = scores[np.arange(len(true)), true]
        ranks[rows] = np.count_nonzero(scores >= own[:, None], axis=1)
        top[rows] = _true_last_in_ties(scores, top_k(scores, k), true, own)
        probability[rows] = np.take_along_axis(softmax(scores, 1.0), top[rows], axis=1)
    return Scored(ranks, top, probability)


def count_right(scores: NDArray[Any], labels: IntArray) -> int:
    """Rows of scores (n, c) whose true class scores above every other."""
    own = scores[np.arange(len(labels)), labels]
    return int(np.count_nonzero(np.count_nonzero(scores >= own[:, None], axis=1) == 1))


def _true_last_in_ties(
    scores: NDArray[Any], top: IntArray, true: IntArray, own: NDArray[Any]
) -> IntArray:
    """`top` with the true class behind those that tie with it (rare, so row by row)."""
    for row in np.flatnonzero(np.count_nonzero(scores == own[:, None], axis=1) > 1):
        is_true = np.arange(scores.shape[1]) == true[row]
        top[row] = np.lexsort((is_true, -scores[row]))[: top.shape[1]]
    return top
