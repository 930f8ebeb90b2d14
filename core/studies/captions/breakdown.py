"""Reading a retrieval result: curve, histogram, what makes a caption hard, and two models in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.stats.gallery import take
from core.stats.intervals import PairedDifference, paired_bootstrap
from core.stats.metrics import BoolArray, Float64Array, score_blocks
from core.studies.captions.ranks import Units, tiles
from core.studies.captions.retrieval import KS, Direction, RetrievalResult, recall_interval
from core.types import EmbeddingSet, IntArray, Interval


def recall_curve(ranks: IntArray, most: int = 100) -> tuple[IntArray, Float64Array]:
    """(ks, recall) for every k from 1 to `most` (at most the largest rank)."""
    counts = np.bincount(np.minimum(ranks, most + 1), minlength=most + 2)[1 : most + 1]
    return np.arange(1, most + 1), counts.cumsum() / len(ranks)


EDGES = (1, 2, 6, 11, 51, 101, 501, 1001, 5001)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankBin:
    """Ranks from `low` to `high`, both included: how many queries, and their share."""

    low: int
    high: int
    count: int
    share: float

    @property
    def label(self) -> str:
        """1 or 2–5"""
        return f"{self.low}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


def rank_histogram(ranks: IntArray, n: int) -> tuple[RankBin, ...]:
    """Ranks in bins that grow: 1, 2–5, 6–10, 11–50 and so on up to n."""
    lows = [edge for edge in EDGES if edge <= n]
    highs = [low - 1 for low in lows[1:]] + [n]
    counts = [int(np.count_nonzero((ranks >= low) & (ranks <= high))) for low, high in zip(lows, highs, strict=True)]
    return tuple(
        RankBin(low=low, high=high, count=count, share=count / len(ranks))
        for low, high, count in zip(lows, highs, counts, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalDifference:
    """Model a minus model b on the captions that both have: recalls and MRR of both directions."""

    a: str
    b: str
    n_images: int
    n_texts: int
    image_recall: Mapping[int, PairedDifference]
    text_recall: Mapping[int, PairedDifference]
    image_mrr: PairedDifference
    text_mrr: PairedDifference


def compare(a: RetrievalResult, b: RetrievalResult) -> RetrievalDifference:
    """Paired bootstrap over pictures between two results on one data set, on the queries both have."""
    if (a.dataset, a.split, a.captions_per_picture) != (b.dataset, b.split, b.captions_per_picture):
        raise TMVError(
            f"Two results compare on the same captions, got {a.dataset} ({a.split}) and {b.dataset} ({b.split})."
        )
    pairs = {
        "image": _pair(_caption_keys(a), a.image, _caption_keys(b), b.image),
        "text": _pair(_picture_keys(a), a.text, _picture_keys(b), b.text),
    }
    recall = {name: {k: paired_bootstrap(x <= k, y <= k, groups=g) for k in KS} for name, (x, y, g) in pairs.items()}
    mrr = {name: paired_bootstrap(1.0 / x, 1.0 / y, groups=g) for name, (x, y, g) in pairs.items()}
    return RetrievalDifference(
        a=a.model,
        b=b.model,
        n_images=len(pairs["text"][0]),
        n_texts=len(pairs["image"][0]),
        image_recall=recall["image"],
        text_recall=recall["text"],
        image_mrr=mrr["image"],
        text_mrr=mrr["text"],
    )


def _caption_keys(result: RetrievalResult) -> list[tuple[str, int]]:
    """Picture id and which of its captions: the same in both results even where one skipped pictures."""
    seen = dict[int, int]()
    keys = []
    for picture in result.image_index.tolist():
        seen[picture] = seen.get(picture, -1) + 1
        keys.append((result.ids[picture], seen[picture]))
    return keys


def _picture_keys(result: RetrievalResult) -> list[tuple[str, int]]:
    return [(result.ids[row], 0) for row in result.text.groups.tolist()]


def _pair(
    keys_a: Sequence[tuple[str, int]], a: Direction, keys_b: Sequence[tuple[str, int]], b: Direction
) -> tuple[IntArray, IntArray, IntArray]:
    place = {key: i for i, key in enumerate(keys_b)}
    rows = [(i, place[key]) for i, key in enumerate(keys_a) if key in place]
    if not rows:
        raise TMVError("The two results have no caption in common.")
    left, right = (np.array(side, dtype=np.int64) for side in zip(*rows, strict=True))
    return a.ranks[left], b.ranks[right], a.groups[left]


# --- what makes a caption hard ----------------------------------------------------------------------------

LENGTHS = (1, 6, 9, 12, 16)
CONTENDERS = (0, 1, 3, 6, 11, 21, 51)
NEIGHBOURS = 10
MOST_PICTURES = 20_000
"""Neighbourhoods are compared all with all up to this many pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Captions from `low` to `high` (None: no end) of some property: how many, and how well they do."""

    label: str
    low: float
    high: float | None
    n: int
    recall: Mapping[int, float]
    recall_ci95: Mapping[int, Interval]
    median_rank: float


def bands(result: RetrievalResult, values: IntArray, lows: Sequence[int]) -> tuple[Band, ...]:
    """Image retrieval by a whole number a caption has (m,), cut at `lows`; bands without captions are left
    out."""
    ends = [low - 1 for low in lows[1:]] + [None]
    found = [
        _band(result, (values >= low) & (True if high is None else values <= high), _span(low, high), low, high)
        for low, high in zip(lows, ends, strict=True)
    ]
    return tuple(band for band in found if band is not None)


def _span(low: int, high: int | None) -> str:
    return f"{low} or more" if high is None else f"{low}" if low == high else f"{low}–{high}"


def _band(result: RetrievalResult, rows: BoolArray, label: str, low: float, high: float | None) -> Band | None:
    ranks, groups = result.image.ranks[rows], result.image.groups[rows]
    if not len(ranks):
        return None
    recall = {k: float(np.mean(ranks <= k)) for k in KS}
    return Band(
        label=label,
        low=low,
        high=high,
        n=len(ranks),
        recall=recall,
        recall_ci95={k: recall_interval(ranks <= k, groups) for k in KS},
        median_rank=float(np.median(ranks)),
    )


def by_length(result: RetrievalResult, captions: Sequence[str]) -> tuple[Band, ...]:
    """Image retrieval by the number of words of the caption."""
    words = np.array([len(captions[i].split()) for i in result.captions.tolist()], dtype=np.int64)
    return bands(result, np.maximum(words, 1), LENGTHS)


def contenders(images: EmbeddingSet, result: RetrievalResult, margin: float | None = None) -> IntArray:
    """For each caption how many pictures beside the first score within `margin` of the first: (m,).

    The default margin is one logit, 1 / logit_scale: such a picture gets at least 1/e of the first one's
    odds. Few contenders mean a caption that points at one picture, many one that fits a crowd. It does not
    look at which picture is the right one, so it can explain the ranks without repeating them.
    """
    if images.text_embeddings is None:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no captions.")
    width = 1 / images.logit_scale if margin is None else margin
    best = np.maximum(result.own, result.rival).astype(np.float32) - np.float32(width)
    counts = np.full(result.n_texts, -1, dtype=np.int64)
    texts = take(images.text_embeddings, result.captions)
    for _, pictures, rows, captions in tiles(Units(images.image_embeddings), Units(texts)):
        counts[rows] += np.count_nonzero(captions @ pictures.T >= best[rows, None], axis=1)
    return np.maximum(counts, 0)


def by_contenders(images: EmbeddingSet, result: RetrievalResult, margin: float | None = None) -> tuple[Band, ...]:
    """Image retrieval by how many pictures contend for the first place."""
    return bands(result, contenders(images, result, margin), CONTENDERS)


def crowding(images: EmbeddingSet, neighbours: int = NEIGHBOURS) -> Float64Array:
    """How alike each picture's surroundings are: its mean cosine with its nearest other pictures, (n,)."""
    n = len(images)
    if n > MOST_PICTURES or n < 2:
        raise TMVError(f"Neighborhoods are measured for 2 to {MOST_PICTURES:,} images, this set has {n:,}.")
    k, found = min(neighbours, n - 1), np.empty(n)
    for rows, scores in score_blocks(images.image_embeddings, images.image_embeddings):
        at = np.arange(len(scores))
        scores[at, at + rows.start] = -np.inf
        found[rows] = np.partition(scores, n - k, axis=1)[:, n - k :].mean(axis=1)
    return found


def by_crowding(images: EmbeddingSet, result: RetrievalResult, parts: int = 4) -> tuple[Band, ...]:
    """Image retrieval by how crowded the picture's neighbourhood is, in parts of equal size over pictures."""
    values = crowding(images)
    edges = np.quantile(values, np.linspace(0, 1, parts + 1))
    part = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, parts - 1)[result.image_index]
    names = [{0: "most alone", parts - 1: "most crowded"}.get(i, f"{i + 1} of {parts}") for i in range(parts)]
    found = [_band(result, part == i, names[i], float(edges[i]), float(edges[i + 1])) for i in range(parts)]
    return tuple(band for band in found if band is not None)
