"""What each word of a prompt contributes: leave it out and see how the score changes.

The contribution of a word to a picture is cos(picture, text) - cos(picture, text without the word): positive
when the word helps. For a class it is the mean over the class's pictures, with a bootstrap interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.intervals import bootstrap_mean
from core.stats.metrics import Float64Array, normalise
from core.studies.prompts.compose import WordSpan
from core.studies.result import StudyResult
from core.types import EvalProtocol, FloatArray, Interval, Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class WordEffect:
    """One word: the mean score `without` it and its `contribution`, with an interval where there are several
    pictures (None for one)."""

    word: str
    start: int
    end: int
    text_without: str
    score_without: float
    contribution: float
    ci95: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """Another way to say it, its mean score and the difference to the original's."""

    text: str
    score: float
    difference: float
    ci95: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsResult(StudyResult):
    """Word by word for one text and one target (a picture, or a class of `n` pictures)."""

    n: int
    text: str
    target: str
    score: float
    words: tuple[WordEffect, ...]
    rewordings: tuple[Rewording, ...]
    protocol: EvalProtocol

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **self.place_record(),
            "n": self.n,
            "text": self.text,
            "target": self.target,
            "score": self.score,
            "words": [
                {
                    "word": w.word,
                    "start": w.start,
                    "end": w.end,
                    "text_without": w.text_without,
                    "score_without": w.score_without,
                    "contribution": w.contribution,
                    "contribution_ci95": list(w.ci95) if w.ci95 else None,
                }
                for w in self.words
            ],
            "rewordings": [
                {
                    "text": r.text,
                    "score": r.score,
                    "difference": r.difference,
                    "difference_ci95": list(r.ci95) if r.ci95 else None,
                }
                for r in self.rewordings
            ],
            "protocol": dict(self.protocol.details),
            **self.source_record(),
        }


def cosines(texts: NDArray[Any], targets: NDArray[Any]) -> Float64Array:
    """(m, d) texts and (p, d) pictures, unnormalised -> (m, p) cosines in float64."""
    return np.asarray(normalise(texts).astype(np.float64) @ normalise(targets).astype(np.float64).T)


def contributions(full: FloatArray, without: FloatArray, targets: NDArray[Any]) -> tuple[float, Float64Array]:
    """Mean score of a text (d,) on targets (p, d), and what is lost per left-out text (w, d): (w, p)."""
    base = cosines(full[None], targets)[0]
    if not len(without):
        return float(base.mean()), np.empty((0, len(targets)))
    return float(base.mean()), base - cosines(without, targets)


def explain(
    text: str,
    spans: Sequence[WordSpan],
    vectors: FloatArray,
    targets: NDArray[Any],
    *,
    rewordings: Sequence[str] = (),
    rewording_vectors: FloatArray | None = None,
    names: dict[str, str],
    provenance: Provenance,
    target: str,
) -> WordsResult:
    """Word effects of `text` on target pictures (p, d).

    `vectors` (1 + w, d) are those of the text and of each `span.without`; `rewording_vectors` (r, d) those of
    `rewordings`; `names` has model, dataset and split.
    """
    if len(vectors) != 1 + len(spans) or not len(targets):
        raise TMVError(
            f"Expected {1 + len(spans)} text vectors and at least one image, got {len(vectors)} and {len(targets)}."
        )
    score, gaps = contributions(vectors[0], vectors[1:], targets)
    words = tuple(
        WordEffect(
            word=s.word,
            start=s.start,
            end=s.end,
            text_without=s.without,
            score_without=score - float(g.mean()),
            contribution=float(g.mean()),
            ci95=_interval(g),
        )
        for s, g in zip(spans, gaps, strict=True)
    )
    others = _rewordings(rewordings, rewording_vectors, vectors[0], targets)
    details = {
        "contribution": "cos(image, text) - cos(image, text without the word)",
        "interval": "bootstrap over images" if len(targets) > 1 else "one image: none",
    }
    return WordsResult(
        model=names["model"],
        dataset=names["dataset"],
        split=names["split"],
        n=len(targets),
        text=text,
        target=target,
        score=score,
        words=words,
        rewordings=others,
        protocol=EvalProtocol(
            templates=(), classnames="", split=names["split"], n=len(targets), normalised=True, details=details
        ),
        provenance=provenance,
    )


def _rewordings(
    texts: Sequence[str], vectors: FloatArray | None, full: FloatArray, targets: NDArray[Any]
) -> tuple[Rewording, ...]:
    if not len(texts) or vectors is None:
        return ()
    base, other = cosines(full[None], targets)[0], cosines(vectors, targets)
    return tuple(
        Rewording(text=text, score=float(row.mean()), difference=float((row - base).mean()), ci95=_interval(row - base))
        for text, row in zip(texts, other, strict=True)
    )


def _interval(values: Float64Array) -> Interval | None:
    return bootstrap_mean(values) if len(values) > 1 else None
