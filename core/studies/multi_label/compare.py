"""Two models on the same images with several labels, in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.average_precision import paired_means
from core.stats.intervals import PairedDifference
from core.studies.base import Lab
from core.studies.labels import truth_of
from core.studies.multi_label.result import MultiLabelResult
from core.types import EmbeddingSet, FloatArray

Pair = tuple[MultiLabelResult, MultiLabelResult, PairedDifference]


def compare_several(lab: Lab, a: MultiLabelResult, b: MultiLabelResult) -> PairedDifference:
    """Mean average precision of a minus b on the images that both have; see `core.stats.average_precision`. Raises
    `TMVError` where they are not of one data set and split, or share no image with a label."""
    if (a.dataset, a.split, a.classnames) != (b.dataset, b.split, b.classnames):
        raise TMVError(
            f"Only results on the same images and classes can be paired, not {a.dataset} ({a.split}) with {b.dataset} "
            f"({b.split}); choose one data set, split and list of class names."
        )
    left, right = (lab.vectors.require(lab.place(r.model, r.dataset, r.split)) for r in (a, b))
    key = ("compare-several", left.key, right.key, a.templates, b.templates, a.classnames)
    return lab.memory.studies.get(key, lambda: _compare(lab, a, b, left, right))


def several_pairs(lab: Lab, results: Sequence[MultiLabelResult]) -> Iterator[Pair]:
    """Every two models on one data set, with their difference."""
    for a, b in combinations(results, 2):
        if (a.dataset, a.split) == (b.dataset, b.split) and a.model != b.model:
            yield a, b, compare_several(lab, a, b)


def _compare(
    lab: Lab, a: MultiLabelResult, b: MultiLabelResult, left: EmbeddingSet, right: EmbeddingSet
) -> PairedDifference:
    place = {name: row for row, name in enumerate(right.ids)}
    shared = [(row, place[name]) for row, name in enumerate(left.ids) if name in place]
    rows = np.array(shared, dtype=np.int64).reshape(-1, 2)
    truth = truth_of(left, len(a.classnames))[rows[:, 0]]
    if not truth.any():
        raise TMVError(f"{a.model} and {b.model} share no image of {a.dataset} ({a.split}) that has a label.")
    return paired_means(_cosines(lab, a, left)[rows[:, 0]], _cosines(lab, b, right)[rows[:, 1]], truth)


def _cosines(lab: Lab, result: MultiLabelResult, images: EmbeddingSet) -> FloatArray:
    head = lab.prompting.class_head(result.model, result.templates, result.classnames)
    return np.asarray(metrics.normalise(images.image_embeddings) @ head.T, np.float32)
