"""What results of studies have in common: where a number comes from, and what a classifier answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.accuracy import TOP
from core.types import EmbeddingSet, FloatArray, IntArray, Note, Provenance, expect_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """One model on one split, and where its vectors come from."""

    model: str
    dataset: str
    split: str
    provenance: Provenance

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the answer."""
        return self.provenance.beside

    def place_record(self) -> dict[str, Any]:
        """Of its JSON record: which model, and on what."""
        return {"model": self.model, "dataset": self.dataset, "split": self.split}

    def source_record(self) -> dict[str, Any]:
        """Of its JSON record: what stands beside it, and where it comes from."""
        return {"notes": [note.as_dict() for note in self.notes], "provenance": self.provenance.as_dict()}


def place_of(images: EmbeddingSet) -> dict[str, Any]:
    """The fields of a `StudyResult` about these vectors."""
    key = images.key
    return {"model": key.model, "dataset": key.dataset, "split": key.split, "provenance": images.provenance}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(StudyResult):
    """What a classifier answered for `n` pictures, whatever it is: texts or a trained one.

    `ids` (n) the pictures; `classnames` (c) the names used; `labels` and `ranks` (n,) int64 of the true class, rank 1
    is right; `top5` (n, k) int64 the answers, best first, with `top5_probability` (n, k) float32, k = min(5, c).
    """

    n: int
    ids: tuple[str, ...]
    classnames: tuple[str, ...]
    labels: IntArray
    ranks: IntArray
    top5: IntArray
    top5_probability: FloatArray

    def __post_init__(self) -> None:
        expect_shape("labels", self.labels, (self.n,), np.int64)
        expect_shape("ranks", self.ranks, (self.n,), np.int64)
        k = min(TOP, len(self.classnames))
        expect_shape("top5", self.top5, (self.n, k), np.int64)
        expect_shape("top5_probability", self.top5_probability, (self.n, k), np.float32)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(n,) whether the first answer is right."""
        right: NDArray[np.bool_] = self.ranks == 1
        return right

    @property
    def confidence(self) -> FloatArray:
        """(n,) the probability of the first answer by the classifier's own rule."""
        sure: FloatArray = self.top5_probability[:, 0]
        return sure

    @property
    def predicted(self) -> IntArray:
        """(n,) the class of the first answer."""
        return self.top5[:, 0]
