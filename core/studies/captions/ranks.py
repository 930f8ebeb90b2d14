"""Ranks of captions and pictures in both directions, in one pass over blocks of scores.

Memory stays at O(n + m) beside one block, so a million memory-mapped pictures fit; both sides are read
block by block. A block's float32 scores settle almost every comparison; pairs within rounding of a tie are
compared again in float64, so the ranks are those of exact cosines and equal vectors tie exactly. A tie
counts against the right one: rank = 1 + how many others score at least as high.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from core.errors import TMVError
from core.stats.gallery import exact_cosines, rounding, take
from core.stats.metrics import BoolArray, Float64Array, VectorRows, normalise
from core.system.progress import Progress
from core.types import FloatArray, IntArray

ROWS = 1024
"""Pictures and captions in one block: 4 MB of scores, which stay near the processor while they are counted."""
HELD = 1 << 24
"""Vectors of up to so many numbers (64 MB) are made unit once and held, more as often as they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionRanks:
    """`image_ranks` (m,): where each caption finds its own picture among all n. `pictures` (p,) are the
    pictures that have a caption and `text_ranks` (p,) where each finds the first of its own captions among
    all m, captions of its own not counted as ahead. `own` (m,) float64 are the cosines of each caption
    with its picture, `rival` (m,) float32 the highest with any other (-inf where there is no other).
    `image_ties` (m,) and `text_ties` (p,) say how many of those counted as ahead only tie: a rank less them is
    the rank with every tie in favour.
    """

    image_ranks: IntArray
    pictures: IntArray
    text_ranks: IntArray
    own: Float64Array
    rival: FloatArray
    image_ties: IntArray
    text_ties: IntArray

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).setflags(write=False)


def rank_captions(
    images: VectorRows, texts: VectorRows, image_index: IntArray, progress: Progress | None = None
) -> CaptionRanks:
    """Ranks in both directions: pictures (n, d), captions (m, d), the picture of each caption (m,)."""
    n, m = len(images), len(texts)
    _check(images, texts, image_index)
    pictures, captions = Units(images), Units(texts)
    own = _own_scores(pictures, captions, image_index)
    best = np.full(n, -np.inf)
    np.maximum.at(best, image_index, own)
    ahead_of_picture, ahead_of_caption = np.zeros((2, m), np.int64), np.zeros((2, n), np.int64)
    rival = np.full(m, -np.inf, dtype=np.float32)
    steps = len(_slices(n)) * len(_slices(m))
    for done, (columns, there, rows, asking) in enumerate(tiles(pictures, captions), start=1):
        block = _Block(asking, there, image_index[rows] - columns.start)
        ahead_of_picture[:, rows] += block.pictures_ahead(own[rows])
        rival[rows] = np.maximum(rival[rows], block.scores.max(axis=1))
        ahead_of_caption[:, columns] += block.captions_ahead(best[columns])
        if progress is not None:
            progress(done, steps)
    having = np.unique(image_index)
    (image_ranks, image_ties), (text_ranks, text_ties) = ahead_of_picture, ahead_of_caption[:, having]
    return CaptionRanks(
        image_ranks=1 + image_ranks,
        pictures=having,
        text_ranks=1 + text_ranks,
        own=own,
        rival=rival,
        image_ties=image_ties,
        text_ties=text_ties,
    )


def _check(images: VectorRows, texts: VectorRows, image_index: IntArray) -> None:
    if not len(images) or not len(texts):
        raise TMVError(f"Retrieval needs images and captions, got {len(images)} and {len(texts)}.")
    if images.shape[-1] != texts.shape[-1]:
        raise TMVError(
            f"Vectors of {images.shape[-1]} and {texts.shape[-1]} numbers do not compare; use one model for both."
        )
    if image_index.shape != (len(texts),) or image_index.min() < 0 or image_index.max() >= len(images):
        raise TMVError(f"Expected the image (0 to {len(images) - 1}) of each of {len(texts)} captions.")


def _slices(length: int) -> list[slice]:
    return [slice(start, min(start + ROWS, length)) for start in range(0, length, ROWS)]


class Units:
    """Vectors as unit rows, by slice or by index: made unit once where they are few, else as they are read."""

    def __init__(self, vectors: VectorRows) -> None:
        few = len(vectors) * vectors.shape[-1] <= HELD
        self._vectors, self._held = vectors, normalise(vectors[:]) if few else None

    def __len__(self) -> int:
        return len(self._vectors)

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        if self._held is not None:
            return self._held[rows]
        return normalise(self._vectors[rows] if isinstance(rows, slice) else take(self._vectors, rows))


def tiles(images: Units, texts: Units) -> Iterator[tuple[slice, FloatArray, slice, FloatArray]]:
    """All pairs of a block of pictures and a block of captions: `(columns, pictures (a, d), rows, captions
    (b, d))` of unit vectors."""
    for columns in _slices(len(images)):
        pictures = images[columns]
        for rows in _slices(len(texts)):
            yield columns, pictures, rows, texts[rows]


def _own_scores(images: Units, texts: Units, image_index: IntArray) -> Float64Array:
    """Float64 cosine of each caption with its own picture: (m,). Pictures are read in ascending runs."""
    own = np.empty(len(texts), dtype=np.float64)
    for captions, columns in _captions_by_picture(len(images), image_index):
        pictures = images[columns]
        for start in range(0, len(captions), ROWS):
            part = captions[start : start + ROWS]
            own[part] = exact_cosines(texts[part], pictures[image_index[part] - columns.start])
    return own


def _captions_by_picture(n: int, image_index: IntArray) -> Iterator[tuple[IntArray, slice]]:
    """For each block of pictures the captions that belong to it."""
    order = np.argsort(image_index, kind="stable")
    edges = np.searchsorted(image_index[order], [columns.start for columns in _slices(n)] + [n])
    for columns, (low, high) in zip(_slices(n), pairwise(edges), strict=True):
        if high > low:
            yield order[low:high], columns


class _Block:
    """Scores of some captions (b, d) with some pictures (a, d); `owner` (b,) is the column of each
    caption's own picture, outside 0..a-1 where it lies in another block."""

    def __init__(self, texts: FloatArray, pictures: FloatArray, owner: IntArray) -> None:
        self.texts, self.pictures, self.owner = texts, pictures, owner
        self.scores: FloatArray = texts @ pictures.T
        here = np.flatnonzero((owner >= 0) & (owner < len(pictures)))
        self.scores[here, owner[here]] = -np.inf  # a pair of its own is never ahead of itself
        self.slack = rounding(texts.shape[1])

    def pictures_ahead(self, own: Float64Array) -> IntArray:
        """For each caption how many of these pictures, its own apart, score at least `own` (b,), and how many of
        them just that: (2, b)."""
        high, low = _above(own + self.slack), _below(own - self.slack)
        counts = _counts(self.scores >= high[:, None], 1)
        unsure = _counts(self.scores >= low[:, None], 1) > counts
        rows = np.flatnonzero(unsure)
        part = self.scores[rows]
        r, column = np.nonzero((part < high[rows, None]) & (part >= low[rows, None]))
        return _settled(counts, rows[r], self._exact(rows[r], column), own)

    def captions_ahead(self, best: Float64Array) -> IntArray:
        """For each picture how many of these captions, its own apart, score at least `best` (a,), and how many of
        them just that: (2, a)."""
        high, low = _above(best + self.slack), _below(best - self.slack)
        counts = _counts(self.scores >= high[None], 0)
        unsure = _counts(self.scores >= low[None], 0) > counts
        columns = np.flatnonzero(unsure)
        part = self.scores[:, columns]
        row, c = np.nonzero((part < high[None, columns]) & (part >= low[None, columns]))
        return _settled(counts, columns[c], self._exact(row, columns[c]), best)

    def _exact(self, rows: IntArray, columns: IntArray) -> Float64Array:
        found = np.empty(len(rows), dtype=np.float64)
        for start in range(0, len(rows), ROWS):
            part = slice(start, start + ROWS)
            found[part] = exact_cosines(self.texts[rows[part]], self.pictures[columns[part]])
        return found


def _counts(mask: BoolArray, axis: int) -> IntArray:
    """How many are true along an axis. Bytes summed into 16 bits are several times faster than
    `np.count_nonzero`, and a block is far too small to overflow them."""
    few = mask.shape[axis] < 1 << 16
    total: IntArray = np.add.reduce(mask.view(np.uint8), axis=axis, dtype=np.uint16 if few else np.int64)
    return total.astype(np.int64)


def _settled(counts: IntArray, asker: IntArray, scores: Float64Array, own: Float64Array) -> IntArray:
    """Counts (q,) and those of the close pairs, now that their exact scores are known: all that are not below `own`
    (q,), and those that tie. `asker` says whose each pair is."""
    ties = np.bincount(asker[scores == own[asker]], minlength=len(counts))
    higher = np.bincount(asker[scores > own[asker]], minlength=len(counts))
    return np.stack([counts + higher + ties, ties])


def _above(values: Float64Array) -> FloatArray:
    """float32 not below the float64 values."""
    single = values.astype(np.float32)
    return np.where(single < values, np.nextafter(single, np.float32(np.inf)), single).astype(np.float32)


def _below(values: Float64Array) -> FloatArray:
    """float32 not above the float64 values."""
    single = values.astype(np.float32)
    return np.where(single > values, np.nextafter(single, np.float32(-np.inf)), single).astype(np.float32)
