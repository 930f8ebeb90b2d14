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

SHUFFLES, FEWEST, MOST = 999, 19, 0.5
FEW_CLASSES, NEARLY_ALL = 5, 0.75
"""Of so few classes each may have a name of its own by accident (four do in one of eleven cases), so that more than
half of the answers must fit."""
FEW_TIMES, LITTLE = 2.5, 0.15
"""Near chance: up to 2.5 times as often right as guessing, of few classes up to fifteen points more often."""
ONE_TO_ONE = 0.75
"""Labels out of order are another name for each class: renaming one to one fits nearly as many answers as if each class
had whatever name it gets most. Of names that mean nothing to the model several classes want the same one: with German,
French and made-up names the demo's models come to 0.1 to 0.6, with labels moved to 0.9 and more."""
REST = 0.5
"""Where two classes have each other's names, the others have their own: half as often as these bear each other's."""


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
    def one_to_one(self) -> float:
        """The answers that fit the renaming, as a share of those that would fit if two classes could have one name."""
        rows = np.arange(len(self.table))
        return float(self.table[rows, self.renamed].sum() / max(1, self.table.max(axis=1).sum()))

    @property
    def near_chance(self) -> bool:
        """Whether even renamed the answers are hardly better than guesses, so that no order can be read from them."""
        n, chance = int(self.table.sum()), 1 / len(self.table)
        return wilson(round(self.moved * n), n)[0] <= min(FEW_TIMES * chance, chance + LITTLE)

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
    or more than the best renaming of any of 999 tables whose names mean nothing (fewer tables of many classes).

    A model that does not know its images still gives most images of a class one answer, so that some renaming always
    fits. Of such a model any name could take the place of any other within a class: each row of the confusion table is
    shuffled by itself and the renaming fitted again. Classes that only have each other's names fit one to one; rows
    shuffled apart want the same name again and again.
    """
    rows, n = np.arange(len(order.table)), int(order.table.sum())
    hits = int(order.table[rows, order.renamed].sum())
    if wilson(hits, n)[0] > (MOST if len(rows) > FEW_CLASSES else NEARLY_ALL):
        return True
    rng = np.random.default_rng(SEED)
    for _ in range(max(FEWEST, SHUFFLES * 10 // max(10, len(rows)))):
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
    return tuple(found) if _others_fit(found, table, renamed) else ()


def _others_fit(rings: Sequence[tuple[int, ...]], table: NDArray[np.int64], renamed: IntArray) -> bool:
    """Whether the classes outside of the rings have their own names. Where they have not either, the images are strange
    to the model (turned upside down, for example), and two classes that it takes for each other are no swap."""
    inside = [i for ring in rings for i in ring]
    rest = np.setdiff1d(np.flatnonzero(table.sum(axis=1) >= FEW), inside)
    if not inside or not len(rest):
        return True
    shares = table / np.maximum(1, table.sum(axis=1, keepdims=True))
    return bool(np.median(shares[rest, rest]) >= REST * np.mean(shares[inside, renamed[inside]]))
