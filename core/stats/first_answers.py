"""What one set of class vectors answers for every picture, and how little changes when one name is edited.

Editing a class name moves one column of scores. A picture's rank changes only by whether that column
passes its true class, so instead of all c columns two are computed, n x d work each; only pictures whose
own class or whose answer is the edited one, and those within rounding of a tie, are scored in full again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.gallery import Gallery, rounding
from core.stats.metrics import BoolArray, VectorRows, rank_of, score_blocks
from core.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswers:
    """For each of n pictures: `ranks` of the true class, `predicted` class, and the scores of both, `own`
    and `best` (n,) float32. Of equal scores the lower class comes first, so `predicted == label` exactly where
    the rank is 1.
    """

    ranks: IntArray
    predicted: IntArray
    own: FloatArray
    best: FloatArray

    def __post_init__(self) -> None:
        for array in (self.ranks, self.predicted, self.own, self.best):
            array.setflags(write=False)

    @property
    def correct(self) -> BoolArray:
        """(n,) whether the first answer is right."""
        right: BoolArray = self.ranks == 1
        return right


def answer(images: VectorRows, classes: FloatArray, labels: IntArray) -> FirstAnswers:
    """Answers for pictures (n, d) by class vectors (c, d); labels (n,) index the classes."""
    n = len(images)
    ranks, predicted = np.empty(n, np.int64), np.empty(n, np.int64)
    own, best = np.empty(n, np.float32), np.empty(n, np.float32)
    for rows, scores in score_blocks(images, classes):
        at, true = np.arange(len(scores)), labels[rows]
        own[rows] = scores[at, true]
        ranks[rows] = rank_of(scores, true)
        predicted[rows] = scores.argmax(axis=1)
        best[rows] = scores[at, predicted[rows]]
    return FirstAnswers(ranks=ranks, predicted=predicted, own=own, best=best)


def edit(
    before: FirstAnswers, images: NDArray[Any], gallery: Gallery, labels: IntArray, old: FloatArray, new: FloatArray
) -> FirstAnswers:
    """Answers by class vectors `new` (c, d), from those by `old` (c, d), at the cost of what differs.

    `gallery` holds the vectors of `images` (n, d). Equal to `answer(images, new, labels)`.
    """
    if old.shape != new.shape:
        raise TMVError(f"An edit keeps the classes, got {old.shape} before and {new.shape} after.")
    columns = np.flatnonzero((old != new).any(axis=1))
    if not len(columns):
        return before
    ranks, predicted, best = before.ranks.copy(), before.predicted.copy(), before.best.copy()
    unsure = np.isin(labels, columns) | np.isin(predicted, columns)
    both = gallery.scores(np.concatenate([old[columns], new[columns]]))
    for column, was, now in zip(columns, both[: len(columns)], both[len(columns) :], strict=True):
        unsure |= _close(was, before.own, gallery) | _close(now, before.own, gallery) | _close(now, best, gallery)
        ranks += (now > before.own).astype(np.int64) - (was > before.own)
        wins = now > best
        predicted[wins], best[wins] = column, now[wins]
    own = before.own.copy()
    if len(rows := np.flatnonzero(unsure)):
        again = answer(images[rows], new, labels[rows])
        ranks[rows], predicted[rows], own[rows], best[rows] = (again.ranks, again.predicted, again.own, again.best)
    return FirstAnswers(ranks=ranks, predicted=predicted, own=own, best=best)


def _close(a: FloatArray, b: FloatArray, gallery: Gallery) -> BoolArray:
    near: BoolArray = np.abs(a - b) <= 2 * rounding(gallery.width)
    return near


def changed_columns(old: Sequence[str], new: Sequence[str]) -> list[int] | None:
    """Which names differ; None where the lists are not of one length."""
    return [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b] if len(old) == len(new) else None
