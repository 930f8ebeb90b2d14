"""The engine's caption retrieval: the benchmark in both directions, one caption, one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from core.catalog.datasets import find_dataset
from core.catalog.published import published
from core.engine_parts import EngineParts, gallery_of, row_of
from core.errors import TMVError
from core.stats.gallery import take
from core.studies.captions import breakdown as retrieval_reading
from core.studies.captions import one_caption, retrieval
from core.studies.captions.breakdown import Band, RetrievalDifference
from core.studies.captions.one_caption import OneCaptionResult, OnePictureResult
from core.studies.captions.ranks import CaptionRanks
from core.studies.captions.retrieval import RetrievalResult
from core.studies.prompts import compose
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, IntArray, Progress, Reference

_RANKS_VERSION = 2
_ARRAYS = tuple(field.name for field in fields(CaptionRanks))


class RetrievalStudies:
    """Methods of `core.engine.Engine`."""

    def retrieve(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        captions_per_picture: int | None = None,
        progress: Progress | None = None,
    ) -> RetrievalResult:
        """Caption retrieval in both directions; the ranks are kept on disk. See `core.studies.captions.retrieval`.

        `captions_per_picture` uses only the first few captions of each picture, `ALL_CAPTIONS` all of them;
        None: as the data set is measured (COCO with five, others with all).
        """
        images, used = self.needed(model, dataset, split), _used(dataset, captions_per_picture)

        def make() -> RetrievalResult:
            rows = retrieval.caption_rows(images, used)
            ranks = _ranks(self, images, rows, used, progress)
            figures = _recalls(published(self.model(model), self.dataset(dataset)))
            captions = [images.captions[row] for row in rows]
            cut = self.text_notes(images.key.model, captions, "captions", "cut_captions")
            return retrieval.assemble(images, rows, ranks, used, figures, cut)

        return self.studies.get(("retrieve", images.key, used), make)

    def compare_retrieval(self: EngineParts, a: RetrievalResult, b: RetrievalResult) -> RetrievalDifference:
        """Two models on the same captions, in pairs. See `core.studies.captions.breakdown.compare`."""
        marks = [(r.model, r.provenance.model_digest, r.provenance.data_digest, len(r.ids)) for r in (a, b)]
        key = ("compare-retrieval", a.dataset, a.split, a.captions_per_picture, b.captions_per_picture, *marks)
        return self.studies.get((*key, b.dataset, b.split), lambda: retrieval_reading.compare(a, b))

    def retrieval_breakdown(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        captions_per_picture: int | None = None,
        *,
        by: str = "length",
    ) -> tuple[Band, ...]:
        """Image retrieval by a property: "length" of the caption, "contenders" for the first place, or
        "crowding" of the picture's neighbourhood."""
        images = self.needed(model, dataset, split)
        result = RetrievalStudies.retrieve(self, model, dataset, split, captions_per_picture)
        ways = {
            "length": lambda: retrieval_reading.by_length(result, images.captions),
            "contenders": lambda: retrieval_reading.by_contenders(images, result),
            "crowding": lambda: retrieval_reading.by_crowding(images, result),
        }
        if by not in ways:
            raise TMVError(f"Captions are grouped by {', '.join(ways)}, not by {by!r}.")
        return self.studies.get(("bands", images.key, result.captions_per_picture, by), ways[by])

    def one_caption(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        picture: str,
        text: str,
        others: Sequence[str] = (),
        by_word: bool = True,
        k: int = 10,
    ) -> OneCaptionResult:
        """How `text` does at finding the picture with this id, word by word, with `others` beside it.

        Needs no encoder for a stored caption with `by_word=False` and no `others`.
        """
        images = self.needed(model, dataset, split)
        row = row_of(images, picture)
        spans = compose.leave_one_out(text) if by_word else ()
        others = tuple(others)

        def make() -> OneCaptionResult:
            rest = [*(s.without for s in spans), *others]
            vectors = np.vstack([_text_vector(self, images, text), *_rest(self, images, rest)])
            return one_caption.examine(images, gallery_of(self, images), row, text, vectors, spans, others, k)

        return self.studies.get(("one-caption", images.key, picture, text, others, by_word, k), make)

    def one_picture(
        self: EngineParts, model: str, dataset: str, split: str | None = None, *, picture: str, k: int = 10
    ) -> OnePictureResult:
        """The captions that a picture finds, and where its own stand."""
        images = self.needed(model, dataset, split)
        texts = gallery_of(self, images, "texts")
        return one_caption.captions_found(images, texts, row_of(images, picture), k)


def _used(dataset: str, asked: int | None) -> int | None:
    """How many captions of each picture are used; None: all."""
    if asked is None:
        return find_dataset(dataset).captions_per_picture
    return None if asked == retrieval.ALL_CAPTIONS else asked


def _text_vector(engine: EngineParts, images: EmbeddingSet, text: str) -> FloatArray:
    """(1, d) of a text; a stored caption's own vector where it is one."""
    if images.text_embeddings is not None and text in images.captions:
        return take(images.text_embeddings, np.array([images.captions.index(text)]))
    return engine.encode_texts(images.key.model, [text])


def _rest(engine: EngineParts, images: EmbeddingSet, texts: Sequence[str]) -> list[FloatArray]:
    return [engine.encode_texts(images.key.model, texts)] if texts else []


def _recalls(figures: Sequence[Reference]) -> tuple[Reference, ...]:
    return tuple(r for r in figures if "_retrieval_" in r.metric)


def ranks_key(images: EmbeddingKey, cap: int | None) -> str:
    """Where the ranks of a set are kept, of its first `cap` captions a picture or of all (None)."""
    return f"retrieve/{images.fingerprint}/{cap or 'all'}/{_RANKS_VERSION}"


def _ranks(
    engine: EngineParts, images: EmbeddingSet, rows: IntArray, cap: int | None, progress: Progress | None
) -> CaptionRanks:
    """The ranks of the captions `rows`, from disk or computed and kept."""
    key = ranks_key(images.key, cap)
    kept = engine.results.get(key)
    if isinstance(kept, bytes):
        with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
            return CaptionRanks(**{name: arrays[name] for name in _ARRAYS})
    ranks = retrieval.caption_ranks(images, rows, progress)
    out = io.BytesIO()
    np.savez(out, **{name: getattr(ranks, name) for name in _ARRAYS})
    engine.results.keep(key, out.getvalue())
    return ranks
