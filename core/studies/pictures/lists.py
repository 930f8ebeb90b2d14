"""Two lists of pictures for one question: what stayed, what moved, what is new.

Between two models, or between two wordings with one model.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import TMVError
from core.stats.gallery import Gallery
from core.studies.pictures.search import PicturesResult
from core.types import IntArray

PERSISTENCE = 0.9
"""p of rank-biased overlap: nine in ten readers go on from each picture to the next, so the first ten carry
86 % of the weight (Webber et al. 2010)."""


def overlap(a: Sequence[Hashable], b: Sequence[Hashable], k: int) -> float:
    """Share of the first k that both lists have, in any order."""
    depth = min(k, max(len(a), len(b)))
    return len(set(a[:k]) & set(b[:k])) / depth if depth else 0.0


def rank_biased_overlap(a: Sequence[Hashable], b: Sequence[Hashable], p: float = PERSISTENCE) -> float:
    """Rank-biased overlap of two rankings without repeats: 1 for equal lists, 0 for disjoint ones.

    Extrapolated from the depth both have (Webber, Moffat and Zobel 2010, "A similarity measure for indefinite
    rankings"). The overlap at each depth is weighted by p ** depth, so the top counts most; beyond the lists
    the overlap at the last depth is taken to go on.
    """
    if not 0 < p < 1:
        raise TMVError(f"The p of rank-biased overlap lies between 0 and 1, got {p}.")
    depth = min(len(a), len(b))
    if not depth:
        return 0.0
    # Share of the first d that both have, for d = 1 to depth
    seen_a, seen_b, common = set[Hashable](), set[Hashable](), list[int]()
    shared = 0
    for x, y in zip(a[:depth], b[:depth], strict=True):
        shared += int(x == y) + int(x != y and x in seen_b) + int(x != y and y in seen_a)
        seen_a.add(x)
        seen_b.add(y)
        common.append(shared)
    agreement = np.array(common) / np.arange(1, depth + 1)
    weights = p ** np.arange(1, depth + 1)
    return float((1 - p) / p * (agreement * weights).sum() + agreement[-1] * p**depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One picture of either list. `rank_a` and `rank_b` are its places in the two whole rankings (None where
    that model has no vector of it, or an index did not rank it); `in_a` and `in_b` whether it is among the k shown."""

    id: str
    rank_a: int | None
    rank_b: int | None
    in_a: bool
    in_b: bool

    @property
    def change(self) -> int | None:
        """Places gained from a to b; negative when it fell."""
        return None if self.rank_a is None or self.rank_b is None else self.rank_a - self.rank_b


@dataclass(frozen=True, slots=True, kw_only=True)
class ListComparison:
    """From list a to list b, both cut at k. `lost` are in a only, `new` in b only, `kept` in both.

    `rbo` is the rank-biased overlap of the two lists at persistence `p`; `moved` has every picture of either
    list, those of a first.
    """

    a: str
    b: str
    k: int
    overlap: float
    rbo: float
    p: float
    kept: tuple[str, ...]
    lost: tuple[str, ...]
    new: tuple[str, ...]
    moved: tuple[Moved, ...]

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "a": self.a,
            "b": self.b,
            "k": self.k,
            "overlap_at_k": self.overlap,
            "rbo": self.rbo,
            "rbo_p": self.p,
            "kept": list(self.kept),
            "lost": list(self.lost),
            "new": list(self.new),
            "moved": [{"id": m.id, "rank_a": m.rank_a, "rank_b": m.rank_b} for m in self.moved],
        }


def compare(
    a: PicturesResult, gallery_a: Gallery | None, b: PicturesResult, gallery_b: Gallery | None, p: float = PERSISTENCE
) -> ListComparison:
    """What changes from result a to result b: two models, or two wordings; each with its gallery, None for a list
    that an index had to do with."""
    if (a.dataset, a.split) != (b.dataset, b.split):
        raise TMVError(f"Two lists compare on one data set, got {a.dataset} ({a.split}) and {b.dataset} ({b.split}).")
    ids_a, ids_b = [hit.id for hit in a.hits], [hit.id for hit in b.hits]
    k = max(len(ids_a), len(ids_b))
    every = list(dict.fromkeys((*ids_a, *ids_b)))
    ranks_a, ranks_b = _ranks(a, gallery_a, every), _ranks(b, gallery_b, every)
    set_a, set_b = set(ids_a), set(ids_b)
    moved = tuple(Moved(id=i, rank_a=ranks_a[i], rank_b=ranks_b[i], in_a=i in set_a, in_b=i in set_b) for i in every)
    return ListComparison(
        a=_name(a, b),
        b=_name(b, a),
        k=k,
        overlap=overlap(ids_a, ids_b, k),
        rbo=rank_biased_overlap(ids_a, ids_b, p),
        p=p,
        kept=tuple(i for i in ids_a if i in set_b),
        lost=tuple(i for i in ids_a if i not in set_b),
        new=tuple(i for i in ids_b if i not in set_a),
        moved=moved,
    )


def _name(result: PicturesResult, other: PicturesResult) -> str:
    """The model, or the words where both lists are of one model."""
    return result.model if result.model != other.model else result.query.words


def _ranks(result: PicturesResult, gallery: Gallery | None, ids: Sequence[str]) -> dict[str, int | None]:
    """Places in the whole ranking; by an index those among the rows that it ranked, None for any other."""
    known: dict[str, int | None] = {hit.id: hit.rank for hit in result.hits}
    wanted = {i for i in ids if i not in known}
    rows = {name: row for row, name in enumerate(result.ids) if name in wanted}
    index: IntArray = np.array(list(rows.values()), dtype=np.int64)
    if gallery is None or result.index is not None:
        among = {int(row): place for place, row in enumerate(() if result.index is None else result.index.rows, 1)}
        return dict.fromkeys(ids) | {name: among.get(row) for name, row in rows.items()} | known
    places = gallery.ranks(result.vector, result.scores, index)
    return dict.fromkeys(ids) | {name: int(r) for name, r in zip(rows, places, strict=True)} | known


def agreement_table(results: Sequence[PicturesResult]) -> Any:
    """Overlap of the lists of many results with each other: (r, r) float64, 1 on the diagonal."""
    lists = [[hit.id for hit in r.hits] for r in results]
    return np.array([[overlap(x, y, max(len(x), len(y))) for y in lists] for x in lists], dtype=np.float64)
