"""Word contributions against cosines written out one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import TMVError
from core.studies.prompts import words
from core.studies.prompts.compose import leave_one_out
from core.types import FloatArray, Provenance

PROVENANCE = Provenance(
    model_digest="m",
    data_digest="d",
    preprocessing={},
    precision="float32",
    device="cpu",
    versions={},
    date="2026-01-01",
)
NAMES = {"model": "a/x", "dataset": "set", "split": "test"}


def cosine(a: FloatArray, b: FloatArray) -> float:
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def explain(text: str, vectors: FloatArray, targets: FloatArray, **more: Any) -> words.WordsResult:
    return words.explain(
        text, leave_one_out(text), vectors, targets, names=NAMES, provenance=PROVENANCE, target="bird", **more
    )


def test_contribution_is_what_the_score_loses() -> None:
    rng = np.random.default_rng(0)
    vectors, targets = (rng.normal(size=(4, 16)).astype(np.float32), rng.normal(size=(1, 16)).astype(np.float32))
    result = explain("flying white bird", vectors, targets)
    assert [w.word for w in result.words] == ["flying", "white", "bird"]
    assert result.score == pytest.approx(cosine(vectors[0], targets[0]), abs=1e-6)
    for effect, vector in zip(result.words, vectors[1:], strict=True):
        expected = cosine(vectors[0], targets[0]) - cosine(vector, targets[0])
        assert effect.contribution == pytest.approx(expected, abs=1e-6)
        assert effect.score_without == pytest.approx(cosine(vector, targets[0]), abs=1e-6)
        assert effect.ci95 is None


def test_a_class_gives_the_mean_over_its_pictures_with_an_interval() -> None:
    rng = np.random.default_rng(1)
    vectors, targets = (rng.normal(size=(3, 16)).astype(np.float32), rng.normal(size=(30, 16)).astype(np.float32))
    result = explain("white bird", vectors, targets)
    expected = np.mean([cosine(vectors[0], t) - cosine(vectors[1], t) for t in targets])
    assert result.words[0].contribution == pytest.approx(expected, abs=1e-6)
    low, high = result.words[0].ci95 or (1, 0)
    assert low < result.words[0].contribution < high


def test_rewordings_are_differences_to_the_original() -> None:
    rng = np.random.default_rng(2)
    vectors, targets = rng.normal(size=(3, 8)).astype(np.float32), rng.normal(size=(1, 8)).astype(np.float32)
    other = rng.normal(size=(1, 8)).astype(np.float32)
    result = explain("white bird", vectors, targets, rewordings=["bird, white"], rewording_vectors=other)
    expected = cosine(other[0], targets[0]) - cosine(vectors[0], targets[0])
    assert result.rewordings[0].difference == pytest.approx(expected, abs=1e-6)
    assert result.to_record()["rewordings"][0]["text"] == "bird, white"


def test_one_word_has_nothing_to_leave_out_and_counts_must_fit() -> None:
    vectors = np.ones((1, 4), np.float32)
    assert explain("bird", vectors, vectors).words == ()
    with pytest.raises(TMVError, match="text vectors"):
        explain("white bird", vectors, vectors)
