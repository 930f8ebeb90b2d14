"""Answers compared picture by picture, whatever named the pictures: texts or any trained classifier."""

from __future__ import annotations

import numpy as np

from core.errors import TMVError
from core.stats.intervals import PairedDifference, paired_difference
from core.studies.result import Answered
from core.types import IntArray


def same_pictures(a: Answered, b: Answered) -> bool:
    """Whether two results are over the same pictures in the same order, so that they can be paired."""
    return (a.dataset, a.split, a.ids) == (b.dataset, b.split, b.ids)


def compare(a: Answered, b: Answered, k: int = 1) -> PairedDifference:
    """Top-k accuracy of a minus b on the pictures that both have."""
    if same_pictures(a, b):
        return paired_difference(a.ranks <= k, b.ranks <= k)
    left, right = shared_rows(a, b)
    return paired_difference(a.ranks[left] <= k, b.ranks[right] <= k)


def shared_rows(a: Answered, b: Answered) -> tuple[IntArray, IntArray]:
    """Where the pictures that both have stand in each: (s,), (s,). Raises `TMVError` where there are none."""
    place = {picture: i for i, picture in enumerate(b.ids)}
    shared = [(i, place[picture]) for i, picture in enumerate(a.ids) if picture in place]
    if (a.dataset, a.split) != (b.dataset, b.split) or not shared:
        raise TMVError(
            f"Only results on the same images can be paired, not {a.dataset} ({a.split}) with "
            f"{b.dataset} ({b.split}); choose one data set and split."
        )
    left, right = np.array(shared, dtype=np.int64).T
    return left, right
