"""Which labels the images of a set have: exactly one each, or none or several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.types import EmbeddingSet


def check_one_label(images: EmbeddingSet) -> None:
    """Raise `TMVError` where an image may have none or several labels: what counts one answer says nothing there."""
    if images.label_pairs is not None:
        key = images.key
        raise TMVError(
            f"An image of {key.dataset} ({key.split}) may have several labels, and this figure needs exactly one for "
            "each image; for several labels, mean average precision is on the page Accuracy and in the command "
            "classify."
        )


def truth_of(images: EmbeddingSet, c: int) -> NDArray[np.bool_]:
    """Which of c classes each image has: (n, c). Raises `TMVError` where labels are missing or do not fit."""
    key, pairs = images.key, images.pairs
    if pairs is None or (images.labels is not None and len(pairs) < len(images)):
        raise TMVError(f"{key.dataset} ({key.split}) has images without labels; choose a data set with labels.")
    if len(pairs) and int(pairs[:, 1].max()) >= c:
        raise TMVError(f"{key.dataset} has {int(pairs[:, 1].max()) + 1} classes, but {c} class names were given.")
    truth = np.zeros((len(images), c), np.bool_)
    truth[pairs[:, 0], pairs[:, 1]] = True
    return truth
