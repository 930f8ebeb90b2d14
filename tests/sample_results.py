"""Zero-shot results for tests of frames and charts: made-up vectors, counted by the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.catalog.models import find_model
from core.catalog.published import deck_figures, published
from core.readers.datasets import find_dataset
from core.stats.accuracy import Score
from core.stats.intervals import wilson
from core.studies.zero_shot.classify import ZeroShotResult, class_embeddings, classify
from core.types import EmbeddingKey, EmbeddingSet, Provenance

PROVENANCE = Provenance(
    model_digest="weights",
    data_digest="data",
    preprocessing={"size": 224},
    precision="fp32",
    device="cpu",
    versions={"numpy": "2"},
    date="2025-01-01",
)
WIDTH = 48


def sample_result(
    model: str = "demo-vit/demo",
    dataset: str = "demo-satellite",
    *,
    n: int = 300,
    skill: float = 1.0,
    seed: int = 0,
    templates: Sequence[str] = ("a photo of a {}.",),
    classes: int | None = None,
) -> ZeroShotResult:
    """A result whose accuracy grows with `skill`; the same `dataset` and `n` give the same pictures."""
    spec = find_dataset(dataset)
    names = spec.classnames[:classes]
    texts = np.random.default_rng(len(names)).standard_normal((len(names), WIDTH)).astype(np.float32)
    labels = np.random.default_rng(n).integers(0, len(names), n)
    noise = np.random.default_rng(seed + 1).standard_normal((n, WIDTH))
    hardness = np.random.default_rng(3).uniform(0.2, 1.2, len(names))[labels, None]
    key = EmbeddingKey(model=model, dataset=dataset, split=spec.default_split, fingerprint="fingerprint")
    images = EmbeddingSet(
        key=key,
        image_embeddings=(texts[labels] * skill * hardness + noise).astype(np.float32),
        ids=tuple(f"image {i}" for i in range(n)),
        logit_scale=20.0,
        provenance=PROVENANCE,
        labels=labels.astype(np.int64),
    )
    record = find_model(model)
    return classify(
        images,
        class_embeddings(texts[None]),
        names,
        templates,
        published=published(record, spec),
        deck=deck_figures(record, spec),
    )


def with_right(result: ZeroShotResult, right: int) -> ZeroShotResult:
    """The result, had its first so many pictures been named right and no others."""
    acc1 = Score(value=right / result.n, ci95=wilson(right, result.n))
    ranks = np.where(np.arange(result.n) < right, 1, 3)
    return replace(result, ranks=ranks, scores={**result.scores, "acc1": acc1})
