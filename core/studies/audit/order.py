"""Are the labels in another order than the answers? The best one-to-one renaming of classes, judged honestly.

The renaming that explains most answers is an assignment problem (Kuhn 1955, solved by SciPy). It always explains at
least as much as leaving every class its name, most of all on few pictures, so it is chosen on one half of the
pictures of each class and counted on the other half, and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.stats import metrics
from core.stats.intervals import PairedDifference, mcnemar_exact, paired_difference, wilson
from core.types import IntArray

SEED = 586
FEW = 5
"""Classes of fewer pictures say nothing about themselves."""
STRONG, TIMES, CHANCE = 0.2, 3.0, 1e-3
"""A class is renamed beyond doubt when at least a fifth of its pictures bear the other name, three times as many as its
own. One class may be confused like that by a weak model; a closed ring in which every class bears its neighbour's name
more often than chance would have it (a sign test over the ring's pictures) is an order of labels."""

SHUFFLES, FEWEST, MOST = 99, 19, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`renamed` (c,) int64: class i's pictures are answered with the name of class `renamed[i]`. `kept` and `moved` are
    the shares that fit with the names as they are and after renaming, both on pictures that did not choose it;
    `gain` their paired difference. `rings` are closed rings of classes renamed beyond doubt, `table` (c, c) the
    confusions all of it rests on.
    """

    renamed: IntArray
    kept: float
    moved: float
    gain: PairedDifference
    rings: tuple[tuple[int, ...], ...]
    table: NDArray[np.int64]

    @property
    def in_rings(self) -> tuple[int, ...]:
        """Every class that is part of a ring."""
        return tuple(i for ring in self.rings for i in ring)


def explain(labels: IntArray, predicted: IntArray, c: int) -> Order:
    """The renaming of c classes that explains the answers best: labels (n,), predicted (n,)."""
    half = _halves(labels)
    fits = np.zeros(len(labels), np.bool_)
    for part in (half, ~half):
        renamed = best_renaming(metrics.confusion(labels[part], predicted[part], c))
        fits[~part] = predicted[~part] == renamed[labels[~part]]
    as_named = predicted == labels
    table = metrics.confusion(labels, predicted, c)
    renamed = best_renaming(table)
    return Order(
        renamed=renamed,
        kept=float(as_named.mean()),
        moved=float(fits.mean()),
        gain=paired_difference(fits, as_named),
        rings=_rings(renamed, table),
        table=table,
    )


def best_renaming(table: NDArray[np.int64]) -> IntArray:
    """For each class (row) of a confusion table (c, c) the answer it is assigned, each answer once. Of equal
    renamings the one that leaves more classes their own name."""
    from scipy.optimize import linear_sum_assignment

    c = len(table)
    worth = table * np.int64(c + 1) + np.eye(c, dtype=np.int64)
    _, columns = linear_sum_assignment(worth, maximize=True)
    return np.asarray(columns, dtype=np.int64)


def certain(order: Order) -> bool:
    """Whether the renaming fits what only answers that know the classes can fit: more than half of them beyond doubt,
    or more than the best renaming of any of 99 tables whose names mean nothing (fewer tables of many classes).

    A model that does not know its images still gives most images of a class one answer, so that some renaming always
    fits. Of such a model any name could take the place of any other within a class: each row of the confusion table is
    shuffled by itself and the renaming fitted again. Classes that only have each other's names fit one to one; rows
    shuffled apart want the same name again and again.
    """
    rows, n = np.arange(len(order.table)), int(order.table.sum())
    hits = int(order.table[rows, order.renamed].sum())
    if wilson(hits, n)[0] > MOST:
        return True
    rng = np.random.default_rng(SEED)
    for _ in range(max(FEWEST, SHUFFLES * 100 // max(100, len(rows)))):
        shuffled = rng.permuted(order.table, axis=1)
        if int(shuffled[rows, best_renaming(shuffled)].sum()) >= hits:
            return False
    return True


def describe(renamed: IntArray, classnames: Sequence[str]) -> str:
    """What kind of order it is, where it is a common one: "" otherwise."""
    c, own = len(renamed), np.arange(len(renamed))
    for step in (1, -1):
        if np.mean(renamed == (own + step) % c) > 0.9:
            return "the labels are off by one"
    by_name = np.argsort(np.argsort([name.lower() for name in classnames], kind="stable"), kind="stable")
    if not np.array_equal(by_name, own):
        for guess in (by_name, np.argsort(by_name, kind="stable")):
            if np.mean(renamed == guess) > 0.9:
                return "one of the two is in alphabetical order and the other is not"
    return ""


def _halves(labels: IntArray) -> NDArray[np.bool_]:
    """(n,) one half of every class, drawn once and for all."""
    order = np.random.default_rng(SEED).permutation(len(labels))
    first, seen = np.zeros(len(labels), np.bool_), dict[int, int]()
    for row in order:
        label = int(labels[row])
        seen[label] = seen.get(label, 0) + 1
        first[row] = seen[label] % 2 == 1
    return first


def _rings(renamed: IntArray, table: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    sizes = table.sum(axis=1)
    own, other = np.diag(table), table[np.arange(len(table)), renamed]
    moved = renamed != np.arange(len(table))
    strong = moved & (sizes >= FEW) & (other >= STRONG * sizes) & (TIMES * own <= other)
    found, seen = list[tuple[int, ...]](), set[int]()
    for start in np.flatnonzero(strong):
        ring, at = list[int](), int(start)
        while at not in seen and strong[at]:
            seen.add(at)
            ring.append(at)
            at = int(renamed[at])
        if len(ring) > 1 and at == ring[0] and mcnemar_exact(int(other[ring].sum()), int(own[ring].sum())) < CHANCE:
            found.append(tuple(ring))
    return tuple(found)
