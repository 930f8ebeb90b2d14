"""Average precision, held against scikit-learn and against images that are drawn again one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from core.stats import average_precision
from core.stats.average_precision import average_precisions, mean_interval
from core.stats.intervals import SEED


def test_a_case_worked_by_hand() -> None:
    scores = np.array([[0.9], [0.8], [0.7], [0.6]], np.float32)
    truth = np.array([[True], [False], [True], [False]])
    assert average_precisions(scores, truth)[0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precisions(np.ones_like(scores), truth)[0] == pytest.approx(0.5), "one tie: as many as there are"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 6), st.sampled_from([2, 5, 1000]))
def test_scikit_learn_says_the_same(seed: int, n: int, c: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, levels, (n, c)) / levels).astype(np.float32)
    truth = rng.random((n, c)) < 0.3
    found = average_precisions(scores, truth)
    for i in range(c):
        if truth[:, i].any():
            assert found[i] == pytest.approx(average_precision_score(truth[:, i], scores[:, i]))
        else:
            assert np.isnan(found[i])


def test_the_interval_is_that_of_images_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_precision, "_MOST_DRAWS", 120)
    monkeypatch.setattr(average_precision, "_AT_ONCE", 30 * 50)
    rng = np.random.default_rng(3)
    truth = rng.random((30, 4)) < [0.5, 0.3, 0.1, 0.0]
    scores = (truth + rng.standard_normal((30, 4))).astype(np.float32)
    again, means = np.random.default_rng(SEED), []
    for step in (50, 50, 20):
        for counts in again.multinomial(30, np.full(30, 1 / 30), size=step):
            rows = np.repeat(np.arange(30), counts)
            means.append(
                np.mean(
                    [average_precision_score(truth[rows, i], scores[rows, i]) for i in range(4) if truth[rows, i].any()]
                )
            )
    assert mean_interval(scores, truth) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))
