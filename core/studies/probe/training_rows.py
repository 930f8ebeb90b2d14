"""Which pictures a study trains on, which it tunes on, and whether any of them is also tested on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.metrics import BoolArray
from core.stats.numbers import some_of, verb
from core.studies.labels import check_one_label
from core.types import EmbeddingSet, IntArray, Note

SAME = 0.005
"""Vectors closer than this share of their median distance from the mean come from the same picture; a change of one
level in a few pixels already moves a vector further."""
_DIRECTIONS = 12

Parts = tuple[IntArray, IntArray]
"""Rows to train on, rows to tune on."""


def check_pair(train: EmbeddingSet, test: EmbeddingSet) -> None:
    """Raise `TMVError` unless both are labelled, of the same classes and weights, and different splits."""
    where = train.key.dataset
    for part in (train, test):
        check_one_label(part)
        if part.labels is None or not len(part.labels) or int(part.labels.min()) < 0:
            raise TMVError(
                f"Training needs a class label on every image, but {where} ({part.key.split}) lacks some; "
                f"choose {'another split to test on, one' if part is test else 'a data set'} with class labels."
            )
    if train.key.split == test.key.split:
        raise TMVError(
            f"{where} ({train.key.split}) would be trained and tested on the same images; "
            "choose another split to test on."
        )
    if train.raw_classnames != test.raw_classnames or train.classnames != test.classnames:
        raise TMVError(f"{where} has other classes in {train.key.split} than in {test.key.split}.")
    if train.provenance.model_digest != test.provenance.model_digest:
        raise TMVError(
            f"{where} ({train.key.split}) and ({test.key.split}) were embedded with different weights of "
            f"{train.key.model}; embed both again."
        )


def pair_notes(train: EmbeddingSet, test: EmbeddingSet) -> tuple[Note, ...]:
    """What reading both splits raised, that of the training split said to be of it, and the classes nobody trains."""
    said = test.provenance.beside
    of_train = (
        Note(f"In {train.key.split}: {note}", note.code, note.level)
        for note in train.provenance.beside
        if note not in said
    )
    missing = len(set(np.unique(labels_of(test)).tolist()) - set(np.unique(labels_of(train)).tolist()))
    lacking = some_of(missing, len(train.classnames), "class", "has", "have")
    text = f"{lacking} no training image, so the test images of {'that class' if missing == 1 else 'these'} are wrong."
    return (*said, *of_train, *((Note(text, "untrained_classes", "warning"),) if missing else ()))


def labels_of(images: EmbeddingSet) -> IntArray:
    """The labels (n,) of a set that `check_pair` has passed."""
    if images.labels is None:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no class labels.")
    return images.labels


def hold_out(labels: IntArray, share: float, seed: int) -> Parts:
    """(rows to train on, rows to tune on): `share` of every class, at least one where it has two, drawn with
    `seed`. A class with one row stays in training.
    """
    rng, held = np.random.default_rng(seed), [np.zeros(0, np.int64)]
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        held.append(rows[: min(max(1, round(share * len(rows))), len(rows) - 1)])
    return _parts(labels, np.concatenate(held))


def folds(labels: IntArray, count: int, seed: int) -> tuple[Parts, ...]:
    """`count` ways to hold rows out so that each row of a class with two or more is held out exactly once,
    every class spread evenly, drawn with `seed`. Ways that would hold out nothing are left away.
    """
    rng, fold, turn = np.random.default_rng(seed), np.full(len(labels), -1), 0
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) > 1:
            fold[rows] = (turn + np.arange(len(rows))) % count
            turn += len(rows)
    return tuple(_parts(labels, np.flatnonzero(fold == i)) for i in range(count) if (fold == i).any())


def _parts(labels: IntArray, tune: IntArray) -> Parts:
    tune = np.sort(tune).astype(np.int64)
    return np.setdiff1d(np.arange(len(labels)), tune), tune


def seen_in_training(train: EmbeddingSet, test: EmbeddingSet) -> BoolArray:
    """(n,) whether each test picture is also a training picture, judged by their vectors.

    Raises `TMVError` where that is half of either set: such a split is not one to test on.
    """
    seen = same_vectors(train.image_embeddings, test.image_embeddings)
    if 2 * seen.sum() >= min(len(train), len(test)):
        raise TMVError(
            f"{int(seen.sum()):,} of the {len(seen):,} test images of {test.key.dataset} "
            f"({test.key.split}) {verb(seen.sum())} also in its training split; choose a split that is not trained on."
        )
    return seen


def same_vectors(train: NDArray[np.float32], test: NDArray[np.float32]) -> BoolArray:
    """(n,) whether a vector of test (n, d) is nearly equal to one of train (m, d)."""
    seen = np.zeros(len(test), dtype=np.bool_)
    seen[same_pairs(train, test)[:, 0]] = True
    return seen


def same_pairs(train: NDArray[np.float32], test: NDArray[np.float32]) -> IntArray:
    """(p, 2) rows of test (n, d) and the nearest row of train (m, d), where that is nearly equal.

    Exact: a distance in a few main directions is never longer than the whole, so a search in those misses
    none, and what it finds is measured in full.
    """
    from scipy.spatial import cKDTree

    train, test = np.asarray(train), np.asarray(test)  # in memory, also where they lie in many files
    mean = train.mean(axis=0, dtype=np.float64)
    sample = train[:: max(1, len(train) // 4096)] - mean
    radius = SAME * np.median(np.linalg.norm(sample, axis=1))
    _, directions = np.linalg.eigh(sample.T @ sample)
    main = directions[:, -_DIRECTIONS:]
    near = cKDTree((train - mean) @ main).query_ball_point((test - mean) @ main, radius)
    pairs = list[tuple[int, int]]()
    for row in (i for i, found in enumerate(near) if found):
        gaps = np.linalg.norm(train[near[row]].astype(np.float64) - test[row], axis=1)
        if (gaps <= radius).any():
            pairs.append((row, int(near[row][int(gaps.argmin())])))
    return np.array(pairs, np.int64).reshape(-1, 2)
