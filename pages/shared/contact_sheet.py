"""Lists of pictures as one PNG, for a slide: what a grid on the page shows, with its titles, drawn with Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit
from PIL import Image, ImageDraw, ImageFont

from core.charts.theme import Look, look
from pages.shared.grid import Tile
from pages.shared.theme import Theme

SIDE, GAP, ACROSS, MARGIN = 176, 16, 5, 40
UNDER = 74
"""Pixels of text under a picture."""
HEAD = 76
"""Pixels of titles above a list."""
MOST_LISTS = 40
FONTS = Path(streamlit.__file__).parent / "static" / "static" / "media"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetList:
    """One list: its `title`, a `line` of facts, and its pictures."""

    title: str
    line: str
    tiles: Sequence[Tile]


def contact_sheet(title: str, rows: Sequence[Sequence[SheetList]], theme: Theme) -> bytes:
    """A PNG of lists, one row a question, one column a model; at most `MOST_LISTS` rows."""
    rows, style = rows[:MOST_LISTS], look(theme)
    columns = max(len(row) for row in rows)
    list_width = ACROSS * SIDE + (ACROSS - 1) * GAP
    width = 2 * MARGIN + columns * list_width + (columns - 1) * 3 * GAP
    heights = [_height(row) for row in rows]
    picture = Image.new("RGB", (width, MARGIN * 2 + 56 + sum(heights)), style.background)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN), _fit(draw, title, _font(34, 650), width - 2 * MARGIN), style.text, _font(34, 650))
    top = MARGIN + 56
    for row, height in zip(rows, heights, strict=True):
        for column, part in enumerate(row):
            _list(picture, draw, part, MARGIN + column * (list_width + 3 * GAP), top, style)
        top += height
    out = io.BytesIO()
    picture.save(out, "PNG")  # optimize=True takes five times as long for one hundredth of the size
    return out.getvalue()


def _height(row: Sequence[SheetList]) -> int:
    lines = max(-(-len(part.tiles) // ACROSS) for part in row)
    return HEAD + lines * (SIDE + UNDER + GAP) + GAP


def _list(picture: Image.Image, draw: ImageDraw.ImageDraw, part: SheetList, left: int, top: int, style: Look) -> None:
    width = ACROSS * SIDE + (ACROSS - 1) * GAP
    draw.text((left, top), _fit(draw, part.title, _font(24, 600), width), style.text, _font(24, 600))
    draw.text((left, top + 36), _fit(draw, part.line, _font(18, 400), width), style.muted, _font(18, 400))
    for place, tile in enumerate(part.tiles):
        x = left + place % ACROSS * (SIDE + GAP)
        y = top + HEAD + place // ACROSS * (SIDE + UNDER + GAP)
        picture.paste(_square(tile.thumbnail), (x, y))
        if tile.right:
            draw.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), outline=style.text, width=4)
        number = " ".join(filter(None, (str(tile.rank or ""), tile.score_text)))
        for line, (text, weight) in enumerate(((number, 400), (tile.mark, 600), (tile.caption, 400))):
            font = _font(17, weight)
            draw.text((x, y + SIDE + 5 + 22 * line), _fit(draw, text, font, SIDE), style.text, font)


def _square(thumbnail: bytes) -> Image.Image:
    """The middle of a picture as a square; few pixels are enlarged as squares."""
    with Image.open(io.BytesIO(thumbnail)) as opened:
        image = opened.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    way = Image.Resampling.NEAREST if side * 1.2 < SIDE else Image.Resampling.LANCZOS
    return image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), way)


def _fit(draw: ImageDraw.ImageDraw, text: str, font: Font, width: int) -> str:
    """The text on one line, cut with an ellipsis where it is too long."""
    text = " ".join(text.split())
    if draw.textlength(text, font) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if draw.textlength(text[:middle] + "…", font) <= width else (low, middle - 1)
    return text[:low].rstrip() + "…"


@cache
def _font(size: int, weight: int) -> Font:
    """The font of the pages, which comes with Streamlit; Pillow's own where it cannot be read."""
    try:
        font = ImageFont.truetype(next(FONTS.glob("SourceSansVF-Upright*")), size)
        font.set_variation_by_axes([weight])
        return font
    except (StopIteration, OSError):
        return ImageFont.load_default(size)
