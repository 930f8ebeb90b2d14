"""The request for caption retrieval, and single questions about one caption or one picture."""

from __future__ import annotations

import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from core.catalog.published import published
from core.errors import TMVError
from core.stats.gallery import take
from core.studies.base import Lab, Study, gallery_of, row_of
from core.studies.captions import breakdown
from core.studies.captions.breakdown import Band, RetrievalDifference
from core.studies.captions.one_caption import OneCaptionResult, OnePictureResult, captions_found, examine
from core.studies.captions.ranks import CaptionRanks
from core.studies.captions.retrieval import ALL_CAPTIONS, RetrievalResult, assemble, caption_ranks, caption_rows
from core.studies.prompts.compose import leave_one_out
from core.system.progress import Progress
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, IntArray, Place

CUT_CAPTIONS = "cut_captions"
_RANKS_VERSION = 2
_ARRAYS = tuple(field.name for field in fields(CaptionRanks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval(Study[RetrievalResult]):
    """Caption retrieval in both directions; the ranks are kept on disk. See `core.studies.captions.retrieval`.

    `captions_per_picture` uses only the first few captions of each picture, `ALL_CAPTIONS` all of them; None: as the
    data set is measured (COCO with five, others with all).
    """

    kind: ClassVar[str] = "retrieve"
    captions_per_picture: int | None = None

    @property
    def used(self) -> int | None:
        """How many captions of each picture are used; None: all."""
        if self.captions_per_picture is None:
            return self.place.dataset.captions_per_picture
        return None if self.captions_per_picture == ALL_CAPTIONS else self.captions_per_picture

    def key(self, lab: Lab) -> Hashable:
        """The vectors, and how many captions are used."""
        return lab.vectors.require(self.place).key, self.used

    def kept(self, lab: Lab) -> RetrievalResult | None:
        """From the ranks on disk. Raises `NotHere` while pictures and captions are not embedded."""
        images = lab.vectors.require(self.place)
        ranks = lab.results.read(ranks_key(images.key, self.used), _read)
        return None if ranks is None else self._assembled(lab, images, caption_rows(images, self.used), ranks)

    def run(self, lab: Lab, progress: Progress | None = None) -> RetrievalResult:
        """Raises `NotHere` while pictures and captions are not embedded."""
        images = lab.vectors.require(self.place)
        rows = caption_rows(images, self.used)
        return self._assembled(lab, images, rows, _ranks(lab, images, rows, self.used, progress))

    def _assembled(self, lab: Lab, images: EmbeddingSet, rows: IntArray, ranks: CaptionRanks) -> RetrievalResult:
        figures = published(self.place.model, self.place.dataset)
        captions = [images.captions[row] for row in rows]
        cut = lab.prompting.text_notes(images.key.model, captions, "captions", CUT_CAPTIONS)
        recalls = tuple(figure for figure in figures if "_retrieval_" in figure.metric)
        return assemble(images, rows, ranks, self.used, recalls, cut)


def compare_retrieval(lab: Lab, a: RetrievalResult, b: RetrievalResult) -> RetrievalDifference:
    """Two models on the same captions, in pairs. See `core.studies.captions.breakdown.compare`."""
    marks = [(r.model, r.provenance.model_digest, r.provenance.data_digest, len(r.ids)) for r in (a, b)]
    key = ("compare-retrieval", a.dataset, a.split, a.captions_per_picture, b.captions_per_picture, *marks)
    return lab.memory.studies.get((*key, b.dataset, b.split), lambda: breakdown.compare(a, b))


def retrieval_by(lab: Lab, study: Retrieval, by: str = "length") -> tuple[Band, ...]:
    """Image retrieval by a property: "length" of the caption, "contenders" for the first place, or "crowding" of the
    picture's neighbourhood."""
    images = lab.vectors.require(study.place)
    result = lab.run(study)
    ways = {
        "length": lambda: breakdown.by_length(result, images.captions),
        "contenders": lambda: breakdown.by_contenders(images, result),
        "crowding": lambda: breakdown.by_crowding(images, result),
    }
    if by not in ways:
        raise TMVError(f"Captions are grouped by {', '.join(ways)}, not by {by!r}.")
    return lab.memory.studies.get(("bands", images.key, result.captions_per_picture, by), ways[by])


def one_caption(
    lab: Lab, place: Place, *, picture: str, text: str, others: Sequence[str] = (), by_word: bool = True, k: int = 10
) -> OneCaptionResult:
    """How `text` does at finding the picture with this id, word by word, with `others` beside it.

    Needs no encoder for a stored caption with `by_word=False` and no `others`.
    """
    images = lab.vectors.require(place)
    row = row_of(images, picture)
    spans = leave_one_out(text) if by_word else ()
    others = tuple(others)

    def make() -> OneCaptionResult:
        rest = [*(s.without for s in spans), *others]
        vectors = np.vstack([_text_vector(lab, images, text), *_rest(lab, images, rest)])
        found = examine(images, gallery_of(lab, images), row, text, vectors, spans, others, k)
        return replace(
            found, text_notes=lab.prompting.text_notes(images.key.model, [text, *others], "texts", "cut_texts")
        )

    return lab.memory.studies.get(("one-caption", images.key, picture, text, others, by_word, k), make)


def one_picture(lab: Lab, place: Place, *, picture: str, k: int = 10) -> OnePictureResult:
    """The captions that a picture finds, and where its own stand."""
    images = lab.vectors.require(place)

    def make() -> OnePictureResult:
        found = captions_found(images, gallery_of(lab, images, "texts"), row_of(images, picture), k)
        cut = lab.prompting.text_notes(images.key.model, images.captions, "captions", CUT_CAPTIONS)
        return replace(found, text_notes=cut)

    return lab.memory.studies.get(("one-picture", images.key, picture, k), make)


def _text_vector(lab: Lab, images: EmbeddingSet, text: str) -> FloatArray:
    """(1, d) of a text; a stored caption's own vector where it is one."""
    if images.text_embeddings is not None and text in images.captions:
        return take(images.text_embeddings, np.array([images.captions.index(text)]))
    return lab.encoding.encode_texts(images.key.model, [text])


def _rest(lab: Lab, images: EmbeddingSet, texts: Sequence[str]) -> list[FloatArray]:
    return [lab.encoding.encode_texts(images.key.model, texts)] if texts else []


def ranks_key(images: EmbeddingKey, cap: int | None) -> str:
    """Where the ranks of a set are kept, of its first `cap` captions a picture or of all (None)."""
    return f"retrieve/{images.fingerprint}/{cap or 'all'}/{_RANKS_VERSION}"


def _ranks(lab: Lab, images: EmbeddingSet, rows: IntArray, cap: int | None, progress: Progress | None) -> CaptionRanks:
    """The ranks of the captions `rows`, from disk or computed and kept."""
    key = ranks_key(images.key, cap)
    if (kept := lab.results.read(key, _read)) is not None:
        return kept
    ranks = caption_ranks(images, rows, progress)
    out = io.BytesIO()
    np.savez(out, **{name: getattr(ranks, name) for name in _ARRAYS})
    lab.results.keep(key, out.getvalue())
    return ranks


def _read(kept: bytes) -> CaptionRanks:
    with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
        return CaptionRanks(**{name: arrays[name] for name in _ARRAYS})
