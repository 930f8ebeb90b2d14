"""Training and test sets for tests of classifiers: clouds of vectors around one centre a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.types import EmbeddingKey, EmbeddingSet, FloatArray, IntArray, Provenance

PROVENANCE = Provenance(
    model_digest="weights",
    data_digest="data",
    preprocessing={"size": 32},
    precision="float32",
    device="cpu",
    versions={"numpy": np.__version__},
    date="2026-11-24",
)


def clouds(
    split: str,
    each: Sequence[int],
    *,
    d: int = 12,
    spread: float = 1.0,
    seed: int = 0,
    model: str = "RN50/openai",
    dataset: str = "eurosat",
) -> EmbeddingSet:
    """`each[i]` vectors of class i, in mixed order. The centres do not depend on the split."""
    c = len(each)
    centres = np.random.default_rng(99).normal(size=(c, d)) * spread
    rng = np.random.default_rng([seed, sum(split.encode())])
    labels = rng.permutation(np.repeat(np.arange(c), each)).astype(np.int64)
    vectors = (centres[labels] + rng.normal(size=(len(labels), d)) + 0.5).astype(np.float32)
    return as_set(split, vectors, labels, c, model=model, dataset=dataset)


def as_set(
    split: str, vectors: FloatArray, labels: IntArray, c: int, *, model: str = "RN50/openai", dataset: str = "eurosat"
) -> EmbeddingSet:
    """A stored set of these rows."""
    names = tuple(f"class {i}" for i in range(c))
    return EmbeddingSet(
        key=EmbeddingKey(model=model, dataset=dataset, split=split, fingerprint=f"{split}-print"),
        image_embeddings=vectors.astype(np.float32),
        ids=tuple(f"{split}/{i}" for i in range(len(labels))),
        logit_scale=50.0,
        provenance=PROVENANCE,
        labels=labels.astype(np.int64),
        classnames=names,
        raw_classnames=tuple(f"folder_{i}" for i in range(c)),
    )


def changed(images: EmbeddingSet, **fields: Any) -> EmbeddingSet:
    """The set with other fields."""
    return replace(images, **fields)


def head(train: EmbeddingSet, blur: float = 0.0, seed: int = 3) -> FloatArray:
    """Unit class vectors: the classes' means, blurred; a stand-in for those made of texts."""
    labels, c = train.labels, len(train.classnames)
    assert labels is not None
    means = np.stack([train.image_embeddings[labels == i].mean(axis=0) for i in range(c)])
    means = means + blur * np.random.default_rng(seed).normal(size=means.shape)
    unit: FloatArray = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
    return unit
