"""Are two lists of answers the same ones in another order? A test that looks only at how often each class is answered.

Of the rows where both differ, the counts of the classes are compared: half the sum of their differences is the number
of rows that would have to change. Answers that are the same ones elsewhere have nearly equal counts. Answers drawn one
by one with the very frequencies of the other list, which is the closest that answers of another origin come, differ by
more: the p-value is how often such draws come as close (a Monte Carlo test, exact for its number of draws; Davison and
Hinkley 1997, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.stats.intervals import wilson
from core.types import IntArray

DRAWS, SHUFFLES, SEED = 9999, 5, 586
CLEARLY = 0.05
"""A renaming must fit so many more of the rows than in random order."""
LEVEL = 0.001
FEWEST = 50
"""Rows that must differ at least; of fewer the counts say little."""
AT_MOST = 0.5
"""And the counts must be less than half as far apart as those of such draws usually are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAnswers:
    """Of `n` rows `differ` have another answer; `distance` of these would have to change for equal counts of classes,
    where draws of the same frequencies usually need `usual`. `paired` is whether rows agree more often than the counts
    alone make them."""

    n: int
    differ: int
    distance: int
    usual: float
    p_value: float
    paired: bool
    renamed: bool

    @property
    def alike(self) -> bool:
        """Whether the rows that differ have each class as often, beyond doubt: rows moved, or classes renamed."""
        return self.differ >= FEWEST and self.p_value <= LEVEL and self.distance <= AT_MOST * self.usual

    @property
    def moved(self) -> bool:
        """Whether the rows that differ have the same answers in another order that moves no class as a whole."""
        return self.alike and not self.renamed


def same_answers(ours: IntArray, theirs: IntArray) -> SameAnswers:
    """Of answers (n,) each, row beside row; at least one."""
    apart, c = ours != theirs, 1 + int(max(ours.max(), theirs.max()))
    first, second = (np.bincount(part[apart], minlength=c) for part in (ours, theirs))
    differ = int(apart.sum())
    distance = int(np.abs(first - second).sum() // 2)
    if not differ:
        return SameAnswers(n=len(ours), differ=0, distance=0, usual=0.0, p_value=1.0, paired=True, renamed=False)
    draws = np.random.default_rng(SEED).multinomial(differ, first / differ, size=DRAWS)
    distances = np.abs(draws - first).sum(axis=1) // 2
    return SameAnswers(
        n=len(ours),
        differ=differ,
        distance=distance,
        usual=float(distances.mean()),
        p_value=(1 + int((distances <= distance).sum())) / (DRAWS + 1),
        paired=wilson(len(ours) - differ, len(ours))[0] > _by_counts(ours, theirs, c),
        renamed=_renamed(ours[apart], theirs[apart], c),
    )


def _renamed(ours: IntArray, theirs: IntArray, c: int) -> bool:
    """Whether the best renaming of classes fits more rows than it does in random order."""
    rng, n = np.random.default_rng(SEED), len(ours)
    here = _fits(ours, theirs, c)
    elsewhere = max(_fits(ours, rng.permutation(theirs), c) for _ in range(SHUFFLES))
    return wilson(here, n)[0] > elsewhere / n + CLEARLY


def _fits(ours: IntArray, theirs: IntArray, c: int) -> int:
    from scipy.optimize import linear_sum_assignment

    table = np.bincount(ours * c + theirs, minlength=c * c).reshape(c, c)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return int(table[rows, columns].sum())


def _by_counts(ours: IntArray, theirs: IntArray, c: int) -> float:
    """How often two lists agree in random order."""
    shares = [np.bincount(part, minlength=c) / len(part) for part in (ours, theirs)]
    return float((shares[0] * shares[1]).sum())
