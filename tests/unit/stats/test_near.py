"""Unusually near vectors, beside a table of all pairs, and what copies and ordinary neighbors come to."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import TMVError
from core.stats import near as module
from core.stats.near import groups, near_between, near_within, usual_distance


def clouds(seed: int, n: int = 300, d: int = 24) -> np.ndarray:
    """Vectors around twelve centers, of lengths of their own."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((12, d))
    found = centers[rng.integers(0, 12, n)] + 0.6 * rng.standard_normal((n, d))
    return (found * rng.uniform(1, 9, (n, 1))).astype(np.float32)


def copies(vectors: np.ndarray, rows: list[int], seed: int = 9) -> np.ndarray:
    """As a JPEG or a slightly brighter one gives them."""
    rng = np.random.default_rng(seed)
    few = vectors[rows]
    noise = rng.standard_normal(few.shape)
    lengths = np.linalg.norm(few, axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
    return (few + 0.02 * lengths * noise).astype(np.float32)


def cosine_table(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T


def test_the_usual_distance_is_read_from_all_nearest_neighbors() -> None:
    vectors = clouds(0)
    table = cosine_table(vectors, vectors)
    np.fill_diagonal(table, -1)
    logs = np.log(1 - table.max(axis=1))
    usual, limit = usual_distance(vectors)
    assert usual == pytest.approx(np.exp(np.median(logs)), rel=1e-4)
    spread = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    assert limit == pytest.approx(min(np.exp(np.median(logs) - 3 * spread), usual / 2), rel=1e-3)


@pytest.mark.parametrize("step", [7, 64, 2048])
def test_pairs_are_those_of_the_whole_table(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP", step)
    vectors, others = clouds(1), clouds(2)
    vectors = np.concatenate([vectors, copies(vectors, [3, 5, 5]), vectors[7:8]])
    others = np.concatenate([others, copies(vectors, [0, 11])])
    for found, table, inside in (
        (near_within(vectors), cosine_table(vectors, vectors), True),
        (near_between(vectors, others), cosine_table(vectors, others), False),
    ):
        slow = {
            (a, b)
            for a in range(table.shape[0])
            for b in range(table.shape[1])
            if table[a, b] >= found.threshold and (not inside or a < b)
        }
        assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == slow and slow
        assert (np.diff(found.cosine) <= 0).all()
        rows = {a for a, _ in slow} | ({b for _, b in slow} if inside else set())
        assert found.left_rows.tolist() == sorted(rows) and not found.capped


def test_copies_are_found_and_ordinary_neighbors_are_not() -> None:
    alarms = 0
    for seed in range(20):
        vectors = clouds(seed)
        alarms += len(near_within(vectors).left_rows)
        rows = list(range(0, 300, 30))
        both = near_within(np.concatenate([vectors, copies(vectors, rows)]))
        assert {(r, 300 + i) for i, r in enumerate(rows)} <= set(
            zip(both.left.tolist(), both.right.tolist(), strict=True)
        )
    assert alarms <= 0.01 * 20 * 300, alarms


def test_groups_by_hand_and_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clouds(3)
    vectors = np.concatenate([vectors, copies(vectors, [4, 4]), copies(vectors, [9])])
    found = near_within(vectors)
    first = groups(len(vectors), found)
    assert first[[4, 300, 301]].tolist() == [4, 4, 4] and first[302] == first[9] and first[0] == 0
    monkeypatch.setattr(module, "MOST_PAIRS", 2)
    few = near_within(vectors)
    assert few.capped and len(few) == 2 and few.left_rows.tolist() == found.left_rows.tolist()


def test_bad_input_is_refused() -> None:
    with pytest.raises(TMVError, match="three vectors"):
        usual_distance(np.ones((2, 4), np.float32))
    with pytest.raises(TMVError, match="use one model"):
        near_between(clouds(0), clouds(0, d=8))
