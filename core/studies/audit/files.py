"""What only the image files tell: how many carry an EXIF rotation, and whether two that look the same are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import BadImage, TMVError
from core.images.decode import stated_orientation, to_rgb
from core.studies.base import Lab
from core.studies.probe.training_rows import same_pairs
from core.types import Dataset, EmbeddingSet

AT_ONCE = 5000
"""So many headers are read within a second or two; more only where a sample may be encoded again too."""
COMPARED = 200
"""Pairs whose files are compared."""
_VERSION = 1


def count_turned(lab: Lab, images: EmbeddingSet, encode: bool) -> int | None:
    """How many files carry an EXIF rotation; None where they are not here, or are many and nobody waits for them."""
    key = f"audit/turned/{images.key.fingerprint}/{_VERSION}"
    kept = lab.results.read(key, int)
    if kept is not None or (len(images) > AT_ONCE and not encode):
        return kept
    try:
        rows = lab.data.rows(images.key.dataset, images.key.split)
        found = sum(_is_turned(rows.pictures.read(i)) for i in range(len(rows)))
    except (TMVError, OSError):
        return None
    lab.results.keep(key, found)
    return found


def _is_turned(source: bytes | NDArray[np.uint8]) -> bool:
    return isinstance(source, bytes) and stated_orientation(source) != 1


def compare_seen(lab: Lab, train: EmbeddingSet | None, test: EmbeddingSet) -> tuple[int, int] | None:
    """(pairs compared, pairs that are the same pixel for pixel) of tested images and the training images that look the
    same to the model; None where there is nothing to compare or the files are not here."""
    if train is None:
        return None
    key = f"audit/same/{train.key.fingerprint}/{test.key.fingerprint}/{_VERSION}"
    kept = lab.results.read(key, lambda found: (int(found[0]), int(found[1])))
    if kept is not None:
        return kept
    pairs = same_pairs(train.image_embeddings, test.image_embeddings)
    if not len(pairs):
        return 0, 0
    some = pairs[np.unique(np.linspace(0, len(pairs) - 1, COMPARED).astype(np.int64))]
    found = same_pixels(lab, test, train, some.tolist())
    if found is None:
        return None
    lab.results.keep(key, [len(found), int(sum(found))])
    return len(found), int(sum(found))


def same_pixels(lab: Lab, left: EmbeddingSet, right: EmbeddingSet, pairs: Sequence[Sequence[int]]) -> list[bool] | None:
    """For each (row of left, row of right) whether the two images have the same pixels; None without their files."""
    try:
        one, two = (lab.data.rows(images.key.dataset, images.key.split) for images in (left, right))
        first, second = ({name: i for i, name in enumerate(rows.ids)} for rows in (one, two))
        return [_same(one, first[left.ids[a]], two, second[right.ids[b]]) for a, b in pairs]
    except (TMVError, OSError, KeyError):
        return None


def _same(one: Dataset, a: int, two: Dataset, b: int) -> bool:
    left, right = one.pictures.read(a), two.pictures.read(b)
    if isinstance(left, bytes) and isinstance(right, bytes) and left == right:
        return True
    try:
        return bool(np.array_equal(np.asarray(to_rgb(left)), np.asarray(to_rgb(right))))
    except BadImage:
        return False
