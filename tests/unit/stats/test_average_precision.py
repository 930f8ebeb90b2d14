"""Average precision, held against scikit-learn and against images that are drawn again one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from core.stats import average_precision
from core.stats.average_precision import average_precisions, mean_interval, paired_means
from core.stats.intervals import SEED, normal_quantile


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
    value, half = np.nanmean(average_precisions(scores, truth)), normal_quantile() * np.std(means, ddof=1)
    assert mean_interval(scores, truth) == pytest.approx((value - half, min(1, value + half)))


def test_the_interval_holds_its_value_where_classes_have_few_images() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((60, 40)) < 0.04
    scores = (0.5 * truth + rng.standard_normal((60, 40))).astype(np.float32)
    low, high = mean_interval(scores, truth)
    assert low < np.nanmean(average_precisions(scores, truth)) < high


def test_the_difference_is_that_of_the_same_images_drawn_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_precision, "_MOST_DRAWS", 100)
    rng = np.random.default_rng(4)
    truth = rng.random((30, 3)) < [0.5, 0.3, 0.2]
    good, poor = ((strength * truth + rng.standard_normal((30, 3))).astype(np.float32) for strength in (1.5, 0.3))

    def mean(scores: np.ndarray, rows: np.ndarray) -> float:
        known = [i for i in range(3) if truth[rows, i].any()]
        return float(np.mean([average_precision_score(truth[rows, i], scores[rows, i]) for i in known]))

    drawn = np.random.default_rng(SEED).multinomial(30, np.full(30, 1 / 30), size=100)
    every = [np.repeat(np.arange(30), counts) for counts in drawn]
    gaps = np.array([mean(good, rows) - mean(poor, rows) for rows in every])
    found = paired_means(good, poor, truth)
    half = normal_quantile() * gaps.std(ddof=1)
    assert found.ci95 == pytest.approx((found.difference - half, found.difference + half))
    assert found.difference == pytest.approx(mean(good, np.arange(30)) - mean(poor, np.arange(30)))
    assert found.p_value == pytest.approx((1 + (np.abs(gaps - gaps.mean()) >= found.difference).sum()) / 101)
    assert found.n == 30 and found.n_only_a + found.n_only_b <= 3
    back = paired_means(poor, good, truth)
    assert back.difference == pytest.approx(-found.difference) and back.n_only_a == found.n_only_b


def test_a_model_does_not_differ_from_itself() -> None:
    rng = np.random.default_rng(5)
    truth, scores = rng.random((40, 3)) < 0.3, rng.standard_normal((40, 3)).astype(np.float32)
    found = paired_means(scores, scores, truth)
    assert (found.difference, found.ci95, found.p_value, found.outcome) == (0, (0, 0), 1, "same_everywhere")
