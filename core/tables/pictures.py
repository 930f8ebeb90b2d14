"""Pictures by prompt as frames and sentences: lists, what moved, how scores spread, what words bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from core.studies.captions.one_caption import OneCaptionResult
from core.studies.pictures.lists import ListComparison
from core.studies.pictures.search import PicturesResult
from core.studies.prompts.words import WordsResult
from core.tables.columns import who
from core.words.names import say_model, told_apart


@told_apart
def hits_frame(results: Sequence[PicturesResult]) -> pd.DataFrame:
    """One row for each picture of each list."""
    rows = [
        {
            **who(r.model, r.dataset),
            "split": r.split,
            "query": r.query.words,
            "rank": hit.rank,
            "id": hit.id,
            "score": hit.score,
            "label": hit.label,
            "caption": hit.captions[0] if hit.captions else "",
            "relevant": hit.relevant,
        }
        for r in results
        for hit in r.hits
    ]
    return pd.DataFrame(rows)


@told_apart
def look_alikes_frame(results: Sequence[OneCaptionResult], ranks: Sequence[Mapping[str, int]]) -> pd.DataFrame:
    """One row for each look-alike of a picture and model; `ranks` has where the caption puts each of them."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "picture": r.picture,
            "text": r.caption.text,
            "text_rank": r.caption.rank,
            "rank": hit.rank,
            "id": hit.id,
            "score": hit.score,
            "caption": hit.captions[0] if hit.captions else "",
            "rank_for_text": places[hit.id],
        }
        for r, places in zip(results, ranks, strict=True)
        for hit in r.lookalikes
    ]
    return pd.DataFrame(rows)


@told_apart
def lists_frame(results: Sequence[PicturesResult]) -> pd.DataFrame:
    """One row for each list: scores of its first and last picture, precision at k where there are labels."""
    rows = [
        {
            **who(r.model, r.dataset),
            "query": r.query.words,
            "k": len(r.hits),
            "n": r.n,
            "first_score": r.hits[0].score,
            "last_score": r.hits[-1].score,
            "mean_score": r.spread.mean,
            "precision": r.precision.precision if r.precision else None,
            "precision_low": r.precision.ci95[0] if r.precision else None,
            "precision_high": r.precision.ci95[1] if r.precision else None,
            "base_rate": r.precision.base_rate if r.precision else None,
            "classes": ", ".join(r.precision.classnames) if r.precision else "",
        }
        for r in results
    ]
    return pd.DataFrame(rows)


def moved_frame(comparison: ListComparison) -> pd.DataFrame:
    """One row for each picture of either list: its rank in both, `kind` is kept, lost or new."""
    rows = [
        (m.id, m.rank_a, m.rank_b, m.change, "kept" if m.in_a and m.in_b else "lost" if m.in_a else "new")
        for m in comparison.moved
    ]
    frame = pd.DataFrame(rows, columns=["id", "rank_a", "rank_b", "change", "kind"])
    whole = dict.fromkeys(("rank_a", "rank_b", "change"), "Int64")
    return frame.astype(whole).assign(a=comparison.a, b=comparison.b, k=comparison.k)


@told_apart
def spread_frame(results: Sequence[PicturesResult]) -> pd.DataFrame:
    """One row for each bin of scores of each list, with `edge`, the score of its last picture shown."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "query": r.query.words,
            "low": float(low),
            "high": float(high),
            "count": int(counted),
            "share": int(counted) / int(r.spread.counts.sum()),
            "n": r.n,
            "k": len(r.hits),
            "edge": r.hits[-1].score,
        }
        for r in results
        for (low, high), counted in zip(pairwise(r.spread.edges), r.spread.counts, strict=True)
    ]
    return pd.DataFrame(rows)


@told_apart
def words_frame(results: Sequence[WordsResult]) -> pd.DataFrame:
    """One row for each word of a text and model: what it contributes to the score."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "target": r.target,
            "text": r.text,
            "position": i,
            "word": w.word,
            "contribution": w.contribution,
            "contribution_low": w.ci95[0] if w.ci95 else None,
            "contribution_high": w.ci95[1] if w.ci95 else None,
            "score": r.score,
            "score_without": w.score_without,
            "text_without": w.text_without,
        }
        for r in results
        for i, w in enumerate(r.words)
    ]
    return pd.DataFrame(rows)


@told_apart
def rewordings_frame(results: Sequence[WordsResult]) -> pd.DataFrame:
    """One row for each other wording: its score and the difference to the original's."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "target": r.target,
            "text": other.text,
            "score": other.score,
            "difference": other.difference,
            "difference_low": other.ci95[0] if other.ci95 else None,
            "difference_high": other.ci95[1] if other.ci95 else None,
        }
        for r in results
        for other in r.rewordings
    ]
    return pd.DataFrame(rows)
