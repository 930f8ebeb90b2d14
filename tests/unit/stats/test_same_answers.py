"""The same answers in another order, told from other answers and from classes with other names."""

from __future__ import annotations

import numpy as np
import pytest

from core.stats.same_answers import DRAWS, same_answers


def _answers(n: int, c: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.choice(c, n, p=rng.dirichlet(np.full(c, 3.0))).astype(np.int64)


def test_by_hand() -> None:
    found = same_answers(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 0, 2, 1]))
    assert (found.n, found.differ, found.distance) == (5, 3, 1), "of 0 1 2 became 1 0 1: one 2 would have to change"
    same = same_answers(np.array([1, 2]), np.array([1, 2]))
    assert same.differ == 0 and same.paired and not same.moved


@pytest.mark.parametrize("c", [8, 12, 60])
def test_moved_rows_are_found_all_or_a_part(c: int) -> None:
    found = list[bool]()
    for seed in range(20):
        ours, rng = _answers(1500, c, seed), np.random.default_rng(seed + 100)
        whole = same_answers(ours, rng.permutation(ours))
        part = ours.copy()
        part[1000:] = rng.permutation(part[1000:])
        third = same_answers(ours, part)
        assert third.paired and 0 < third.differ <= 500
        found += [whole.moved and not whole.paired, third.moved]
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("c", [2, 4, 12, 60])
def test_other_answers_are_no_moved_rows(c: int) -> None:
    for seed in range(40):
        ours, rng = _answers(1500, c, seed), np.random.default_rng(seed + 100)
        drawn = rng.choice(ours, len(ours))
        noisy = np.where(rng.random(len(ours)) < 0.3, drawn, ours)
        swapped = np.where(ours == 0, 1, np.where(ours == 1, 0, ours))
        assert not any(same_answers(ours, other).moved for other in (drawn, noisy, swapped))


def test_classes_with_other_names_are_no_moved_rows() -> None:
    balanced = np.arange(1000) % 20
    assert same_answers(balanced, (balanced + 1) % 20).renamed and not same_answers(balanced, (balanced + 1) % 20).moved


def test_the_p_value_is_that_of_its_draws() -> None:
    ours = _answers(400, 5, 1)
    found = same_answers(ours, np.random.default_rng(2).permutation(ours))
    assert found.distance == 0 and 1 / (DRAWS + 1) <= found.p_value <= 0.01
