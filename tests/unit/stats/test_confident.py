"""Confident learning beside the paper's definition written out, and planted label errors."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.confident import label_errors


def slow(labels: np.ndarray, p: np.ndarray) -> tuple[set[tuple[int, int]], np.ndarray, float]:
    """Equations 1 and 2 and the calibration of the joint (Northcutt et al. 2021, section 3.1), one image at a time."""
    n, c = p.shape
    threshold = [np.mean([p[i, j] for i in range(n) if labels[i] == j]) if j in labels else None for j in range(c)]
    joint, errors = np.zeros((c, c)), set()
    for i in range(n):
        reached = [j for j in range(c) if threshold[j] is not None and p[i, j] >= threshold[j]]
        if reached:
            best = max(reached, key=lambda j: (p[i, j], -j))
            joint[labels[i], best] += 1
            if best != labels[i]:
                errors.add((i, best))
    estimate = 0.0
    for i in range(c):
        for j in range(c):
            if i != j and joint[i].sum():
                estimate += joint[i, j] / joint[i].sum() * np.sum(labels == i)
    return errors, joint, estimate


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_the_paper_defines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, 200)
    labels[labels == 4] = 3  # a class without images
    p = rng.dirichlet(np.ones(5), 200) + 0.8 * np.eye(5)[labels]
    p /= p.sum(axis=1, keepdims=True)
    found = label_errors(labels, p)
    errors, joint, estimate = slow(labels, p)
    assert set(zip(found.rows.tolist(), found.suggested.tolist(), strict=True)) == errors
    assert (found.joint == joint).all() and found.estimate == pytest.approx(estimate)
    assert (np.diff(found.margin) <= 1e-12).all()


def test_planted_label_errors_are_found_and_sound_labels_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 10, 2000)
    logits = 1.0 * rng.standard_normal((2000, 10)) + 5 * np.eye(10)[true]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    sound = label_errors(true, p)
    assert len(sound.rows) <= 10
    labels, wrong = true.copy(), rng.choice(2000, 100, replace=False)
    labels[wrong] = (true[wrong] + rng.integers(1, 10, 100)) % 10
    found = label_errors(labels, p)
    hits = np.isin(found.rows, wrong)
    # An image is only counted where it is surer of another class than its images are on average.
    assert hits.mean() > 0.9 and hits.sum() > 60 and 60 < found.estimate < 140
    assert (found.suggested[hits] == true[found.rows[hits]]).mean() > 0.95


def test_labels_must_fit_the_probabilities() -> None:
    with pytest.raises(TMVError, match="0 to 2"):
        label_errors(np.array([0, 3]), np.full((2, 3), 1 / 3))
