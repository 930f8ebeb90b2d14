"""Which pictures a few-shot study gets: K a class to learn from, a few more to choose its settings on.

Both come from the training split and never overlap; the test split is not looked at. For one seed the draws
are nested: the pictures of K = 2 are among those of K = 4, so a curve over K shows more pictures, not others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types import IntArray, read_only

VALIDATION_A_CLASS = 16
VALIDATION_SHARE = 5
"""At most one in so many of a class's pictures is kept for validation (one at least where it has two)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw: `validation` rows, and the other rows of each class in the order in which they are taken."""

    seed: int
    validation: IntArray
    order: tuple[IntArray, ...]

    @classmethod
    def of(cls, labels: IntArray, seed: int) -> Draw:
        """Draw from the labels (n,) of a training split."""
        rng, kept, order = np.random.default_rng([586, seed]), [np.zeros(0, np.int64)], list[IntArray]()
        for label in np.unique(labels):
            rows = rng.permutation(np.flatnonzero(labels == label)).astype(np.int64)
            count = _held_out(len(rows))
            kept.append(rows[:count])
            order.append(read_only(rows[count:]))
        return cls(seed=seed, validation=read_only(np.sort(np.concatenate(kept))), order=tuple(order))

    def shots(self, k: int) -> IntArray:
        """K rows of each class, by class; a class with fewer to spare gives all it has."""
        return np.concatenate([rows[:k] for rows in self.order])

    def short_of(self, k: int) -> int:
        """How many classes have fewer than K to give."""
        return sum(len(rows) < k for rows in self.order)


def most_shots(labels: IntArray) -> int:
    """The most pictures that any class can give; a K beyond it draws no more than that K."""
    return max((int(n) - _held_out(int(n)) for n in np.bincount(labels) if n), default=0)


def _held_out(n: int) -> int:
    """How many of a class's n pictures are kept for validation."""
    return min(VALIDATION_A_CLASS, max(1, n // VALIDATION_SHARE), n - 1)
