"""Pictures that a search found, as tiles of a grid."""

from __future__ import annotations

from core.engine import Engine
from core.studies.pictures.search import Hit, PicturesResult
from core.words.names import say_dataset
from pages.shared.grid import Tile
from pages.shared.picture import thumbnail


def cosine(score: float) -> str:
    """A cosine as it stands under an image. It has no bar: bars under images are probabilities, from 0 to 1."""
    return f"cos {score:.2f}"


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
        score_text=cosine(hit.score),
        right=right,
        mark=mark,
        named=named,
        label=hit.label,
    )
