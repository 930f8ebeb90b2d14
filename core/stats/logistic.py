"""L2-regularised multinomial logistic regression on embeddings, to the optimum, fast.

Objective and conventions are scikit-learn's `LogisticRegression` (two classes: its single weight vector).
Method: L-BFGS (Nocedal 1980) with a preconditioner that one eigendecomposition serves for every C (see
`logistic_objective.Preconditioner`), step lengths foreseen on a sample of the rows, warm starts along C. It
stops when all that is left to gain, judged by how the gains of the last steps shrink, is a small part of the
value: a measure that no scaling of the features can fool.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.logistic_objective import Float64Array, Objective, Preconditioner, softmax
from core.types import FloatArray, expect_shape, read_only

MEMORY = 10
REFRESH = frozenset({2, 4, 8, 16})
"""Iterations at which the classes' spread is looked at again."""
TOLERANCE, PRECISE_TOLERANCE = 2e-7, 1e-9
"""Relative distance from the optimum to stop at, for products in float32 and in float64."""
NEGLIGIBLE = 1e-4
"""Nats a row. Below this value all rows are right with certainty, and the tolerance is of this instead."""
ITERATIONS = 1000
FORESIGHT = 0.8
"""How much of the last move along log C a start goes on; the curve flattens, so less than all."""
TREND = 4
"""Steps over which the shrinking of the gains is judged."""

Tick = Callable[[], None]
"""Called at every iteration; may raise `Cancelled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model: `weights` (d, c) and `intercept` (c,) float64, -inf for a class without a training row.

    `objective` is the value reached; `gap` its estimated relative distance from the optimum; `converged`
    whether that is within the tolerance; `evaluations` the passes over the data.
    """

    weights: Float64Array
    intercept: Float64Array
    C: float
    objective: float
    gap: float
    iterations: int
    evaluations: int
    converged: bool

    def __post_init__(self) -> None:
        expect_shape("intercept", self.intercept, (self.weights.shape[1],), np.float64)
        read_only(self.weights)
        read_only(self.intercept)

    def scores(self, features: NDArray[Any]) -> FloatArray:
        """Log-probabilities up to a constant of each row: (n, d) -> (n, c) float32, in blocks."""
        found = np.empty((len(features), len(self.intercept)), dtype=np.float32)
        weights = self.weights.astype(np.float32)
        for start in range(0, len(features), 8192):
            rows = slice(start, start + 8192)
            found[rows] = features[rows].astype(np.float32, copy=False) @ weights
            found[rows] += self.intercept.astype(np.float32)
        return found


class Problem:
    """One training set, prepared once and fitted for any number of C.

    features (n, d) any float, labels (n,) int64 in 0 to c - 1. Raises `TMVError` for fewer than two classes
    among the labels, no rows, or features that are not finite.
    """

    def __init__(self, features: NDArray[Any], labels: NDArray[np.int64], c: int) -> None:
        _check(features, labels, c)
        self.c = c
        self.present = np.unique(labels)
        dense = np.searchsorted(self.present, labels)
        self.objective = Objective(_floats(features), dense, len(self.present))

    def fit(
        self,
        C: float,
        start: Fit | None = None,
        *,
        tolerance: float | None = None,
        floor: float = NEGLIGIBLE,
        tick: Tick | None = None,
    ) -> Fit:
        """The optimum for one C, from `start` (a fit for another C, or on other rows) if given.

        `tolerance` is relative to the value reached, or to `floor` (nats a row) where that is smaller.
        """
        if not C > 0 or not np.isfinite(C):
            raise TMVError(f"C must be a positive number, got {C}.")
        # scikit-learn penalises the one weight vector w of two classes; as softmax it is +w/2 and -w/2.
        doubled = 2.0 if len(self.present) == 2 else 1.0
        penalty = doubled / (C * self.objective.n * self.objective.scale**2)
        descent = _Descent(self.objective, penalty, self._start(start))
        if tolerance is None:
            tolerance = PRECISE_TOLERANCE if self.objective.precise else TOLERANCE
        descent.run(tolerance, floor, tick or (lambda: None))
        return self._fit(descent, C, tolerance)

    def path(self, Cs: Sequence[float], *, tolerance: float | None = None, tick: Tick | None = None) -> Iterator[Fit]:
        """Fits for several C in the order given (ascending is quickest), each started where the last ones lead."""
        before: Fit | None = None
        last: Fit | None = None
        for C in Cs:
            before, last = last, self.fit(C, foreseen(before, last, C), tolerance=tolerance, tick=tick)
            yield last

    def _start(self, start: Fit | None) -> Float64Array:
        """No weights, and intercepts that predict the classes' shares; or the given fit."""
        prior = np.log(self.objective.share)
        if start is None:
            return np.vstack([np.zeros((self.objective.r, len(prior))), prior])
        if start.weights.shape != (len(self.objective.mean), self.c):
            raise TMVError(
                f"A start must have weights ({len(self.objective.mean)}, {self.c}), got {start.weights.shape}."
            )
        intercept = start.intercept[self.present]
        theta = self.objective.inward(
            start.weights[:, self.present], np.where(np.isfinite(intercept), intercept, prior)
        )
        return np.asarray(theta - theta.mean(axis=1, keepdims=True))

    def _fit(self, descent: _Descent, C: float, tolerance: float) -> Fit:
        weights, intercept = self.objective.outward(descent.theta)
        all_weights = np.zeros((len(weights), self.c))
        all_weights[:, self.present] = weights
        all_intercepts = np.full(self.c, -np.inf)
        all_intercepts[self.present] = intercept - intercept.mean()
        return Fit(
            weights=all_weights,
            intercept=all_intercepts,
            C=float(C),
            objective=descent.value,
            gap=descent.gap,
            iterations=descent.iterations,
            evaluations=descent.evaluations,
            converged=descent.gap <= tolerance,
        )


def fit(
    features: NDArray[Any],
    labels: NDArray[np.int64],
    c: int,
    C: float,
    *,
    tolerance: float | None = None,
    tick: Tick | None = None,
) -> Fit:
    """One fit: features (n, d), labels (n,) in 0 to c - 1."""
    return Problem(features, labels, c).fit(C, tolerance=tolerance, tick=tick)


def foreseen(before: Fit | None, last: Fit | None, C: float) -> Fit | None:
    """A start for C: as the last two fits moved along log C, most of that further; the last where there is one."""
    if before is None or last is None or last.C in (before.C, C):
        return last
    stride = math.log(C / last.C) / math.log(last.C / before.C)
    if not 0 < stride <= 2:
        return last
    known = np.isfinite(before.intercept) & np.isfinite(last.intercept)
    moved = np.subtract(last.intercept, before.intercept, out=np.zeros(len(known)), where=known)
    weights = last.weights + FORESIGHT * stride * (last.weights - before.weights)
    return replace(last, weights=weights, intercept=last.intercept + FORESIGHT * stride * moved)


def _floats(features: NDArray[Any]) -> NDArray[Any]:
    """float64 stays, anything else becomes float32."""
    return features if features.dtype == np.float64 else features.astype(np.float32, copy=False)


def _check(features: NDArray[Any], labels: NDArray[np.int64], c: int) -> None:
    if features.ndim != 2 or labels.shape != (len(features),) or not features.size:
        raise TMVError(f"Expected features (n, d) and one label a row, got {features.shape} and {labels.shape}.")
    if labels.min() < 0 or labels.max() >= c:
        raise TMVError(f"Labels must lie in 0 to {c - 1}, got {int(labels.min())} to {int(labels.max())}.")
    if labels.min() == labels.max():
        raise TMVError("A linear probe needs training images of at least two classes, but all have the same.")


class _Descent:
    """The state of one minimisation: where it is, what it has learnt of the curvature."""

    def __init__(self, objective: Objective, penalty: float, theta: Float64Array) -> None:
        self.objective, self.penalty, self.theta = objective, penalty, theta
        self.iterations = self.evaluations = 0
        self._precise = objective.precise
        self.gap = np.inf
        self._gains: deque[float] = deque(maxlen=TREND + 1)
        self._history: deque[tuple[Float64Array, Float64Array, float]] = deque(maxlen=MEMORY)
        self._scores = objective.sample_scores(theta)
        self._refresh()
        self._value_and_gradient()

    def run(self, tolerance: float, floor: float, tick: Tick) -> None:
        """Iterate until at most `tolerance` of the value (or of `floor`) is left to gain."""
        for self.iterations in range(ITERATIONS):
            tick()
            if self.iterations in REFRESH:
                self._refresh()
            step = self._direction()
            slope = float(np.vdot(self.gradient, step))
            self.gap = max(-slope, self._left_to_gain()) / max(self.value, floor)
            if self.gap <= tolerance or not (self._advance(step, slope) or self._more_precise()):
                return

    def _left_to_gain(self) -> float:
        """What the coming steps would gain if gains went on shrinking as they did: a geometric series."""
        if len(self._gains) <= TREND or self._gains[-1] <= 4 * self._noise():
            return 0.0  # too early, or too close to rounding, to see a trend
        first, last = self._gains[0], self._gains[-1]
        ratio = (last / first) ** (1 / TREND) if last < first else 0.95
        return last * ratio / (1 - ratio)

    def _value_and_gradient(self) -> None:
        self.value, self.gradient = self._evaluate(self.theta)

    def _evaluate(self, theta: Float64Array) -> tuple[float, Float64Array]:
        self.evaluations += 1
        return self.objective.evaluate(theta, self.penalty, self._precise)

    def _noise(self) -> float:
        """How far rounding may carry the value."""
        return abs(self.value) * (1e-14 if self._precise else 2e-8)

    def _refresh(self) -> None:
        self._precondition = Preconditioner.of(self.objective, softmax(self._scores), self.penalty)

    def _direction(self) -> Float64Array:
        """The two-loop recursion of L-BFGS around the preconditioner."""
        step, shares = -self.gradient, []
        for move, change, product in reversed(self._history):
            shares.append(float(np.vdot(move, step)) / product)
            step -= shares[-1] * change
        step = self._precondition(step)
        for (move, change, product), share in zip(self._history, reversed(shares), strict=True):
            step += (share - float(np.vdot(change, step)) / product) * move
        return step

    def _advance(self, step: Float64Array, slope: float) -> bool:
        """Go along the step as far as pays; False when rounding hides any progress."""
        sample_step = self.objective.sample_scores(step)
        length = self._foreseen_length(sample_step, step, slope)
        noise = self._noise()
        for _ in range(8):
            value, gradient = self._evaluate(self.theta + length * step)
            slope_there = float(np.vdot(gradient, step))
            if value <= self.value + 1e-4 * length * slope + noise and abs(slope_there) <= 0.9 * abs(slope):
                break
            length = _secant(length, slope, slope_there)
        else:
            return False
        self._remember(length * step, gradient - self.gradient)
        self._scores = self._scores + np.asarray(length, self._scores.dtype) * sample_step
        self._gains.append(self.value - value)
        stuck = self.value - value <= noise
        self.theta, self.value, self.gradient = self.theta + length * step, value, gradient
        return not stuck

    def _remember(self, move: Float64Array, change: Float64Array) -> None:
        product = float(np.vdot(move, change))
        if product > 0:
            self._history.append((move, change, product))

    def _more_precise(self) -> bool:
        """Go on in float64 where float32 has no more to give; False when that is so already."""
        if self._precise:
            return False
        self._precise = True
        self._history.clear()
        self._value_and_gradient()
        return True

    def _foreseen_length(self, sample_step: NDArray[Any], step: Float64Array, slope: float) -> float:
        """Where along the step the slope vanishes, judged by the sample's curvature: costs no pass."""
        base = self._sample_slope(0.0, sample_step)
        bend = self.penalty * float(np.square(step[:-1]).sum())
        low, high, length = 0.0, np.inf, 1.0
        for _ in range(8):
            there = slope + self._sample_slope(length, sample_step) - base + length * bend
            if abs(there) <= 0.1 * abs(slope):
                break
            low, high = (length, high) if there < 0 else (low, length)
            guess = _secant(length, slope, there)
            length = guess if low < guess < high else (2 * length if high == np.inf else (low + high) / 2)
        return length

    def _sample_slope(self, length: float, sample_step: NDArray[Any]) -> float:
        moved = self._scores + np.asarray(length, self._scores.dtype) * sample_step
        return float(np.vdot(softmax(moved), sample_step)) / len(sample_step)


def _secant(length: float, slope: float, slope_there: float) -> float:
    """Where the slope would vanish if it changed evenly, within a factor of ten below and eight above."""
    if slope_there <= slope:
        return 8 * length if slope_there < 0 else length / 2
    return min(max(length * slope / (slope - slope_there), 0.1 * length), 8 * length)
