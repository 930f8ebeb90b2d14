"""Likely label errors by confident learning (Northcutt, Jiang and Chuang 2021, Journal of AI Research 70).

An image is confidently of class j where its probability of j reaches the mean probability of j among the images that
are labelled j. Counting the images labelled i that are confidently j gives the confident joint; those off its diagonal
are the likely errors, and the joint, scaled to the number of images with each label, estimates how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.types import IntArray, expect_shape, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelErrors:
    """`rows` (r,) the likely errors, the clearest first, `suggested` (r,) the class that each is confidently of;
    `margin` (r,) the suggested class's probability minus the label's. `joint` (c, c) int64 [label, confident class]
    and `estimate` how many labels are wrong by it."""

    rows: IntArray
    suggested: IntArray
    margin: NDArray[np.float64]
    joint: IntArray
    estimate: float


def label_errors(labels: IntArray, probabilities: NDArray[np.floating]) -> LabelErrors:
    """Of labels (n,) and the probabilities (n, c) of a model that was not trained on these images."""
    n, c = probabilities.shape
    expect_shape("labels", labels, (n,), np.int64)
    if not n or labels.min() < 0 or labels.max() >= c:
        raise TMVError(f"Labels must be 0 to {c - 1} for {c} classes, and there must be one.")
    p = probabilities.astype(np.float64)
    counts = np.bincount(labels, minlength=c)
    own = p[np.arange(n), labels]
    mean = np.bincount(labels, weights=own, minlength=c)
    threshold = np.divide(mean, counts, out=np.full(c, np.inf), where=counts > 0)
    reached = p >= threshold
    confident = np.where(reached, p, -1.0).argmax(axis=1)
    counted = reached.any(axis=1)
    joint = np.zeros((c, c), np.int64)
    np.add.at(joint, (labels[counted], confident[counted]), 1)
    rows = np.flatnonzero(counted & (confident != labels))
    margin = p[rows, confident[rows]] - own[rows]
    order = np.lexsort((rows, -margin))
    return LabelErrors(
        rows=read_only(rows[order].astype(np.int64)),
        suggested=read_only(confident[rows[order]].astype(np.int64)),
        margin=read_only(margin[order]),
        joint=read_only(joint),
        estimate=_estimate(joint, counts),
    )


def _estimate(joint: IntArray, counts: IntArray) -> float:
    """Each row of the joint scaled to the images that have the label; a label without confident images is in order."""
    seen = joint.sum(axis=1)
    off = seen - np.diag(joint)
    return float((np.divide(off, seen, out=np.zeros(len(seen)), where=seen > 0) * counts).sum())
