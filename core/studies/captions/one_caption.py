"""One caption until one understands why it lost: its picture's rank, who beat it and by how much, word by
word.

And the other way round: one picture and the captions it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np

from core.errors import TMVError
from core.stats.gallery import Gallery, unit_vector
from core.studies.captions.retrieval import RetrievalResult
from core.studies.pictures.search import Hit, captions_of_row
from core.studies.prompts.compose import WordSpan
from core.studies.result import StudyResult, place_of
from core.types import EmbeddingSet, EvalProtocol, FloatArray, IntArray, Note, beside

Difficulty = Literal["any", "easy", "hard", "lost"]
HARD, LOST = 2, 11
"""Easy captions find their picture first, hard ones at rank 2 to 10, lost ones beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRank:
    """One wording: where the original picture stands for it, its score, and `margin`, its score minus the
    best other picture's (negative: lost by so much)."""

    text: str
    rank: int
    score: float
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRank:
    """One word left out, and where the picture stands then; `change` is places lost without the word
    (positive: the word helps) and `contribution` the score lost."""

    word: str
    start: int
    end: int
    without: TextRank
    change: int
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCaptionResult(StudyResult):
    """One caption with one model. `hits` are the first k pictures, `lookalikes` the nearest to the
    original among all other pictures, by cosine of the two pictures' vectors."""

    n: int
    picture: str
    captions: tuple[str, ...]
    caption: TextRank
    hits: tuple[Hit, ...]
    lookalikes: tuple[Hit, ...]
    words: tuple[WordRank, ...]
    others: tuple[TextRank, ...]
    protocol: EvalProtocol
    text_notes: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the ranks: of the data, and whether the caption is cut."""
        return beside(self.provenance.beside, self.text_notes)

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **self.place_record(),
            "n": self.n,
            "picture": self.picture,
            "captions": list(self.captions),
            **asdict(self.caption),
            "hits": [h.to_record() for h in self.hits],
            "lookalikes": [h.to_record() for h in self.lookalikes],
            "words": [
                {
                    "word": w.word,
                    "start": w.start,
                    "end": w.end,
                    "text_without": w.without.text,
                    "rank_without": w.without.rank,
                    "rank_change": w.change,
                    "contribution": w.contribution,
                }
                for w in self.words
            ],
            "others": [asdict(t) for t in self.others],
            "protocol": dict(self.protocol.details),
            **self.source_record(),
        }


def examine(
    images: EmbeddingSet,
    gallery: Gallery,
    row: int,
    text: str,
    vectors: FloatArray,
    spans: Sequence[WordSpan] = (),
    others: Sequence[str] = (),
    k: int = 10,
) -> OneCaptionResult:
    """How one text does at finding picture `row`.

    `vectors` (1 + w + o, d), unnormalised, are those of `text`, of each `span.without`, and of `others`
    (other wordings, for example the bare noun). A picture that ties with the original counts as ahead of
    it.
    """
    if not 0 <= row < len(images):
        raise TMVError(f"Image {row} is not among the {len(images)} of {images.key.dataset}.")
    if len(vectors) != 1 + len(spans) + len(others):
        raise TMVError(f"Expected {1 + len(spans) + len(others)} text vectors, got {len(vectors)}.")
    texts = [text, *(s.without for s in spans), *others]
    ranks = [_text_rank(gallery, row, t, unit_vector(v)) for t, v in zip(texts, vectors, strict=True)]
    full, left_out, rest = ranks[0], ranks[1 : 1 + len(spans)], ranks[1 + len(spans) :]
    words = tuple(
        WordRank(
            word=s.word,
            start=s.start,
            end=s.end,
            without=r,
            change=r.rank - full.rank,
            contribution=full.score - r.score,
        )
        for s, r in zip(spans, left_out, strict=True)
    )
    key = images.key
    protocol = EvalProtocol(
        templates=(),
        classnames="",
        split=key.split,
        n=len(images),
        normalised=True,
        details={
            "rank": "1 + other images that score at least as high",
            "search": "exact",
            "words": "each word left out in turn",
        },
    )
    return OneCaptionResult(
        model=key.model,
        dataset=key.dataset,
        split=key.split,
        n=len(images),
        picture=images.ids[row],
        captions=captions_of_row(images, row),
        caption=full,
        hits=_hits(images, gallery, unit_vector(vectors[0]), k),
        lookalikes=lookalikes(images, gallery, row, k),
        words=words,
        others=tuple(rest),
        protocol=protocol,
        provenance=images.provenance,
    )


def _text_rank(gallery: Gallery, row: int, text: str, query: FloatArray) -> TextRank:
    scores = gallery.scores(query[None])[0]
    ahead = gallery.ahead_of(query, scores, row)
    own = float(gallery.exact(np.array([row]), query)[0])
    rows, values = gallery.best(query, scores, 2)
    rivals = values[rows != row]
    return TextRank(
        text=text, rank=1 + len(ahead), score=own, margin=own - float(rivals[0]) if len(rivals) else float("nan")
    )


def _hits(images: EmbeddingSet, gallery: Gallery, query: FloatArray, k: int) -> tuple[Hit, ...]:
    rows, values = gallery.best(query, gallery.scores(query[None])[0], k)
    return tuple(
        Hit(
            rank=i + 1, row=int(r), id=images.ids[r], score=float(v), label="", captions=captions_of_row(images, int(r))
        )
        for i, (r, v) in enumerate(zip(rows.tolist(), values, strict=True))
    )


def lookalikes(images: EmbeddingSet, gallery: Gallery, row: int, k: int = 10) -> tuple[Hit, ...]:
    """The k other pictures nearest to picture `row`, by the cosine of the pictures' own vectors."""
    found = _hits(images, gallery, unit_vector(gallery.unit(np.array([row]))[0]), k + 1)
    rest = [hit for hit in found if hit.row != row][:k]
    return tuple(
        Hit(rank=i + 1, row=h.row, id=h.id, score=h.score, label=h.label, captions=h.captions)
        for i, h in enumerate(rest)
    )


# --- a picture and its captions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionHit:
    """One caption found by a picture: `own` says whether it is one of the picture's."""

    rank: int
    row: int
    text: str
    picture: str
    score: float
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePictureResult(StudyResult):
    """One picture with one model: the first k captions, and `rank`, where the first of its own stands
    (None for a picture without captions; foreign captions that tie with it count as ahead)."""

    n_texts: int
    picture: str
    rank: int | None
    hits: tuple[CaptionHit, ...]
    own: tuple[CaptionHit, ...]
    text_notes: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the ranks: of the data, and how many captions are cut."""
        return beside(self.provenance.beside, self.text_notes)

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **self.place_record(),
            "n_texts": self.n_texts,
            "picture": self.picture,
            "rank": self.rank,
            "hits": [asdict(h) for h in self.hits],
            "own": [asdict(h) for h in self.own],
            **self.source_record(),
        }


def captions_found(images: EmbeddingSet, texts: Gallery, row: int, k: int = 10) -> OnePictureResult:
    """The captions that picture `row` finds first, and where its own stand. `texts` holds the captions'
    vectors."""
    if images.image_index is None:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no captions.")
    query = unit_vector(images.image_embeddings[row])
    scores = texts.scores(query[None])[0]
    rows, values = texts.best(query, scores, k)
    mine = np.flatnonzero(images.image_index == row)
    own = _own_hits(images, texts, query, scores, mine, row)
    hits = tuple(
        _caption(images, i + 1, int(r), float(v), row) for i, (r, v) in enumerate(zip(rows, values, strict=True))
    )
    return OnePictureResult(
        **place_of(images),
        n_texts=len(texts),
        picture=images.ids[row],
        rank=_first_own(texts, query, scores, mine),
        hits=hits,
        own=own,
    )


def _own_hits(
    images: EmbeddingSet, texts: Gallery, query: FloatArray, scores: FloatArray, mine: IntArray, row: int
) -> tuple[CaptionHit, ...]:
    ranks, values = texts.ranks(query, scores, mine), texts.exact(mine, query)
    order = np.argsort(ranks, kind="stable")
    return tuple(_caption(images, int(ranks[i]), int(mine[i]), float(values[i]), row) for i in order)


def _first_own(texts: Gallery, query: FloatArray, scores: FloatArray, mine: IntArray) -> int | None:
    if not len(mine):
        return None
    best = mine[int(np.argmax(texts.exact(mine, query)))]
    return 1 + int(np.count_nonzero(~np.isin(texts.ahead_of(query, scores, int(best)), mine)))


def _caption(images: EmbeddingSet, rank: int, caption: int, score: float, row: int) -> CaptionHit:
    owner = int(images.image_index[caption]) if images.image_index is not None else -1
    return CaptionHit(
        rank=rank, row=caption, text=images.captions[caption], picture=images.ids[owner], score=score, own=owner == row
    )


# --- choosing one -----------------------------------------------------------------------------------------


def draw(result: RetrievalResult, kind: Difficulty = "any", seed: int = 0) -> int | None:
    """A random caption of a kind, by its row in the set; None where there is none of that kind."""
    ranks = result.image.ranks
    fits = {"any": ranks > 0, "easy": ranks < HARD, "hard": (ranks >= HARD) & (ranks < LOST), "lost": ranks >= LOST}
    rows = result.captions[fits[kind]]
    return int(np.random.default_rng(seed).choice(rows)) if len(rows) else None


def find_captions(captions: Sequence[str], words: str, limit: int = 50) -> tuple[int, ...]:
    """Rows of captions that hold every one of these words (small or large letters alike), in order."""
    wanted = words.lower().split()
    found = (i for i, caption in enumerate(captions) if all(w in caption.lower() for w in wanted))
    return tuple(islice(found, limit))
