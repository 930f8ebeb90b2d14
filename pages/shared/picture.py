"""One picture with what a study answered: small in a grid, or in full with the five best classes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import streamlit as st

from core.engine import Engine
from core.errors import NotHere
from core.stats.numbers import SPACE, percent
from core.studies.result import Answered
from core.studies.zero_shot.classify import ZeroShotResult
from pages.shared.grid import Tile
from pages.shared.words import plain

Answer = tuple[str, float, bool]
"""A class name, its probability 0-1, and whether it is the right one."""


def thumbnail(engine: Engine, dataset: str, split: str, picture_id: str) -> bytes:
    """A picture for a grid; b"" where it is not on this machine, as on a laptop that holds the cache alone."""
    try:
        return engine.thumbnail(dataset, split, picture_id)
    except NotHere:
        return b""


def answered_tile(engine: Engine, result: ZeroShotResult, row: int) -> Tile:
    """A picture for the grid with the study's answer under it, and the true class where that is another."""
    true, predicted = result.classnames[result.labels[row]], result.classnames[result.predicted[row]]
    right, share = bool(result.correct[row]), float(result.top5_probability[row, 0])
    return Tile(
        id=result.ids[row],
        thumbnail=thumbnail(engine, result.dataset, result.split, result.ids[row]),
        alt=f"{true}, correct" if right else f"{true}, predicted {predicted}",
        caption=predicted if right else f"true: {true}",
        mark="correct" if right else f"predicted: {predicted}",
        right=right,
        score=share,
        score_text=f"{share:.2f}",
        label=true,
    )


def answers_of(result: Answered, picture_id: str, name: str) -> None:
    row = result.ids.index(picture_id)
    true = int(result.labels[row])
    best = [
        (result.classnames[label], float(p), int(label) == true)
        for label, p in zip(result.top5[row], result.top5_probability[row], strict=True)
    ]
    st.markdown(f"**{plain(name)}**")
    answers(best)
    rank = int(result.ranks[row])
    if rank > len(best):
        st.caption(f"The true class, {plain(result.classnames[true])}, is ranked {rank:,}.")


def picture(webp: bytes, alt: str, zoom: int = 0) -> None:
    """The whole picture as wide as there is room, or at `zoom` percent of its own size, to be scrolled; few pixels
    become squares, never a blur."""
    source = "data:image/webp;base64," + base64.b64encode(webp).decode()
    sharp = "image-rendering: pixelated;" if len(webp) < 24_000 and _side(webp) <= 256 else ""
    size = f"width: {_side(webp) * zoom // 100}px; max-width: none;" if zoom else "width: 100%; max-height: 66vh;"
    st.html(
        '<div style="overflow: auto; max-height: 66vh;">'
        f'<img src="{source}" alt="{escape(alt, quote=True)}" '
        f'style="{size} object-fit: contain; border-radius: 6px; {sharp}"></div>'
    )


def _side(webp: bytes) -> int:
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(webp)) as image:
        return max(image.size)


def answers(best: Sequence[Answer], word: str = "correct") -> None:
    """The best classes, best first: name, thin bar, probability; the right one outlined and named so by `word`."""
    st.html("".join(_answer(place, *answer, word) for place, answer in enumerate(best, 1)))


def _answer(place: int, name: str, probability: float, right: bool, said: str) -> str:
    outline = "border: 2px solid currentColor;" if right else "border: 2px solid transparent;"
    word = f" <strong>· {said}</strong>" if right else ""
    return (
        f'<div style="{outline} border-radius: 6px; padding: 0.25rem 0.5rem;">'
        f'<div style="display: flex; justify-content: space-between; gap: 1rem;">'
        f"<span>{place} {escape(name)}{word}</span>"
        f'<span style="font-variant-numeric: tabular-nums;">{_share(probability)}</span></div>'
        f'<div style="height: 4px; background: rgba(128, 128, 128, 0.3); border-radius: 2px;">'
        f'<div style="height: 4px; width: {100 * probability:.1f}%; background: currentColor; '
        f'border-radius: 2px;"></div></div></div>'
    )


def _share(probability: float) -> str:
    """In percent; of a label judged by itself two digits also where it is tiny, since a threshold may be too."""
    return percent(probability) if not 0 < probability < 0.0005 else f"{100 * probability:.2g}{SPACE}%"
