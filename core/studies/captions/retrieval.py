"""Caption retrieval for a whole data set, both directions.

Definitions (they differ in the field, so they are stated with every result):
- image retrieval: a caption counts when its own picture is among the first k of all n pictures;
- text retrieval: a picture counts when any of its captions is among the first k of all m captions
  (CLIP_benchmark's `image_retrieval_recall@k` and `text_retrieval_recall@k`).
Ranks start at 1 and ties count against the right one. Intervals are bootstraps over pictures: all captions
of a picture are drawn together, since they are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.errors import TMVError
from core.stats.gallery import take
from core.stats.intervals import SEED, bootstrap_mean, wilson
from core.stats.metrics import BoolArray, Float64Array, summarise_ranks
from core.stats.numbers import count
from core.studies.captions.ranks import CaptionRanks, rank_captions
from core.studies.result import StudyResult
from core.system.progress import Progress
from core.types import EmbeddingSet, EvalProtocol, FloatArray, IntArray, Interval, Note, Reference, beside, expect_shape

KS = (1, 5, 10)
ALL_CAPTIONS = 0
"""Asks for every caption of a picture where a data set is measured with fewer."""
MEDIAN_SAMPLES = 400
DECISIVE = 0.1
"""So much of recall hanging on the rule for ties makes it a number about that rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One direction: `ranks` (q,) of its queries and `groups` (q,), the picture each belongs to."""

    ranks: IntArray
    groups: IntArray
    recall: Mapping[int, float]
    recall_ci95: Mapping[int, Interval]
    median_rank: float
    median_rank_ci95: Interval
    mean_rank: float
    mean_rank_ci95: Interval
    mrr: float
    mrr_ci95: Interval

    @property
    def n(self) -> int:
        """Number of queries."""
        return len(self.ranks)

    def to_record(self, prefix: str) -> dict[str, Any]:
        """JSON-ready, names as CLIP_benchmark's."""
        recalls = {f"{prefix}_recall@{k}": v for k, v in self.recall.items()}
        return (
            recalls
            | {f"{prefix}_recall@{k}_ci95": list(v) for k, v in self.recall_ci95.items()}
            | {
                f"{prefix}_median_rank": self.median_rank,
                f"{prefix}_median_rank_ci95": list(self.median_rank_ci95),
                f"{prefix}_mean_rank": self.mean_rank,
                f"{prefix}_mean_rank_ci95": list(self.mean_rank_ci95),
                f"{prefix}_mrr": self.mrr,
                f"{prefix}_mrr_ci95": list(self.mrr_ci95),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalResult(StudyResult):
    """One model on one split. `captions` (m,) are the rows of the captions used, `image_index` (m,) their
    pictures' rows, `own` (m,) the score of each with its picture and `rival` (m,) the best with any other;
    `captions_per_picture` is the cap asked for (None: all), `captions_range` the fewest and most used.
    """

    n_images: int
    n_texts: int
    captions_per_picture: int | None
    captions_range: tuple[int, int]
    image: Direction
    text: Direction
    captions: IntArray
    image_index: IntArray
    own: Float64Array
    rival: FloatArray
    ids: tuple[str, ...]
    protocol: EvalProtocol
    published: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        for name in ("captions", "image_index"):
            expect_shape(name, getattr(self, name), (self.n_texts,), np.int64)
        for array in (self.captions, self.image_index, self.own, self.rival):
            array.setflags(write=False)

    @property
    def margins(self) -> Float64Array:
        """(m,) by how much a caption's own picture scores above the best other one; negative where it
        lost."""
        return self.own - self.rival

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `retrieve`."""
        low, high = self.captions_range
        return {
            **self.place_record(),
            "n": self.n_images,
            "n_images": self.n_images,
            "n_texts": self.n_texts,
            "captions_per_picture": self.captions_per_picture,
            "captions_fewest": low,
            "captions_most": high,
            **self.image.to_record("image_retrieval"),
            **self.text.to_record("text_retrieval"),
            "published": [asdict(r) for r in self.published],
            "notes": [note.as_dict() for note in self.notes],
            "protocol": dict(self.protocol.details),
            "provenance": self.provenance.as_dict(),
        }


# --- computing --------------------------------------------------------------------------------------------


def first_captions(image_index: IntArray, most: int | None) -> IntArray:
    """Rows of the first `most` captions of each picture (all where None), in the data set's order."""
    if most is None:
        return np.arange(len(image_index))
    if most < 1:
        raise TMVError(f"Captions per image must be at least 1, got {most}.")
    order = np.argsort(image_index, kind="stable")
    first = np.searchsorted(image_index[order], image_index[order])
    place = np.arange(len(order)) - first
    return np.sort(order[place < most])


def caption_rows(images: EmbeddingSet, captions_per_picture: int | None = None) -> IntArray:
    """Rows of the captions used; `TMVError` for a set without captions."""
    if images.text_embeddings is None or images.image_index is None or not len(images.image_index):
        raise TMVError(
            f"{images.key.dataset} ({images.key.split}) has no captions; retrieval needs a data set with "
            "captions such as demo-captions or coco."
        )
    return first_captions(images.image_index, captions_per_picture)


def retrieve(
    images: EmbeddingSet,
    captions_per_picture: int | None = None,
    *,
    published: Sequence[Reference] = (),
    progress: Progress | None = None,
) -> RetrievalResult:
    """Both directions of a set with captions, using all captions of a picture or the first few."""
    rows = caption_rows(images, captions_per_picture)
    ranks = caption_ranks(images, rows, progress)
    return assemble(images, rows, ranks, captions_per_picture, published)


def caption_ranks(images: EmbeddingSet, rows: IntArray, progress: Progress | None = None) -> CaptionRanks:
    """Ranks of the captions `rows` (m,) of a set with captions, and of its pictures among them."""
    if images.text_embeddings is None or images.image_index is None:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no captions.")
    texts = images.text_embeddings
    used = texts if len(rows) == len(texts) else take(texts, rows)
    return rank_captions(images.image_embeddings, used, images.image_index[rows], progress)


def assemble(
    images: EmbeddingSet,
    rows: IntArray,
    ranks: CaptionRanks,
    captions_per_picture: int | None,
    published: Sequence[Reference] = (),
    texts: Sequence[Note] = (),
) -> RetrievalResult:
    """The result from ranks of the captions `rows` (m,), however they were come by; `texts` is what is to be said of
    the captions as texts."""
    if images.image_index is None:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no captions.")
    index = images.image_index[rows]
    counts = np.bincount(index, minlength=len(images))
    used = counts[counts > 0]
    key, span = images.key, (int(used.min()), int(used.max()))
    protocol = EvalProtocol(
        templates=(),
        classnames="",
        split=key.split,
        n=len(images),
        normalised=True,
        details=_details(captions_per_picture, span),
    )
    return RetrievalResult(
        model=key.model,
        dataset=key.dataset,
        split=key.split,
        n_images=len(images),
        n_texts=len(rows),
        captions_per_picture=captions_per_picture,
        captions_range=span,
        image=direction(ranks.image_ranks, index),
        text=direction(ranks.text_ranks, ranks.pictures),
        captions=rows,
        image_index=index,
        own=ranks.own,
        rival=ranks.rival,
        ids=images.ids,
        protocol=protocol,
        provenance=images.provenance,
        published=tuple(published),
        notes=beside(
            images.provenance.beside,
            texts,
            _small_notes(len(images), len(rows), span),
            _notes(images, counts, span, bool(published)),
            _tie_notes(ranks),
        ),
    )


def direction(ranks: IntArray, groups: IntArray) -> Direction:
    """Figures and intervals of ranks (q,) whose queries belong to pictures `groups` (q,)."""
    summary, inverse = summarise_ranks(ranks, KS), 1.0 / ranks
    return Direction(
        ranks=ranks,
        groups=groups,
        recall=summary.recall,
        recall_ci95={k: recall_interval(ranks <= k, groups) for k in KS},
        median_rank=summary.median_rank,
        median_rank_ci95=median_interval(ranks, groups),
        mean_rank=summary.mean_rank,
        mean_rank_ci95=bootstrap_mean(ranks, groups=groups),
        mrr=summary.mrr,
        mrr_ci95=bootstrap_mean(inverse, groups=groups),
    )


def recall_interval(hits: BoolArray, groups: IntArray) -> Interval:
    """95 % interval of a share of queries (q,), whole groups drawn together.

    Where no query hits, or every one does, a bootstrap knows no doubt; then it is Wilson's, with each group one
    trial.
    """
    if hits.any() and not hits.all():
        return bootstrap_mean(hits, groups=groups)
    trials = len(np.unique(groups))
    return wilson(trials if hits.all() else 0, trials)


def median_interval(ranks: IntArray, groups: IntArray, samples: int = MEDIAN_SAMPLES, seed: int = SEED) -> Interval:
    """Percentile bootstrap interval of the median rank, whole groups drawn together.

    A resample is how often each group is drawn; its median is read off the sorted ranks weighted so.
    """
    which = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(ranks, kind="stable")
    sorted_ranks, owner, g = ranks[order], which[order], int(which.max()) + 1
    rng, medians = np.random.default_rng(seed), np.empty(samples)
    for i in range(samples):
        weight = np.bincount(rng.integers(0, g, g), minlength=g)[owner].cumsum()
        low, high = np.searchsorted(weight, [(weight[-1] + 1) // 2, weight[-1] // 2 + 1])
        medians[i] = (sorted_ranks[low] + sorted_ranks[high]) / 2
    below, above = np.quantile(medians, [0.025, 0.975])
    return float(below), float(above)


def _details(cap: int | None, span: tuple[int, int]) -> dict[str, Any]:
    return {
        "image_retrieval": "a caption counts when its own image is among the first k",
        "text_retrieval": "an image counts when any of its captions is among the first k",
        "captions": "all captions of an image" if cap is None else f"the first {cap} captions of an image",
        "captions_fewest": span[0],
        "captions_most": span[1],
        "ties": "count against the right one",
        "interval": "95 % bootstrap over images, captions of an image drawn together; Wilson's at 0 and 100 %",
    }


def _small_notes(n: int, m: int, span: tuple[int, int]) -> tuple[Note, ...]:
    """Where so few are to choose among that a guess is among the first k half the time or more."""
    notes = list[Note]()
    most = max(KS)
    if n <= most:
        sure = " and ".join(f"recall@{k}" for k in KS if n <= k)
        text = f"With only {n} images, {sure} from text to image {'is' if n > 5 else 'are'} always 100 %."
        notes.append(Note(text, "small_gallery", "warning"))
    elif n <= 2 * most:
        text = f"With only {n} images, a guess reaches {100 * most / n:.0f} % in recall@{most} from text to image."
        notes.append(Note(text, "small_gallery", "warning"))
    if m - span[0] < most:  # even where all others come first, one of the picture's own is among the ten
        text = f"With only {m} captions, recall@{most} from image to text is always 100 %."
        notes.append(Note(text, "small_gallery", "warning"))
    return tuple(notes)


def _notes(images: EmbeddingSet, counts: IntArray, span: tuple[int, int], published: bool) -> tuple[Note, ...]:
    notes = list[Note]()
    if bare := int(np.count_nonzero(counts == 0)):
        which = count(bare, "image has", "images have")
        text = f"{which} no caption; such an image can be found by mistake, but asks nothing."
        notes.append(Note(text, "bare_pictures"))
    if span[0] != span[1]:
        text = f"Images have {span[0]} to {span[1]} captions; with more captions per image finds one more easily."
        notes.append(Note(text, "unequal_captions"))
    if published and (len(images) != 5000 or span != (5, 5)):
        text = (
            f"Published figures are for 5,000 images with 5 captions each; here there are {len(images):,} "
            f"with {span[0] if span[0] == span[1] else f'{span[0]} to {span[1]}'}, so they do not compare: "
            "fewer images make the task easier."
        )
        notes.append(Note(text, "not_the_published_set"))
    return tuple(notes)


def _tie_notes(ranks: CaptionRanks) -> tuple[Note, ...]:
    """What hangs on the rule for ties, which other tools break by chance: equal captions are one text to a model."""
    notes = list[Note]()
    for found, ties, asked, answer in (
        (ranks.image_ranks, ranks.image_ties, "captions", "text to image"),
        (ranks.text_ranks, ranks.text_ties, "images", "image to text"),
    ):
        against, favour = (float(np.mean(r <= 1)) for r in (found, found - ties))
        if against != favour:
            text = (
                f"{np.count_nonzero((found > 1) & (found - ties <= 1)):,} of {len(found):,} {asked} tie for the first "
                f"place. Ties count against them; with every tie in their favor, recall@1 from {answer} would be "
                f"{100 * favour:.1f} % instead of {100 * against:.1f} %."
            )
            notes.append(Note(text, "ties", "warning" if favour - against >= DECISIVE else "info"))
    return tuple(notes)
