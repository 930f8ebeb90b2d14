"""The solver against scikit-learn at a tight tolerance, a slow float64 objective, and hand-worked cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.errors import Cancelled, TMVError
from core.stats import logistic_objective
from core.stats.logistic import Fit, Problem, fit, foreseen

Features = NDArray[Any]
Case = tuple[Features, NDArray[np.int64]]


def slow_objective(
    features: Features, labels: NDArray[np.int64], weights: Features, intercept: Features, C: float
) -> float:
    """The formula, row by row in float64. Two classes: one weight vector w, as scikit-learn has it."""
    total = 0.0
    for row, label in zip(features.astype(np.float64), labels, strict=True):
        scores = row @ weights + intercept
        scores = scores[np.isfinite(scores)] - scores[label]
        top = scores.max()
        total += top + np.log(np.exp(scores - top).sum())
    used = weights[:, np.isfinite(intercept)]
    square = np.square(used[:, 1] - used[:, 0]).sum() if used.shape[1] == 2 else np.square(used).sum()
    return float(total / len(labels) + square / (2 * C * len(labels)))


def reference(features: Features, labels: NDArray[np.int64], C: float) -> float:
    """scikit-learn's optimum by its exact Newton solver at a tight tolerance, by the slow formula."""
    model = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(features.astype(np.float64), labels)
    weights, intercept = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:
        weights, intercept = np.hstack([-weights / 2, weights / 2]), np.append(-intercept / 2, intercept / 2)
    return slow_objective(features, np.searchsorted(model.classes_, labels), weights, intercept, C)


def rounding(features: Features, found: Fit) -> float:
    """How far the mean loss may be off since scores are products in float32, summed in an order that hangs on the
    processor: four deviations of a mean of n losses, each off by the rounding of its row's largest score.

    Scores are those of the solver, whose rows are centred.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    largest = np.abs(centred @ found.weights).max(axis=1)
    return float(np.finfo(np.float32).eps * np.sqrt(np.square(largest).mean() / len(features)))


def blobs(n: int, d: int, c: int, *, spread: float = 1.0, shares: Features | None = None, seed: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    labels = rng.choice(c, size=n, p=shares).astype(np.int64)
    labels[:c] = np.arange(c)
    return rng.normal(size=(c, d))[labels] * spread + rng.normal(size=(n, d)), labels


def balanced() -> Case:
    return blobs(400, 12, 5)


def skewed() -> Case:
    return blobs(1500, 8, 4, shares=np.array([0.96, 0.01, 0.01, 0.02]))


def badly_scaled() -> Case:
    features, labels = blobs(400, 9, 4)
    return features * np.logspace(-4, 4, 9), labels


def two_classes() -> Case:
    return blobs(300, 10, 2, spread=0.3)


def huge_direction() -> Case:
    features, labels = blobs(500, 10, 4, spread=0.5)
    rng = np.random.default_rng(1)
    direction = rng.normal(size=10)
    return features + 300 * rng.normal(size=(500, 1)) * direction, labels


def far_from_zero() -> Case:
    features, labels = blobs(400, 8, 3, spread=0.5)
    return features + 200.0, labels


def more_features_than_rows() -> Case:
    return blobs(40, 90, 4, spread=0.4)


def one_row_class() -> Case:
    features, labels = blobs(200, 10, 3, shares=np.array([0.5, 0.5, 0.0]))
    return features, labels


def duplicate_columns() -> Case:
    features, labels = blobs(300, 6, 4)
    return np.hstack([features, features, features[:, :1]]), labels


def constant_columns() -> Case:
    features, labels = blobs(300, 6, 4)
    return np.hstack([features, np.full((300, 2), 7.5), np.zeros((300, 1))]), labels


def duplicate_rows() -> Case:
    features, labels = blobs(60, 6, 3)
    return np.repeat(features, 5, axis=0), np.repeat(labels, 5)


def tiny_scale() -> Case:
    features, labels = blobs(300, 8, 4)
    return features * 6e-4, labels


def separable() -> Case:
    return blobs(200, 10, 4, spread=6.0)


CASES: tuple[Callable[[], Case], ...] = (
    balanced,
    skewed,
    badly_scaled,
    two_classes,
    huge_direction,
    far_from_zero,
    more_features_than_rows,
    one_row_class,
    duplicate_columns,
    constant_columns,
    duplicate_rows,
    tiny_scale,
    separable,
)


@pytest.mark.parametrize("C", [1e-3, 0.316, 100.0])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_reaches_the_reference_optimum(
    case: Callable[[], Case], C: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small sets are solved in float64 whatever they come in; here float32 must do the work itself.
    monkeypatch.setattr(logistic_objective, "SMALL", 0)
    monkeypatch.setattr(logistic_objective, "SAMPLE_ROWS", (64, 64))
    features, labels = case()
    features = features.astype(kind)
    found = fit(features, labels, int(labels.max()) + 1, C)
    value = slow_objective(features, labels, found.weights, found.intercept, C)
    assert found.converged
    allowed = rounding(features, found) if kind == "float32" else 0.0
    assert value <= reference(features, labels, C) * (1 + 1e-6) + allowed
    assert value == pytest.approx(found.objective, rel=1e-5, abs=allowed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_small_sets_are_solved_to_float64_precision_whatever_they_come_in(case: Callable[[], Case]) -> None:
    features, labels = case()
    features = features.astype(np.float32)
    found = fit(features, labels, int(labels.max()) + 1, 1.0)
    assert found.objective <= reference(features, labels, 1.0) * (1 + 1e-8)


def test_agrees_with_scikit_learn_on_weights_intercepts_and_probabilities() -> None:
    features, labels = balanced()
    found = fit(features, labels, 5, 0.5)
    model = LogisticRegression(C=0.5, solver="newton-cholesky", tol=1e-12).fit(features, labels)
    np.testing.assert_allclose(found.weights, model.coef_.T, atol=2e-4)
    np.testing.assert_allclose(found.intercept, model.intercept_ - model.intercept_.mean(), atol=2e-4)
    shares = logistic_objective.softmax(found.scores(features))
    np.testing.assert_allclose(shares, model.predict_proba(features), atol=1e-4)


def test_two_classes_by_hand() -> None:
    # x = -1 and +1: the minimum of log(1 + exp(-w)) + w^2 / (4 C) lies where w = 2 C / (1 + exp(w)), so
    # C = 2 ln 3 gives w = ln 3, a probability of 3/4 and a loss of ln(4/3) + (ln 3)^2 / (8 ln 3).
    found = fit(np.array([[-1.0], [1.0]]), np.array([0, 1]), 2, 2 * np.log(3))
    np.testing.assert_allclose(found.weights, [[-np.log(3) / 2, np.log(3) / 2]], rtol=1e-4)
    np.testing.assert_allclose(found.intercept, 0, atol=1e-9)
    assert found.objective == pytest.approx(np.log(4 / 3) + np.log(3) / 8, rel=1e-9)


def test_without_information_it_predicts_the_shares_of_the_classes() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    found = fit(np.ones((10, 4)), labels, 3, 1.0)
    np.testing.assert_allclose(found.weights, 0, atol=1e-12)
    np.testing.assert_allclose(logistic_objective.softmax(found.scores(np.ones((1, 4))))[0], [0.6, 0.3, 0.1], rtol=1e-5)


@pytest.mark.parametrize("precise", [True, False])
def test_gradient_is_the_slope_of_the_value(precise: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = skewed()
    monkeypatch.setattr(logistic_objective, "SMALL", 0)
    objective = logistic_objective.Objective(features.astype(np.float32), labels, 4)
    rng = np.random.default_rng(3)
    theta, step = rng.normal(size=(9, 4)), rng.normal(size=(9, 4))
    _, gradient = objective.evaluate(theta, 0.2, precise)
    ahead, behind = (objective.evaluate(theta + h * step, 0.2, True)[0] for h in (1e-5, -1e-5))
    assert np.vdot(gradient, step) == pytest.approx((ahead - behind) / 2e-5, rel=1e-4)


def test_value_in_blocks_is_the_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = skewed()
    monkeypatch.setattr(logistic_objective, "BLOCK_CELLS", 1)
    objective = logistic_objective.Objective(features, labels, 4)
    theta = np.random.default_rng(5).normal(size=(9, 4))
    weights, intercept = objective.outward(theta)
    penalty = 1 / (0.7 * len(features) * objective.scale**2)
    value, _ = objective.evaluate(theta, penalty)
    assert value == pytest.approx(slow_objective(features, labels, weights, intercept, 0.7), rel=1e-9)
    np.testing.assert_allclose(objective.inward(weights, intercept), theta, atol=1e-9)


def test_preconditioner_is_the_inverse_hessian_at_the_start() -> None:
    features, labels = balanced()
    objective = logistic_objective.Objective(features, labels, 5)
    penalty, start = 0.05, np.vstack([np.zeros((12, 5)), np.log(objective.share)])
    inverse = logistic_objective.Preconditioner.of(objective, np.tile(objective.share, (7, 1)), penalty)
    step = np.random.default_rng(0).normal(size=(13, 5))
    step -= step.mean(axis=1, keepdims=True)
    ahead, behind = (objective.evaluate(start + h * step, penalty)[1] for h in (1e-5, -1e-5))
    np.testing.assert_allclose(inverse((ahead - behind) / 2e-5), step, atol=1e-5)


@pytest.mark.parametrize("Cs", [[1e-3, 1e-2, 0.1, 1.0, 10.0], [10.0, 0.1, 1e-3]])
def test_a_warm_path_ends_where_cold_fits_do(Cs: list[float]) -> None:
    features, labels = skewed()
    problem = Problem(features, labels, 4)
    warm = list(problem.path(Cs))
    cold = [problem.fit(C) for C in Cs]
    assert [f.C for f in warm] == Cs
    for one, other in zip(warm, cold, strict=True):
        assert one.objective == pytest.approx(other.objective, rel=1e-8)
        np.testing.assert_allclose(one.weights, other.weights, atol=1e-3 * np.abs(other.weights).max())


def test_a_start_goes_on_as_the_last_two_fits_moved() -> None:
    def at(C: float, weight: float, intercept: float) -> Fit:
        return Fit(
            weights=np.array([[weight, -weight]]),
            intercept=np.array([intercept, -np.inf]),
            C=C,
            objective=0,
            gap=0,
            iterations=0,
            evaluations=0,
            converged=True,
        )

    ahead = foreseen(at(0.1, 1.0, 3.0), at(1.0, 3.0, 4.0), 100.0)
    assert ahead is not None
    np.testing.assert_allclose(ahead.weights, [[3 + 0.8 * 2 * 2, -3 - 0.8 * 2 * 2]])
    np.testing.assert_allclose(ahead.intercept, [4 + 0.8 * 2 * 1, -np.inf])
    last = at(1.0, 3.0, 4.0)
    assert foreseen(None, last, 10.0) is last and foreseen(None, None, 10.0) is None
    for before, C in ((at(0.1, 1.0, 3.0), 0.5), (at(0.1, 1.0, 3.0), 1e6), (at(0.1, 1.0, 3.0), 1.0), (last, 2.0)):
        assert foreseen(before, last, C) is last, "only onwards, and not far"


def test_starting_at_the_optimum_takes_no_step() -> None:
    features, labels = balanced()
    problem = Problem(features, labels, 5)
    assert problem.fit(1.0, problem.fit(1.0)).iterations <= 1


def test_a_fit_on_part_of_the_rows_starts_one_on_all_of_them() -> None:
    features, labels = blobs(600, 20, 5)
    labels[labels == 4], labels[:20] = 3, 4
    part = fit(features[300:], labels[300:], 5, 0.3)
    assert part.intercept[4] == -np.inf
    problem = Problem(features, labels, 5)
    warm, cold = problem.fit(0.3, part), problem.fit(0.3)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-8)
    assert np.isfinite(warm.intercept).all()


def test_a_class_without_rows_is_never_predicted_and_changes_nothing() -> None:
    features, labels = balanced()
    plain = fit(features, labels, 5, 1.0)
    moved = fit(features, np.where(labels >= 2, labels + 1, labels), 7, 1.0)
    np.testing.assert_allclose(np.delete(moved.weights, [2, 6], axis=1), plain.weights, atol=1e-8)
    assert moved.intercept[2] == moved.intercept[6] == -np.inf
    assert set(moved.scores(features).argmax(axis=1)) <= {0, 1, 3, 4, 5}


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-6, 1e6), shift=st.floats(-100, 100))
def test_units_and_origin_of_the_features_do_not_matter(scale: float, shift: float) -> None:
    features, labels = blobs(120, 5, 3, spread=0.5)
    plain = fit(features, labels, 3, 1.0)
    moved = fit(features * scale + shift * scale, labels, 3, 1.0 / scale**2)
    assert moved.objective == pytest.approx(plain.objective, rel=1e-8)
    np.testing.assert_allclose(moved.weights * scale, plain.weights, atol=1e-3)


def test_the_order_of_rows_does_not_matter() -> None:
    features, labels = skewed()
    order = np.argsort(labels, kind="stable")
    assert fit(features[order], labels[order], 4, 0.1).objective == pytest.approx(
        fit(features, labels, 4, 0.1).objective, rel=1e-8
    )


def test_float16_features_are_taken() -> None:
    features, labels = balanced()
    half = features.astype(np.float16)
    assert fit(half, labels, 5, 1.0).objective == pytest.approx(
        fit(half.astype(np.float64), labels, 5, 1.0).objective, rel=1e-7
    )


def test_goes_on_in_float64_where_float32_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic_objective, "SMALL", 0)
    features, labels = blobs(400, 8, 3, spread=0.5)
    features = features.astype(np.float32)
    problem = Problem(features, labels, 3)
    assert not problem.objective.precise
    found = problem.fit(1.0, tolerance=1e-12)
    assert found.converged and not problem.fit(1.0).gap <= 1e-12
    assert found.objective <= reference(features, labels, 1.0) * (1 + 1e-8)


def test_can_be_stopped_at_every_iteration() -> None:
    features, labels = balanced()
    calls: list[int] = []

    def tick() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        fit(features, labels, 5, 10.0, tick=tick)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("features", "labels", "c", "C", "message"),
    [
        (np.ones((3, 2)), np.array([0, 0, 0]), 2, 1.0, "at least two classes"),
        (np.ones((3, 2)), np.array([0, 1, 2]), 2, 1.0, "Labels must lie in 0 to 1"),
        (np.ones((3, 2)), np.array([0, 1]), 2, 1.0, "one label a row"),
        (np.ones((0, 2)), np.array([], dtype=np.int64), 2, 1.0, "one label a row"),
        (np.array([[1.0, np.nan], [0, 1]]), np.array([0, 1]), 2, 1.0, "finite"),
        (np.array([[1.0, 2.0], [0, 1]]), np.array([0, 1]), 2, 0.0, "positive"),
        (np.array([[1.0, 2.0], [0, 1]]), np.array([0, 1]), 2, float("inf"), "positive"),
    ],
)
def test_says_what_is_wrong(features: Features, labels: NDArray[np.int64], c: int, C: float, message: str) -> None:
    with pytest.raises(TMVError, match=message):
        fit(features, labels, c, C)


def test_a_start_of_another_width_is_refused() -> None:
    features, labels = balanced()
    with pytest.raises(TMVError, match="start"):
        Problem(features, labels, 5).fit(1.0, fit(features[:, :3], labels, 5, 1.0))


def test_results_cannot_be_changed() -> None:
    features, labels = balanced()
    found: Fit = fit(features, labels, 5, 1.0)
    with pytest.raises(ValueError, match="read-only"):
        found.weights[0, 0] = 1
