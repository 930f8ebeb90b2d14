"""The best rows of a stream of blocks against a stable sort of every exact cosine."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import Cancelled, TMVError
from core.stats import streamed
from core.stats.metrics import normalise
from core.stats.streamed import best_of_all, ordered
from core.types import FloatArray


def sorted_slowly(vectors: FloatArray, query: FloatArray) -> tuple[list[int], list[float]]:
    unit = normalise(vectors).astype(np.float64)
    scores = [float((row * query.astype(np.float64)).sum()) for row in unit]
    order = sorted(range(len(scores)), key=lambda row: -scores[row])
    return order, [scores[row] for row in order]


def some(n: int, d: int = 24, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(n, d)) * rng.uniform(0.2, 9, size=(n, 1))).astype(np.float32)
    return vectors, normalise(rng.normal(size=(7, d)).astype(np.float32))


@pytest.mark.parametrize("n", [1, 5, 10, 333, 3000])
@pytest.mark.parametrize("block", [1 << 22, 24 * 16])
def test_it_is_the_start_of_the_whole_sorted_list(n: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK_NUMBERS", block)
    vectors, queries = some(n)
    for query, best in zip(queries, best_of_all(vectors, queries, 10), strict=True):
        rows, values = sorted_slowly(vectors, query)
        assert best.rows.tolist() == rows[:10]
        np.testing.assert_allclose(best.values, values[:10], rtol=0, atol=1e-12)


def test_equal_vectors_stand_in_their_order_also_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK_NUMBERS", 24 * 16)
    vectors, queries = some(400)
    vectors[50::7] = vectors[3]  # more equal rows than are asked for
    vectors[200] = 0
    queries[0] = normalise(vectors[3])
    best = best_of_all(vectors, queries, 20)
    assert best[0].rows.tolist() == [3, *range(50, 50 + 19 * 7, 7)] and len(set(best[0].values)) == 1
    assert [b.rows.tolist() for b in best] == [sorted_slowly(vectors, q)[0][:20] for q in queries]


def test_rows_in_rising_order_push_out_all_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK_NUMBERS", 2 * 16)
    angles = np.linspace(np.pi, 0.01, 500)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert best_of_all(vectors, np.array([[1, 0]], np.float32), 5)[0].rows.tolist() == [499, 498, 497, 496, 495]


def test_it_counts_rows_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK_NUMBERS", 24 * 16)
    vectors, queries = some(40)
    seen = list[tuple[int, int]]()
    best_of_all(vectors, queries, 3, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 40), (16, 40), (32, 40), (40, 40)]

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        best_of_all(vectors, queries, 3, stop)


def test_nominated_rows_are_ordered_as_in_the_whole_list() -> None:
    vectors, queries = some(300)
    vectors[10] = vectors[200]
    for query in queries:
        rows, _ = sorted_slowly(vectors, query)
        kept = [row for row in rows if row % 3 or row in (10, 200)]
        assert ordered(vectors, np.array(kept[::-1] + kept[:2]), query).rows.tolist() == kept
    assert not len(ordered(vectors, np.empty(0, np.int64), queries[0]).rows)


def test_a_vector_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK_NUMBERS", 24 * 16)
    vectors, queries = some(40)
    vectors[37, 2] = np.nan
    with pytest.raises(TMVError, match="vector 37 "):
        best_of_all(vectors, queries, 3)
