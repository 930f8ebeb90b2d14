"""Results are paired on the pictures that both have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.intervals import paired_difference
from core.studies.answered import compare
from tests.sample_results import sample_result

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


def test_pairs_are_matched_by_picture_not_by_place() -> None:
    a, b = sample_result(OPENAI, "eurosat", skill=0.8), sample_result(LAION, "eurosat", skill=1.6, seed=5)
    order = np.random.default_rng(0).permutation(b.n)[:200]
    shuffled = replace(
        b,
        ids=tuple(b.ids[i] for i in order),
        n=200,
        labels=b.labels[order],
        ranks=b.ranks[order],
        top5=b.top5[order],
        top5_probability=b.top5_probability[order],
    )
    keep = np.sort(order)
    assert compare(a, shuffled) == paired_difference(a.correct[keep], b.correct[keep])
    with pytest.raises(TMVError, match="same images"):
        compare(a, sample_result(LAION, "cifar100"))
