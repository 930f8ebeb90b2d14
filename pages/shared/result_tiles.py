"""Pictures that a search found, as tiles of a grid."""

from __future__ import annotations

from core.engine import Engine
from core.studies.pictures.search import Hit, PicturesResult
from core.words.names import say_dataset
from pages.shared.grid import Tile
from pages.shared.picture import thumbnail


def bar(result: PicturesResult, score: float) -> float:
    """How far up a score lies between the lowest and the highest of all pictures, 0-1: cosines themselves fill
    only a small part of their range."""
    low, high = float(result.scores.min()), float(result.scores.max())
    return (score - low) / (high - low) if high > low else 1.0


def hit_tile(
    engine: Engine,
    result: PicturesResult,
    hit: Hit,
    *,
    mark: str = "",
    note: str = "",
    right: bool = False,
    named: bool = False,
) -> Tile:
    """One picture found: rank, score, its class or the first of its captions, and its id where it is `named`."""
    said = hit.label or next(iter(hit.captions), "")
    return Tile(
        id=hit.id,
        thumbnail=thumbnail(engine, result.dataset, result.split, hit.id),
        alt=f"Rank {hit.rank:,}: {said or hit.id} of {say_dataset(result.dataset)}",
        caption=said,
        note=note,
        rank=hit.rank,
        score=bar(result, hit.score),
        score_text=f"{hit.score:.2f}",
        right=right,
        mark=mark,
        named=named,
    )
