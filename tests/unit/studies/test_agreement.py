"""How far two models agree on one text, held against counting by hand and against draws."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.intervals import mcnemar_exact, overlap_p
from core.studies.pictures.agreement import agreement
from core.studies.pictures.lists import ListComparison, Moved
from core.studies.pictures.search import Hit, PicturesResult, Precision
from core.studies.prompts.compose import with_article
from tests.study_results import sample_list


@pytest.mark.parametrize(("n", "k"), [(6, 2), (7, 4), (8, 8)])
def test_the_chance_of_an_overlap_is_that_of_all_pairs_of_lists(n: int, k: int) -> None:
    first = set(range(k))
    lists = [len(first & set(other)) for other in combinations(range(n), k)]
    for shared in range(k + 1):
        assert overlap_p(n, k, shared) == pytest.approx(sum(s >= shared for s in lists) / comb(n, k))


def test_the_chance_of_an_overlap_is_scipys() -> None:
    from scipy.stats import hypergeom

    for shared in (0, 1, 3, 12, 24):
        assert overlap_p(1000, 24, shared) == pytest.approx(float(hypergeom.sf(shared - 1, 1000, 24, 24)), rel=1e-9)
    assert overlap_p(1_000_000, 24, 1) < 0.001
    with pytest.raises(TMVError, match="cannot share 5"):
        overlap_p(10, 4, 5)


def listing(model: str, ids: str, right: str) -> PicturesResult:
    sample, _ = sample_list()
    hits = tuple(
        Hit(rank=i, row=ord(name) - 97, id=name, score=1.0 - i / 10, label="x", relevant=name in right)
        for i, name in enumerate(ids, 1)
    )
    share = len(set(ids) & set(right)) / len(ids)
    precision = Precision(
        classnames=("apple",),
        k=len(ids),
        hits=len(set(ids) & set(right)),
        relevant=len(right),
        precision=share,
        ci95=(0.0, 1.0),
        base_rate=0.1,
        recall=0.5,
    )
    scores = np.zeros(26, np.float32)
    return replace(
        sample,
        model=model,
        n=26,
        k=len(ids),
        hits=hits,
        scores=scores,
        ids=tuple(map(chr, range(97, 123))),
        precision=precision,
    )


def test_shared_right_and_furthest_are_counted() -> None:
    a, b = listing("demo-vit/demo", "abcdef", "abx"), listing("demo-rn/demo", "abghij", "abghijx")
    moved = (
        Moved(id="c", rank_a=3, rank_b=20, in_a=True, in_b=False),
        Moved(id="g", rank_a=9, rank_b=3, in_a=False, in_b=True),
    )
    pair = ListComparison(
        a=a.model,
        b=b.model,
        k=6,
        kept=("a", "b"),
        new=("g", "h", "i", "j"),
        lost=("c", "d", "e", "f"),
        moved=moved,
        rbo=0.5,
        p=0.9,
        overlap=1 / 3,
    )
    found = agreement(a, b, pair)
    assert found.shared == 2 and found.expected == pytest.approx(36 / 26)
    assert found.right == (2, 6) and found.right_only == (0, 4) and found.p_right == mcnemar_exact(0, 4)
    assert found.furthest is moved[0] and found.classnames == ("apple",)
    without = agreement(replace(a, precision=None), b, pair)
    assert without.right is None and without.p_right is None


def test_a_noun_has_its_article() -> None:
    nouns = (
        "apple",
        "bird",
        "umbrella",
        "unicycle",
        "hourglass",
        "European robin",
        "orange",
        "one-armed bandit",
        "ice cream",
    )
    assert [with_article(n).split()[0] for n in nouns] == ["an", "a", "an", "a", "an", "a", "an", "a", "an"]
