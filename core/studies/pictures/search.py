"""Pictures by prompt: the best k of a data set, how all scores spread, and how many of the k are right.

What is asked is a `query.Query`; what changes between two answers is in `lists`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.gallery import Gallery
from core.stats.intervals import wilson
from core.stats.metrics import Float64Array
from core.stats.streamed import Best
from core.studies.pictures.at_size import Nominated, note_of
from core.studies.pictures.query import Query
from core.studies.result import StudyResult, place_of
from core.types import EmbeddingSet, EvalProtocol, FloatArray, IntArray, Interval, Note, beside, expect_shape

BINS = 40
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


# --- the answer -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture found: `row` in the stored set, `label` its class ("" without one), or its `captions`."""

    rank: int
    row: int
    id: str
    score: float
    label: str = ""
    captions: tuple[str, ...] = ()
    relevant: bool | None = None

    def to_record(self) -> dict[str, Any]:
        """rank, id, score, and label or captions."""
        record: dict[str, Any] = {"rank": self.rank, "id": self.id, "score": self.score}
        record |= {"label": self.label} if self.label else {"captions": list(self.captions)}
        return record if self.relevant is None else record | {"relevant": self.relevant}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the scores of a query lie, of all n images or of a sample: `edges` (b + 1,) and `counts` (b,) of a histogram,
    and `quantiles`."""

    edges: Float64Array
    counts: IntArray
    mean: float
    std: float
    quantiles: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Of the k best pictures, `hits` belong to `classnames`, as do `relevant` of all n (`base_rate`)."""

    classnames: tuple[str, ...]
    k: int
    hits: int
    relevant: int
    precision: float
    ci95: Interval
    base_rate: float
    recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesResult(StudyResult):
    """The answer of one model. `scores` (n,) float32 are those of all pictures, `vector` (d,) the query. Where an index
    had to do with it, not all pictures were scored: `scores` is (0,), and `spread` that of a sample."""

    n: int
    query: Query
    k: int
    hits: tuple[Hit, ...]
    scores: FloatArray
    vector: FloatArray
    ids: tuple[str, ...]
    spread: Spread
    precision: Precision | None
    protocol: EvalProtocol
    text_notes: tuple[Note, ...] = ()
    index: Nominated | None = None
    way_note: Note | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the list: of the data, whether the query is cut, and how it was searched where that is
        not plain."""
        way = note_of(self.index, self.n, len(self.hits)) if self.index is not None else self.way_note
        return beside(self.provenance.beside, self.text_notes, (way,) if way is not None else ())

    def __post_init__(self) -> None:
        expect_shape("scores", self.scores, (self.n if self.index is None else 0,), np.float32)
        expect_shape("vector", self.vector, ("d",), np.float32)
        self.scores.setflags(write=False)
        self.vector.setflags(write=False)

    @property
    def rows(self) -> IntArray:
        """(k,) rows of the hits."""
        return np.array([hit.row for hit in self.hits], dtype=np.int64)

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `search`."""
        terms = [{"text": t.text, "weight": t.weight} for t in self.query.terms]
        record: dict[str, Any] = {
            **self.place_record(),
            "n": self.n,
            "text": self.query.terms[0].text if self.query.terms else "",
            "query": self.query.words,
            "terms": terms,
            "image": self.query.image or None,
            "image_weight": self.query.image_weight if self.query.image else None,
            "k": len(self.hits),
            "hits": [hit.to_record() for hit in self.hits],
            "scores": {
                "mean": self.spread.mean,
                "std": self.spread.std,
                "quantiles": [list(pair) for pair in self.spread.quantiles],
            },
            "protocol": dict(self.protocol.details),
            **self.source_record(),
        }
        if self.precision is not None:
            record["precision"] = precision_record(self.precision)
        if self.index is not None:
            record["scores"]["sampled"] = int(self.spread.counts.sum())
            record["index"] = self.index.to_record()
        return record


def precision_record(p: Precision) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "classnames": list(p.classnames),
        "k": p.k,
        "hits": p.hits,
        "relevant": p.relevant,
        "precision_at_k": p.precision,
        "precision_at_k_ci95": list(p.ci95),
        "base_rate": p.base_rate,
        "recall_at_k": p.recall,
    }


def find(
    images: EmbeddingSet, gallery: Gallery, query: Query, vector: FloatArray, k: int = 10, classes: Sequence[int] = ()
) -> PicturesResult:
    """The k pictures closest to a query.

    `gallery` holds the vectors of `images`; `vector` (d,) comes from `query_vector`; `classes` are the labels
    that count as right for precision at k. Exact: the same as sorting all cosines, equal scores in the order
    of the data set.
    """
    if k < 1:
        raise TMVError(f"Asked for {k} images; ask for at least 1.")
    scores = gallery.scores(vector[None])[0]
    rows, values = gallery.best(vector, scores, k)
    return _answer(images, query, vector, Best(rows=rows, values=values), scores, classes)


def find_listed(
    images: EmbeddingSet,
    best: Best,
    index: Nominated,
    query: Query,
    vector: FloatArray,
    sampled: FloatArray,
    classes: Sequence[int] = (),
) -> PicturesResult:
    """The answer of `find` where an index had to do with the list: `best` is the list, `sampled` (s,) float32 are the
    scores of some of the images."""
    return _answer(images, query, vector, best, sampled, classes, index)


def _answer(
    images: EmbeddingSet,
    query: Query,
    vector: FloatArray,
    best: Best,
    scores: FloatArray,
    classes: Sequence[int],
    index: Nominated | None = None,
) -> PicturesResult:
    relevant = relevant_rows(images, classes)
    hits = tuple(
        _hit(images, i + 1, int(row), float(score), relevant)
        for i, (row, score) in enumerate(zip(best.rows, best.values, strict=True))
    )
    return PicturesResult(
        **place_of(images),
        n=len(images),
        query=query,
        k=len(hits),
        hits=hits,
        scores=scores if index is None else np.empty(0, np.float32),
        vector=vector,
        ids=images.ids,
        spread=spread(scores),
        precision=_precision(images, hits, classes, relevant),
        protocol=_protocol(images, "exact" if index is None or index.checked else "nominated by an index"),
        index=index,
    )


def _protocol(images: EmbeddingSet, way: str) -> EvalProtocol:
    details = {
        "score": "cosine with the query",
        "ties": "earlier row first",
        "search": way,
        "query": "unit(sum of weight x unit(vector))",
    }
    return EvalProtocol(
        templates=(), classnames="", split=images.key.split, n=len(images), normalised=True, details=details
    )


def _hit(images: EmbeddingSet, rank: int, row: int, score: float, relevant: NDArray[np.bool_] | None) -> Hit:
    return Hit(
        rank=rank,
        row=row,
        id=images.ids[row],
        score=score,
        label=", ".join(labels_of_row(images, row)),
        captions=captions_of_row(images, row),
        relevant=None if relevant is None else bool(relevant[row]),
    )


def labels_of_row(images: EmbeddingSet, row: int) -> tuple[str, ...]:
    """The class names of one image: one, none or several."""
    if images.label_pairs is not None:
        return tuple(images.classnames[label] for label in images.label_pairs[images.label_pairs[:, 0] == row, 1])
    return () if images.labels is None or not images.classnames else (images.classnames[images.labels[row]],)


def captions_of_row(images: EmbeddingSet, row: int) -> tuple[str, ...]:
    """The captions of one picture, in the data set's order."""
    if images.image_index is None:
        return ()
    return tuple(images.captions[i] for i in np.flatnonzero(images.image_index == row))


def spread(scores: FloatArray, bins: int = BINS) -> Spread:
    """Histogram and quantiles of all scores of a query (n,)."""
    counts, edges = np.histogram(scores, bins=bins)
    levels = np.quantile(scores.astype(np.float64), QUANTILES)
    return Spread(
        edges=edges.astype(np.float64),
        counts=counts.astype(np.int64),
        mean=float(scores.mean(dtype=np.float64)),
        std=float(scores.std(dtype=np.float64)),
        quantiles=tuple(zip(QUANTILES, map(float, levels), strict=True)),
    )


# --- is it right ------------------------------------------------------------------------------------------


def relevant_rows(images: EmbeddingSet, classes: Sequence[int]) -> NDArray[np.bool_] | None:
    """(n,) which pictures belong to these classes; None where nothing can be said."""
    pairs = images.pairs
    if pairs is None or not len(classes):
        return None
    relevant = np.zeros(len(images), np.bool_)
    relevant[pairs[np.isin(pairs[:, 1], np.asarray(classes, dtype=np.int64)), 0]] = True
    return relevant


def _precision(
    images: EmbeddingSet, hits: Sequence[Hit], classes: Sequence[int], relevant: NDArray[np.bool_] | None
) -> Precision | None:
    if relevant is None or not hits:
        return None
    k, right, total = len(hits), sum(bool(hit.relevant) for hit in hits), int(relevant.sum())
    names = tuple(images.classnames[c] for c in classes)
    return Precision(
        classnames=names,
        k=k,
        hits=right,
        relevant=total,
        precision=right / k,
        ci95=wilson(right, k),
        base_rate=total / len(images),
        recall=right / total if total else float("nan"),
    )
