"""Caption retrieval as frames and sentences: recalls, curves, histograms, what makes a caption hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.catalog.published import figure_url
from core.stats.intervals import PairedDifference, holm
from core.studies.captions.breakdown import Band, RetrievalDifference, rank_histogram, recall_curve
from core.studies.captions.one_caption import OneCaptionResult, OnePictureResult
from core.studies.captions.retrieval import KS, Direction, RetrievalResult
from core.tables.columns import who
from core.tables.compare import difference_row
from core.words.captions import SIDES, Side
from core.words.names import say_model, told_apart


def direction_of(result: RetrievalResult, side: Side) -> Direction:
    """One direction of a result."""
    return result.image if side == "image" else result.text


def _who(result: RetrievalResult, side: Side) -> dict[str, Any]:
    return {**who(result.model, result.dataset), "split": result.split, "side": side, "side_title": SIDES[side]}


@told_apart
def retrieval_frame(results: Sequence[RetrievalResult]) -> pd.DataFrame:
    """One row for each model and direction: recalls, ranks and MRR with their intervals."""
    return pd.DataFrame([_summary_row(r, side) for r in results for side in SIDES])


def _summary_row(result: RetrievalResult, side: Side) -> dict[str, Any]:
    found = direction_of(result, side)
    row = _who(result, side) | {"n_images": result.n_images, "n_texts": result.n_texts}
    for k in KS:
        low, high = found.recall_ci95[k]
        row |= {f"recall@{k}": found.recall[k], f"recall@{k}_low": low, f"recall@{k}_high": high}
    for name in ("median_rank", "mean_rank", "mrr"):
        low, high = getattr(found, f"{name}_ci95")
        row |= {name: getattr(found, name), f"{name}_low": low, f"{name}_high": high}
    return row


@told_apart
def recalls_frame(results: Sequence[RetrievalResult]) -> pd.DataFrame:
    """One row for each model, direction and k: `recall` with its interval, and the published figure."""
    rows = [
        _who(r, side)
        | {
            "k": k,
            "recall": direction_of(r, side).recall[k],
            "recall_low": direction_of(r, side).recall_ci95[k][0],
            "recall_high": direction_of(r, side).recall_ci95[k][1],
            "n": direction_of(r, side).n,
            **_published(r, f"{side}_retrieval_recall@{k}"),
        }
        for r in results
        for side in SIDES
        for k in KS
    ]
    return pd.DataFrame(rows)


def _published(result: RetrievalResult, metric: str) -> dict[str, Any]:
    """The published figure of this very metric, and whether it holds for these pictures."""
    found = next((ref for ref in result.published if ref.metric == metric), None)
    comparable = not any(note.code == "not_the_published_set" for note in result.notes)
    return {
        "published": found.value if found else None,
        "published_protocol": found.protocol if found else "",
        "published_source": found.source if found else "",
        "published_url": figure_url(found.source) if found else "",
        "published_compares": bool(found) and comparable,
    }


@told_apart
def curve_frame(results: Sequence[RetrievalResult], side: Side = "image", most: int = 100) -> pd.DataFrame:
    """Recall against k, one row for each model and k up to `most` (at most the number of candidates)."""
    frames = []
    for result in results:
        candidates = result.n_images if side == "image" else result.n_texts
        ks, recall = recall_curve(direction_of(result, side).ranks, min(most, candidates))
        frames.append(pd.DataFrame({**_who(result, side), "k": ks, "recall": recall}))
    return pd.concat(frames, ignore_index=True)


@told_apart
def histogram_frame(results: Sequence[RetrievalResult], side: Side = "image") -> pd.DataFrame:
    """One row for each model and bin of ranks: how many queries have their own there."""
    rows = [
        _who(r, side) | {"low": b.low, "high": b.high, "bin": b.label, "count": b.count, "share": b.share}
        for r in results
        for b in rank_histogram(direction_of(r, side).ranks, r.n_images if side == "image" else r.n_texts)
    ]
    return pd.DataFrame(rows)


@told_apart
def bands_frame(bands: Mapping[str, Sequence[Band]]) -> pd.DataFrame:
    """One row for each model and band of captions: recalls with their intervals. Keys are models."""
    rows = [
        {
            "model": model,
            "model_title": say_model(model),
            "band": band.label,
            "low": band.low,
            "high": band.high,
            "n": band.n,
            "median_rank": band.median_rank,
            **{f"recall@{k}": band.recall[k] for k in KS},
            **{f"recall@{k}_low": band.recall_ci95[k][0] for k in KS},
            **{f"recall@{k}_high": band.recall_ci95[k][1] for k in KS},
        }
        for model, found in bands.items()
        for band in found
    ]
    return pd.DataFrame(rows)


def retrieval_difference_frame(gap: RetrievalDifference, dataset: str) -> pd.DataFrame:
    """Paired differences of two models, one row for each direction and k and for MRR; fits the
    `difference_chart`, whose rows are then named by direction and metric. `p_holm` is adjusted over these rows."""
    sides: dict[Side, tuple[Mapping[int, PairedDifference], PairedDifference]] = {
        "image": (gap.image_recall, gap.image_mrr),
        "text": (gap.text_recall, gap.text_mrr),
    }
    rows = [
        difference_row(found, gap.a, gap.b, dataset)
        | {"side": side, "side_title": SIDES[side], "metric": metric, "dataset_title": f"{SIDES[side]}, {metric}"}
        for side, (recalls, mrr) in sides.items()
        for metric, found in [*((f"recall@{k}", recalls[k]) for k in KS), ("MRR", mrr)]
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(p_holm=holm(frame["p_value"].tolist()))


def caption_ranks_frame(result: RetrievalResult, captions: Sequence[str]) -> pd.DataFrame:
    """One row for each caption: its picture, rank, score and margin to the best other picture."""
    return pd.DataFrame(
        {
            "caption": [captions[i] for i in result.captions.tolist()],
            "picture": [result.ids[i] for i in result.image_index.tolist()],
            "rank": result.image.ranks,
            "score": result.own,
            "margin": result.margins,
            "row": result.captions,
        }
    )


def ranks_frame(
    results: Sequence[RetrievalResult], captions: Sequence[Sequence[str]], side: Side = "image"
) -> pd.DataFrame:
    """One row for each caption, or (side "text") each picture with its first caption: `rank:MODEL` of every model,
    and for captions `margin:MODEL`. `captions` are those of each result's stored set; only rows that all models
    have are kept."""
    frames = [_ranked(r, c, side) for r, c in zip(results, captions, strict=True)]
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.merge(frame.drop(columns="caption"), on=["picture", "place"])
    return whole


def _ranked(result: RetrievalResult, captions: Sequence[str], side: Side) -> pd.DataFrame:
    """`place` counts the captions of a picture, so that rows of two models meet whatever one of them skipped."""
    rows = caption_ranks_frame(result, captions)
    rows["place"] = rows.groupby("picture").cumcount()
    kept = ["picture", "place", "caption"]
    if side == "image":
        named = {name: f"{name}:{result.model}" for name in ("rank", "margin")}
        return rows[[*kept, *named]].rename(columns=named)
    ranks = dict(zip((result.ids[i] for i in result.text.groups.tolist()), result.text.ranks, strict=True))
    first = rows[rows["place"] == 0][kept].reset_index(drop=True)
    return first.assign(**{f"rank:{result.model}": first["picture"].map(ranks)})


@told_apart
def word_ranks_frame(results: Sequence[OneCaptionResult]) -> pd.DataFrame:
    """One row for each word of a caption and model: the rank without it, and how far it moved."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "picture": r.picture,
            "text": r.caption.text,
            "position": i,
            "word": w.word,
            "rank": r.caption.rank,
            "rank_without": w.without.rank,
            "change": w.change,
            "contribution": w.contribution,
            "text_without": w.without.text,
        }
        for r in results
        for i, w in enumerate(r.words)
    ]
    return pd.DataFrame(rows)


@told_apart
def wordings_frame(results: Sequence[OneCaptionResult]) -> pd.DataFrame:
    """One row for each whole wording and model: where the picture stands, its score and its margin."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "picture": r.picture,
            "text": t.text,
            "rank": t.rank,
            "n": r.n,
            "score": t.score,
            "margin": t.margin,
        }
        for r in results
        for t in (r.caption, *r.others)
    ]
    return pd.DataFrame(rows)


@told_apart
def captions_found_frame(results: Sequence[OnePictureResult]) -> pd.DataFrame:
    """One row for each caption that a picture finds."""
    rows = [
        {
            "model": r.model,
            "model_title": say_model(r.model),
            "picture": r.picture,
            "rank": hit.rank,
            "caption": hit.text,
            "score": hit.score,
            "own": hit.own,
            "caption_of": hit.picture,
        }
        for r in results
        for hit in r.hits
    ]
    return pd.DataFrame(rows)
