"""How far two models agree on one text: images that both rank first, right ones, and whether chance explains it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.stats.intervals import mcnemar_exact, overlap_p
from core.studies.pictures.lists import ListComparison, Moved
from core.studies.pictures.search import PicturesResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two lists of the first k of n images. `shared` are in both, `expected` would be in two random lists, and
    `p_shared` is how often those would share as many. Where the text names classes (`classnames`), `right` counts the
    first k of each model that belong to them, `right_only` those in one list alone, and `p_right` is the exact sign
    test of these: None where nothing can be said. `furthest` is the image whose two ranks differ most."""

    a: str
    b: str
    n: int
    k: int
    shared: int
    expected: float
    p_shared: float
    classnames: tuple[str, ...] = ()
    right: tuple[int, int] | None = None
    right_only: tuple[int, int] | None = None
    p_right: float | None = None
    furthest: Moved | None = None


def agreement(a: PicturesResult, b: PicturesResult, pair: ListComparison) -> Agreement:
    """The agreement of two lists for one text; `pair` compares the same two lists."""
    k, n = min(a.k, b.k), a.n
    shared = len({hit.id for hit in a.hits} & {hit.id for hit in b.hits})
    found = Agreement(
        a=a.model,
        b=b.model,
        n=n,
        k=k,
        shared=shared,
        expected=k * k / n,
        p_shared=overlap_p(n, k, shared),
        furthest=max((m for m in pair.moved if m.change is not None), key=lambda m: abs(m.change or 0), default=None),
    )
    return _with_right(found, a, b) if a.precision and b.precision else found


def _with_right(found: Agreement, a: PicturesResult, b: PicturesResult) -> Agreement:
    mine, theirs = ({hit.id for hit in each.hits if hit.relevant} for each in (a, b))
    only = len(mine - theirs), len(theirs - mine)
    names = a.precision.classnames if a.precision else ()
    right = len(mine), len(theirs)
    return replace(found, classnames=names, right=right, right_only=only, p_right=mcnemar_exact(*only))
