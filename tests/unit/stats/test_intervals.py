"""Intervals and tests against SciPy, statsmodels, published examples and plain resampling."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from core.errors import TMVError
from core.stats import intervals
from core.stats.intervals import macro_f1_interval, standing
from core.stats.metrics import macro_f1


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 7), (6418, 10000)])
def test_wilson_equals_statsmodels(successes, n):
    expected = proportion_confint(successes, n, alpha=0.05, method="wilson")
    assert intervals.wilson(successes, n) == pytest.approx(expected, abs=1e-12)


def test_wilson_by_hand():
    # 5 of 10, z^2 = 3.8415: centre 0.5, half width 1.96 * sqrt(0.025 + 0.0096036) / 1.38415.
    assert intervals.wilson(5, 10) == pytest.approx((0.23659, 0.76341), abs=1e-5)
    assert intervals.wilson(0, 0) == (0.0, 1.0)


def test_wilson_ends_exactly_at_the_bounds():
    assert intervals.wilson(0, 30)[0] == 0.0
    assert intervals.wilson(30, 30)[1] == 1.0


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(TMVError, match="between 0"):
        intervals.wilson(3, 2)


# --- bootstrap --------------------------------------------------------------------------------------------


def slow_bootstrap(values, groups, samples, seed):
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    draws = []
    for _ in range(samples):
        chosen = rng.integers(0, len(members), len(members))
        draws.append(np.mean(np.concatenate([values[members[g]] for g in chosen])))
    return np.quantile(draws, [0.025, 0.975])


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_bootstrap_of_rows_agrees_with_resampling_by_hand(kind):
    rng = np.random.default_rng(0)
    values = (rng.random(300) < 0.3).astype(float) if kind == "binary" else rng.exponential(size=300)
    expected = slow_bootstrap(values, np.arange(300), 4000, 1)
    assert intervals.bootstrap_mean(values) == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_bootstrap_of_groups_agrees_with_resampling_by_hand(kind):
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 60, 300)
    base = rng.random(60)[groups]
    values = (base > 0.5).astype(float) if kind == "binary" else base
    expected = slow_bootstrap(values, groups, 4000, 3)
    found = intervals.bootstrap_mean(values, groups=groups)
    assert found == pytest.approx(expected, abs=0.015)
    alone = intervals.bootstrap_mean(values)
    assert found[1] - found[0] > 1.5 * (alone[1] - alone[0])


def test_bootstrap_is_close_to_theory_and_repeats():
    values = np.random.default_rng(4).normal(5, 2, 2000)
    low, high = intervals.bootstrap_mean(values, seed=7)
    half = 1.96 * values.std() / 2000**0.5
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)
    assert intervals.bootstrap_mean(values, seed=7) == (low, high)
    assert intervals.bootstrap_mean(values, seed=8) != (low, high)


def test_bootstrap_of_a_constant_has_no_width():
    assert intervals.bootstrap_mean(np.full(10, 0.25)) == (0.25, 0.25)


def test_bootstrap_chunks_change_nothing_in_size(monkeypatch):
    values = np.random.default_rng(5).random(100)
    monkeypatch.setattr(intervals, "DRAWS_PER_CHUNK", 250)
    assert intervals.bootstrap_means(values, samples=501).shape == (501,)


def test_bootstrap_statistic_of_a_median_agrees_with_scipy():
    ranks = np.random.default_rng(6).integers(1, 60, 400)
    found = intervals.bootstrap_statistic(ranks, lambda x: np.median(x, axis=1), samples=3000)
    oracle = stats.bootstrap(
        (ranks,), np.median, n_resamples=3000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert found == pytest.approx(tuple(oracle), abs=1.01)


def test_bootstrap_of_the_mean_recall_agrees_with_resampling_by_hand():
    rng = np.random.default_rng(8)
    labels = rng.choice(4, 200, p=[0.6, 0.3, 0.08, 0.02])
    correct = rng.random(200) < np.array([0.9, 0.5, 0.7, 0.4])[labels]
    draws = []
    for _ in range(4000):
        rows = rng.integers(0, 200, 200)
        draws.append(np.mean([correct[rows][labels[rows] == k].mean() for k in set(labels[rows])]))
    found = intervals.bootstrap_class_mean(labels, correct, 6, samples=4000)
    assert found == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.015)


@pytest.mark.parametrize("bad", [np.array([]), np.array([1.0, np.nan]), np.zeros((2, 2))])
def test_bootstrap_refuses_what_it_cannot_resample(bad):
    with pytest.raises(TMVError, match="finite numbers"):
        intervals.bootstrap_mean(bad)


# --- pairs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((36, 12, 2, 0), (0.0569, 0.3404)),  # Newcombe 1998, table III
        ((1, 1, 7, 12), (-0.507, -0.026)),  # airway data in Fagerland, Lydersen and Laake 2014
    ],
)
def test_newcombe_equals_published_examples(table, expected):
    assert intervals.newcombe_paired(*table) == pytest.approx(expected, abs=0.0005)


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.3])
def test_newcombe_covers_the_truth_as_often_as_it_says(gap):
    rng = np.random.default_rng(int(gap * 100))
    tables = rng.multinomial(150, [0.45, 0.1 + gap, 0.1, 0.35 - gap], size=2000)
    found = np.array([intervals.newcombe_paired(*map(int, t)) for t in tables])
    covered = np.mean((found[:, 0] <= gap) & (gap <= found[:, 1]))
    assert 0.935 <= covered <= 0.98


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 5), (5, 0), (6, 16), (10, 10), (400, 310), (5000, 5200)])
def test_mcnemar_equals_statsmodels_and_scipy(b, c):
    expected = mcnemar([[3, b], [c, 4]], exact=True).pvalue if b + c else 1.0
    assert intervals.mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)
    if b + c:
        assert intervals.mcnemar_exact(b, c) == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue, rel=1e-9)


def test_paired_difference_by_hand():
    a = np.array([1, 1, 1, 1, 1, 0, 0, 1], dtype=bool)
    b = np.array([1, 0, 0, 0, 0, 1, 0, 1], dtype=bool)
    found = intervals.paired_difference(a, b)
    assert (found.difference, found.n, found.n_only_a, found.n_only_b) == (0.375, 8, 4, 1)
    assert found.p_value == pytest.approx(2 * (1 + 5) / 32)
    assert not found.excludes_zero
    mirrored = intervals.paired_difference(b, a)
    assert mirrored.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]))


def test_the_interval_agrees_with_a_paired_bootstrap():
    rng = np.random.default_rng(11)
    a = rng.random(3000) < 0.6
    b = np.where(rng.random(3000) < 0.8, a, rng.random(3000) < 0.5)
    exact, drawn = intervals.paired_difference(a, b), intervals.paired_bootstrap(a, b)
    assert exact.difference == pytest.approx(drawn.difference)
    assert exact.ci95 == pytest.approx(drawn.ci95, abs=0.003)
    assert (exact.n_only_a, exact.n_only_b) == (drawn.n_only_a, drawn.n_only_b)


def test_pairs_see_what_two_separate_intervals_hide():
    rng = np.random.default_rng(12)
    a = rng.random(500) < 0.5
    b = a & (rng.random(500) < 0.9)
    first, second = (intervals.wilson(int(x.sum()), 500) for x in (a, b))
    assert first[0] < second[1], "the separate intervals overlap"
    assert intervals.paired_difference(a, b).excludes_zero


def test_the_same_answers_are_a_tie():
    a = np.array([True, False, True])
    found = intervals.paired_difference(a, a)
    assert (found.difference, found.p_value, found.excludes_zero) == (0.0, 1.0, False)


def test_paired_bootstrap_p_is_small_for_a_clear_gap_and_keeps_its_level_without_one():
    rng = np.random.default_rng(13)
    x = rng.random(400)
    assert intervals.paired_bootstrap(x + 0.1 * rng.random(400), x).p_value < 0.001
    nulls = [
        intervals.paired_bootstrap(rng.integers(0, 3, 120), rng.integers(0, 3, 120), samples=400).p_value
        for _ in range(400)
    ]
    assert 0.02 <= np.mean(np.array(nulls) < 0.05) <= 0.09


def test_paired_needs_the_same_rows():
    with pytest.raises(TMVError, match="same rows"):
        intervals.paired_difference(np.array([True]), np.array([True, False]))


def test_standing_against_an_interval() -> None:
    assert [standing((0.4, 0.6), x) for x in (0.39, 0.4, 0.6, 0.61)] == ["below", "inside", "inside", "above"]


# --- several tests at once --------------------------------------------------------------------------------


def slow_holm(p_values):
    """Step by step, as Holm writes it: the smallest of m against level / m, the next against level / (m - 1) ..., and
    the first that is not below ends it. The adjusted p is the lowest level at which a test would still be called."""

    def called(level):
        left, found = list(range(len(p_values))), []
        while left:
            best = min(left, key=lambda i: (p_values[i], i))
            if p_values[best] * len(left) > level:
                break
            found.append(best)
            left.remove(best)
        return found

    steps = sorted({min(1.0, p * m) for p in p_values for m in range(1, len(p_values) + 1)} | {1.0})
    return [next((level for level in steps if i in called(level)), 1.0) for i in range(len(p_values))]


@pytest.mark.parametrize("seed", range(6))
def test_holm_equals_the_plain_steps_and_statsmodels(seed):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(int(rng.integers(1, 9))) ** 3, 3)  # rounded: some are equal
    assert intervals.holm(p) == pytest.approx(slow_holm(p.tolist()), abs=1e-12)
    assert intervals.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_holm_by_hand():
    assert intervals.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert list(intervals.holm([])) == []
    assert list(intervals.holm([0.9, 0.8])) == [1.0, 1.0]


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_of_macro_f1_is_nearly_that_of_a_bootstrap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 8, 1500)
    predicted = np.where(rng.random(1500) < 0.3 + 0.08 * labels, labels, rng.integers(0, 8, 1500))
    draws = []
    for _ in range(1500):
        rows = rng.integers(0, 1500, 1500)
        draws.append(macro_f1(labels[rows], predicted[rows], 8))
    found = macro_f1_interval(labels, predicted, 8)
    assert found == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])), abs=0.006)
    assert found[0] < macro_f1(labels, predicted, 8) < found[1]


# --- a share is at least ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "n"), [(1, 1), (9, 10), (10, 10), (497, 500), (500, 500), (3, 40)])
def test_the_least_share_is_where_so_many_would_come_once_in_twenty(right: int, n: int) -> None:
    low = intervals.share_at_least(right, n)
    tail = sum(math.comb(n, i) * low**i * (1 - low) ** (n - i) for i in range(right, n + 1))
    assert tail == pytest.approx(0.05, abs=1e-9) and low < right / n


def test_the_least_share_of_values_between_lies_between() -> None:
    steps = [intervals.share_at_least(total, 50) for total in (0, 48, 48.5, 49)]
    assert steps[0] == 0 and steps == sorted(steps) and steps[1] < steps[2] < steps[3]
    for total, n in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(TMVError):
            intervals.share_at_least(total, n)


def test_the_least_mean_recall_holds_in_nineteen_of_twenty_draws() -> None:
    rng = np.random.default_rng(4)
    shares = rng.binomial(10, rng.beta(20, 1, size=(2000, 1)), size=(2000, 1))[:, 0] / 10
    draws = rng.choice(shares, size=(400, 100))
    held = [intervals.share_at_least(float(each.sum()), 100) <= shares.mean() for each in draws]
    assert np.mean(held) >= 0.95
