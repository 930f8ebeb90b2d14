"""What a classifier answers, whatever it is: ranks of the true class, the best classes, their probabilities.

`rank` is for classifiers whose scores are not cosines (linear probe, Tip-Adapter). Of equal scores the lower class
comes first, as in `core.stats.metrics` and in an argmax.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.stats.scores import BoolArray, rank_of, softmax, top_k
from core.types import FloatArray, IntArray

ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a classifier answers for n pictures: `ranks` (n,) int64 of the true class, 1 is right; `top` (n, k) int64
    classes, best first, and their `probability` (n, k) float32 among all classes.

    `top[:, 0] == labels` exactly where the rank is 1. `tied` (n,) marks the rows where the true class and another share
    exactly the best score, so that the order of the classes decides; None where nobody looked. `own_probability` (n,)
    float32 of the first class is by the rule that a model was trained with, None where that is `probability` itself.
    """

    ranks: IntArray
    top: IntArray
    probability: FloatArray
    tied: BoolArray | None = None
    own_probability: FloatArray | None = None

    def __post_init__(self) -> None:
        for array in (self.ranks, self.top, self.probability, self.tied, self.own_probability):
            if array is not None:
                array.setflags(write=False)

    @property
    def correct(self) -> BoolArray:
        """(n,) whether the first answer is right."""
        right: BoolArray = self.ranks == 1
        return right

    def to_bytes(self) -> bytes:
        """For the results on disk, without `tied` and `own_probability`; `from_bytes` reads it back. Class numbers and
        ranks fit into 32 bits."""
        out = io.BytesIO()
        ranks, top = self.ranks.astype("<i4"), self.top.astype("<i4")
        np.savez(out, ranks=ranks, top=top, probability=self.probability.astype("<f4"))
        return out.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Answers:
        """Raises `ValueError` for bytes that `to_bytes` did not write."""
        try:
            with np.load(io.BytesIO(kept), allow_pickle=False) as stored:
                ranks, top = (stored[name].astype(np.int64) for name in ("ranks", "top"))
                probability = stored["probability"].astype(np.float32)
        except (BadZipFile, ValueError, KeyError, TypeError, EOFError, OSError) as error:
            raise ValueError("not the answers of a classifier") from error
        if ranks.ndim != 1 or top.ndim != 2 or top.shape != probability.shape or len(top) != len(ranks):
            raise ValueError("the answers of a classifier do not fit each other")
        return cls(ranks=ranks, top=top, probability=probability)


def rank(score: Callable[[slice], NDArray[Any]], labels: IntArray, c: int, k: int = 5) -> Answers:
    """Ranks and the k best of each row; `score(rows)` gives the scores (b, c) of a block of rows."""
    n, k = len(labels), min(k, c)
    ranks, top = np.empty(n, np.int64), np.empty((n, k), np.int64)
    probability = np.empty((n, k), np.float32)
    for start in range(0, n, ROWS):
        rows = slice(start, min(start + ROWS, n))
        scores, true = score(rows), labels[rows]
        ranks[rows], top[rows] = rank_of(scores, true), top_k(scores, k)
        probability[rows] = np.take_along_axis(softmax(scores, 1.0), top[rows], axis=1)
    return Answers(ranks=ranks, top=top, probability=probability)


def count_right(scores: NDArray[Any], labels: IntArray) -> int:
    """Rows of scores (n, c) whose highest, of equal ones the first, is the true class."""
    return int(np.count_nonzero(scores.argmax(axis=1) == labels))
