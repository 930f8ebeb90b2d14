"""One picture among labels, held against a plain computation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import TMVError
from core.studies.zero_shot.one_picture import name_picture
from core.types import ScoreRule


def test_a_case_by_hand() -> None:
    # Cosines 0.8 and 0.6, scale 10: shares are e^8 / (e^8 + e^6) = 1 / (1 + e^-2) and the rest.
    classes = np.eye(2, dtype=np.float32)
    best = name_picture(np.array([8.0, 6.0], np.float32), classes, ["cat", "dog"], ScoreRule(scale=10.0))
    assert [label for label, _ in best] == ["cat", "dog"]
    assert best[0][1] == pytest.approx(1 / (1 + math.exp(-2)), abs=1e-6)
    assert sum(share for _, share in best) == pytest.approx(1.0, abs=1e-6)


def test_the_same_as_a_loop() -> None:
    rng = np.random.default_rng(3)
    classes = rng.normal(size=(12, 8)).astype(np.float32)
    classes /= np.linalg.norm(classes, axis=1, keepdims=True)
    picture = 5 * rng.normal(size=8).astype(np.float32)
    labels = [f"label {i}" for i in range(12)]
    length = math.sqrt(sum(float(x) ** 2 for x in picture))
    logits = [20 * sum(float(p) / length * float(q) for p, q in zip(picture, row, strict=True)) for row in classes]
    total = sum(math.exp(x) for x in logits)
    expected = sorted(((math.exp(x) / total, label) for x, label in zip(logits, labels, strict=True)), reverse=True)[:3]
    found = name_picture(picture, classes, labels, ScoreRule(scale=20.0), 3)
    assert [label for label, _ in found] == [label for _, label in expected]
    assert [share for _, share in found] == pytest.approx([share for share, _ in expected], rel=1e-4)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TMVError, match="each of 1 labels, got 2"):
        name_picture(np.ones(2, np.float32), np.eye(2, dtype=np.float32), ["cat"], ScoreRule(scale=10.0))
