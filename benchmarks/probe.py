"""Fitting the linear probe beside scikit-learn's `LogisticRegression`, as the CLIP paper's code uses it.

Both get the same float32 features and end when they think fit: scikit-learn at its own default tolerance, ours
at its default, which is tighter. What counts is the objective reached, computed for both in float64: ours must
not be higher. The features are made up but shaped like CLIP's: unnormalised, of length 10, with a common mean,
a spectrum that decays, and classes in groups that overlap.

A single C runs at 50,000 x 512 and 100 classes. The path of seven C runs at 10,000 rows, or with
TMV_BENCH_FULL=1 at 50,000 too (about ten minutes).
"""

from __future__ import annotations

import os
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import Row, interleaved, median_ratio
from core.stats.logistic import Fit, Problem
from core.types import FloatArray, IntArray

ROWS, PATH_ROWS, TEST_ROWS, WIDTH, CLASSES, SEED = 50_000, 10_000, 10_000, 512, 100, 0
C, PATH = 0.316, tuple(np.logspace(-3, 1, 7).tolist())
ONE_TARGET, PATH_TARGET = 5.0, 6.0
ALLOWED = 1e-6
"""How much higher, relatively, our objective may be than the peer's to count as no higher."""

Found = tuple[NDArray[Any], NDArray[Any]]
"""Weights (d, c) and intercepts (c,)."""


def run() -> list[Row]:
    """One C, then the path."""
    full = bool(os.environ.get("TMV_BENCH_FULL"))
    return [_one(ROWS), _path(ROWS if full else PATH_ROWS)]


def features(n: int) -> tuple[FloatArray, IntArray]:
    """(n, d) rows of length 10 and their labels."""
    rng = np.random.default_rng(SEED)
    spectrum = (1.0 + np.arange(WIDTH)) ** -0.9
    turn, _ = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))
    groups = rng.standard_normal((CLASSES // 5, WIDTH))[np.arange(CLASSES) // 5]
    centres = 0.2 * (groups + rng.standard_normal((CLASSES, WIDTH))) * spectrum
    labels = rng.integers(0, CLASSES, n)
    rows = centres[labels] + rng.standard_normal((n, WIDTH)) * spectrum
    rows /= np.sqrt(np.square(rows).sum(axis=1).mean())
    rows = (rows + rng.standard_normal(WIDTH) / np.sqrt(WIDTH)) @ turn
    rows *= 10 / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), labels.astype(np.int64)


def objective(rows: FloatArray, labels: IntArray, found: Found, strength: float) -> float:
    """Mean log-loss + ||W||^2 / (2 C n), in float64 whatever it was fitted in."""
    weights, intercepts = (part.astype(np.float64) for part in found)
    loss = 0.0
    for start in range(0, len(rows), 8192):
        scores = rows[start : start + 8192].astype(np.float64) @ weights + intercepts
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[np.arange(len(scores)), labels[start : start + 8192]]
        loss += float((np.log(np.exp(scores).sum(axis=1)) - own).sum())
    return loss / len(rows) + float(np.square(weights).sum()) / (2 * strength * len(rows))


def _one(n: int) -> Row:
    rows, labels = features(n + TEST_ROWS)
    train, test = (rows[:n], labels[:n]), (rows[n:], labels[n:])
    found = dict[str, list[Found]]()
    ways = _ways(found, lambda: [_ours(Problem(*train, CLASSES).fit(C))], lambda: [_peer(*train, C)])
    row = _row(f"linear probe, {n:,} x {WIDTH}, {CLASSES} classes", ways, found, train, (C,), ONE_TARGET)
    right = {name: float(np.mean((test[0] @ w + b).argmax(axis=1) == test[1])) for name, ((w, b),) in found.items()}
    said = f"accuracy on {TEST_ROWS:,} other rows: {right['ours']:.4f}, scikit-learn's {right['peer']:.4f}"
    return _with_note(row, said)


def _path(n: int) -> Row:
    train = features(n)
    found = dict[str, list[Found]]()
    ways = _ways(
        found,
        lambda: [_ours(fit) for fit in Problem(*train, CLASSES).path(PATH)],
        lambda: [_peer(*train, strength) for strength in PATH],
    )
    row = _row(f"path of {len(PATH)} C, {n:,} x {WIDTH}, {CLASSES} classes", ways, found, train, PATH, PATH_TARGET)
    return _with_note(row, f"C from {PATH[0]:g} to {PATH[-1]:g}; ours starts each fit where the last two lead")


def _ways(
    found: dict[str, list[Found]], ours: Callable[[], list[Found]], peer: Callable[[], list[Found]]
) -> dict[str, Callable[[], Any]]:
    return {"ours": lambda: found.update(ours=ours()), "peer": lambda: found.update(peer=peer())}


def _ours(fit: Fit) -> Found:
    return fit.weights, fit.intercept


def _peer(rows: FloatArray, labels: IntArray, strength: float) -> Found:
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=strength, max_iter=1000).fit(rows, labels)
    return model.coef_.T, model.intercept_


def _row(
    work: str,
    ways: dict[str, Callable[[], Any]],
    found: dict[str, list[Found]],
    train: tuple[FloatArray, IntArray],
    strengths: Sequence[float],
    target: float,
) -> Row:
    seconds = interleaved(ways, rounds=1, warm=0)
    gaps = [
        objective(*train, ours, strength) / objective(*train, peer, strength) - 1
        for ours, peer, strength in zip(found["ours"], found["peer"], strengths, strict=True)
    ]
    return Row(
        work,
        "scikit-learn lbfgs, float32",
        statistics.median(seconds["peer"]),
        statistics.median(seconds["ours"]),
        "s",
        median_ratio(seconds["peer"], seconds["ours"]),
        target,
        1.0,
        _say(gaps),
        max(gaps) <= ALLOWED,
    )


def _say(gaps: Sequence[float]) -> str:
    if len(gaps) == 1:
        return f"our objective is {-gaps[0]:.1e} lower (relative)"
    return f"our objectives are {-max(gaps):.1e} to {-min(gaps):.1e} lower (relative)"


def _with_note(row: Row, note: str) -> Row:
    return replace(row, note=note)
