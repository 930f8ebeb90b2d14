"""The function that the linear probe minimises: its value, its gradient, and what its curvature looks like.

For features (n, d), labels (n,), weights W (d, c) and intercepts b (c,):

    mean over rows of -log softmax(x W + b)[label]  +  penalty / 2 * ||W||^2,    penalty = 1 / (C n)

which is scikit-learn's `LogisticRegression` objective divided by C n; the intercept is free. Rows are centred
(exact, because the intercept is free) and divided by one overall scale. Where there are fewer rows than
features, rows are rotated into the space they span (exact, because the optimum lies in it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError

Float64Array = NDArray[np.float64]

BLOCK_CELLS = 1 << 20
"""Rows of one block times the wider of d and c: the block's scores stay in the processor's cache."""
SAMPLE_ROWS = (512, 2048)
SAMPLE_SHARES = (4, 12)
"""A sample is a quarter of few rows, a twelfth of many, and at least so much of each."""
SMALL = 1 << 21
"""Feature sets of at most so many numbers are computed in float64 throughout: precise, and still quick."""


class Objective:
    """Rows ready for the solver, in its coordinates: centred, scaled, and rotated where n <= d.

    Parameters live in one array `theta` (r + 1, c): r rows of weights, then the intercepts.
    """

    def __init__(self, features: NDArray[Any], labels: NDArray[np.int64], c: int) -> None:
        self.n, self.c, self.labels = len(features), c, labels
        self.precise = features.dtype == np.float64 or features.size <= SMALL
        """Whether the rows are float64."""
        self.mean: Float64Array = features.mean(axis=0, dtype=np.float64)
        self.scale = _overall_scale(features, self.mean)
        rows = _centred(features, self.mean, self.scale, np.float64 if self.precise else np.float32)
        self.basis: Float64Array | None = None
        if len(rows) <= rows.shape[1]:
            rows, self.basis = _rotated(rows)
        self.rows, self.r = rows, rows.shape[1]
        self.share = np.bincount(labels, minlength=c) / self.n
        self._eigen: tuple[Float64Array, Float64Array] | None = None
        self.sample = self._sample()

    def _sample(self) -> NDArray[Any]:
        """A fixed random part of the rows, or all: enough to foresee a step and the classes' spread."""
        few, many = (self.n // share for share in SAMPLE_SHARES)
        size = max(min(few, SAMPLE_ROWS[1]), many, SAMPLE_ROWS[0])
        if size >= self.n:
            return self.rows
        chosen: NDArray[Any] = self.rows[np.sort(np.random.default_rng(0).choice(self.n, size, replace=False))]
        return chosen

    @property
    def eigen(self) -> tuple[Float64Array, Float64Array]:
        """Eigenvalues (r,) and eigenvectors (r, r) of X'X / n: computed once, used for every C."""
        if self._eigen is None:
            moment = (self.rows.T @ self.rows).astype(np.float64) / self.n
            values, vectors = np.linalg.eigh(moment)
            self._eigen = np.maximum(values, 0.0), vectors
        return self._eigen

    def evaluate(self, theta: Float64Array, penalty: float, precise: bool = False) -> tuple[float, Float64Array]:
        """Value and gradient (r + 1, c). Products in the rows' precision, or float64 where `precise`; sums over
        blocks in float64."""
        kind: Any = np.float64 if precise or self.precise else np.float32
        weights, intercept = theta[:-1].astype(kind), theta[-1].astype(kind)
        gradient, loss = np.zeros_like(theta), 0.0
        step = max(256, BLOCK_CELLS // max(self.r, self.c))
        for start in range(0, self.n, step):
            block: NDArray[Any] = self.rows[start : start + step].astype(kind, copy=False)
            labels = self.labels[start : start + step]
            scores: NDArray[Any] = block @ weights
            scores += intercept
            loss += _residuals_in_place(scores, labels)
            gradient[:-1] += block.T @ scores
            gradient[-1] += scores.sum(axis=0, dtype=np.float64)
        gradient /= self.n
        gradient[:-1] += penalty * theta[:-1]
        return loss / self.n + penalty / 2 * float(np.square(theta[:-1]).sum()), gradient

    def sample_scores(self, theta: Float64Array) -> NDArray[Any]:
        """Scores (s, c) of the sample."""
        rows = self.sample
        scores: NDArray[Any] = rows @ theta[:-1].astype(rows.dtype) + theta[-1].astype(rows.dtype)
        return scores

    def inward(self, weights: NDArray[Any], intercept: NDArray[Any]) -> Float64Array:
        """Parameters of the features as given, in the solver's coordinates."""
        shifted = intercept + self.mean @ weights
        inner = weights * self.scale
        inner = inner if self.basis is None else self.basis.T @ inner
        return np.vstack([inner, shifted])

    def outward(self, theta: Float64Array) -> tuple[Float64Array, Float64Array]:
        """The reverse: weights (d, c) and intercepts (c,) for the features as given."""
        weights: Float64Array = (theta[:-1] if self.basis is None else self.basis @ theta[:-1]) / self.scale
        return weights, theta[-1] - self.mean @ weights


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Probabilities of each row of scores (n, c)."""
    shares: NDArray[Any] = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _residuals_in_place(scores: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Turn scores (b, c) into probabilities minus one-hot labels; returns the summed log-loss.

    The own class is kept apart from the sum of the others, so that a row that is nearly certain keeps its
    small loss and residual to full relative precision (1 - p would lose it).
    """
    rows = np.arange(len(labels))
    scores -= scores.max(axis=1, keepdims=True)
    own_score = scores[rows, labels]
    np.exp(scores, out=scores)
    own = scores[rows, labels]
    scores[rows, labels] = 0
    others = scores.sum(axis=1)
    total = others + own
    scores /= total[:, None]
    scores[rows, labels] = -(others / total)
    sure = own_score > -1
    ratio = np.divide(others, own, out=np.zeros_like(own), where=sure)
    losses = np.where(sure, np.log1p(ratio), np.log(total) - own_score)
    return float(losses.sum(dtype=np.float64))


def _overall_scale(features: NDArray[Any], mean: Float64Array) -> float:
    """Root of the features' mean squared distance from their mean, so that tiny and huge units both work."""
    square = 0.0
    for start in range(0, len(features), 4096):
        square += float(np.square(features[start : start + 4096] - mean).sum())
    scale = np.sqrt(square / len(features))
    if not np.isfinite(scale):
        raise TMVError("Features must be finite, but some hold NaN or infinity; embed the images again.")
    return float(scale) or 1.0


def _centred(features: NDArray[Any], mean: Float64Array, scale: float, kind: Any) -> NDArray[Any]:
    rows = np.empty(features.shape, dtype=kind)
    for start in range(0, len(features), 4096):
        rows[start : start + 4096] = (features[start : start + 4096] - mean) / scale
    return rows


def _rotated(rows: NDArray[Any]) -> tuple[Float64Array, Float64Array]:
    """Rows (n, d) in the r <= n directions they span: (n, r), and those directions (d, r)."""
    exact = rows.astype(np.float64)
    values, vectors = np.linalg.eigh(exact @ exact.T)
    kept = values > values.max(initial=0.0) * 1e-13 * len(rows)
    root = np.sqrt(values[kept])
    return vectors[:, kept] * root, exact.T @ (vectors[:, kept] / root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditioner:
    """An inverse of the curvature, as if all rows had the same: (classes' spread) x (features' spread).

    With A = mean of diag(p) - pp' over rows (c, c) and S = X'X / n, the Hessian is near A (x) S + penalty,
    and exactly that at W = 0 when b are the log shares of the classes. Both factors are diagonal in their
    eigenvectors, so the inverse costs four small products, and changing C or A leaves the large one alone.
    The first eigenvector of A is the direction that moves all classes alike, in which nothing ever changes.
    """

    features: Float64Array
    classes: Float64Array
    inverse: Float64Array
    intercepts: Float64Array

    @classmethod
    def of(cls, objective: Objective, probabilities: NDArray[Any], penalty: float) -> Preconditioner:
        """From the probabilities (s, c) that the sample has now."""
        shares = probabilities.astype(np.float64)
        seen = np.diag(shares.mean(axis=0)) - shares.T @ shares / len(shares)
        prior = np.diag(objective.share) - np.outer(objective.share, objective.share)
        spread, classes = np.linalg.eigh(0.99 * seen + 0.01 * prior)
        values, features = objective.eigen
        inverse = 1.0 / (np.outer(values, spread[1:]) + penalty)
        return cls(
            features=features, classes=classes[:, 1:], inverse=inverse, intercepts=1.0 / np.maximum(spread[1:], 1e-12)
        )

    def __call__(self, gradient: Float64Array) -> Float64Array:
        """The inverse times a gradient (r + 1, c)."""
        inner = (self.features.T @ (gradient[:-1] @ self.classes)) * self.inverse
        weights = self.features @ inner
        intercept = (gradient[-1] @ self.classes) * self.intercepts
        return np.asarray(np.vstack([weights, intercept]) @ self.classes.T)
