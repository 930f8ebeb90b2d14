"""A grid of pictures: equal squares, one tab stop, arrows move inside, a click or Enter opens the picture.

The thumbnails travel inside the message (one message beats a hundred requests); what people wrote arrives
as text. Under each: rank and score, a word for the right one, caption, note. Pictures of two grids on one
page with the same id light up together.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
HTML = '<div class="grid" role="group"></div>\n'
NAME = "picture_grid"
GRIDS, OPENED_IN = "grids-on-this-page", "grid-opened-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture; `thumbnail` is b"" where only what is known of it is on this machine.

    `score` 0-1 draws the bar, `score_text` stands beside it; `right` gives the solid outline, and `mark` is the word
    that says the same ("right", "its own caption"). `named` writes the id under the picture too; it is always there
    as a tooltip.
    """

    id: str
    thumbnail: bytes
    alt: str
    caption: str = ""
    note: str = ""
    rank: int | None = None
    score: float | None = None
    score_text: str = ""
    right: bool = False
    mark: str = ""
    named: bool = False


def _item(tile: Tile) -> dict[str, Any]:
    return {
        "id": tile.id,
        "src": "data:image/webp;base64," + base64.b64encode(tile.thumbnail).decode() if tile.thumbnail else "",
        "alt": tile.alt,
        "caption": tile.caption,
        "note": tile.note,
        "rank": tile.rank,
        "score": tile.score,
        "score_text": tile.score_text,
        "right": tile.right,
        "mark": tile.mark,
        "named": tile.named,
    }


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    css, js = (HERE / "grid.css").read_text("utf-8"), (HERE / "grid.js").read_text("utf-8")
    made: Callable[..., Any] = st.components.v2.component(NAME, html=HTML, css=css, js=js)
    return made


def forget_grids() -> None:
    """At the start of a run: no grid is on the page yet."""
    st.session_state[GRIDS] = {}


def grid_with(picture: str) -> tuple[str, ...]:
    """The ids of the grid that holds this image, that in which it was opened before others; () for none."""
    grids: dict[str, tuple[str, ...]] = st.session_state.get(GRIDS, {})
    opened = grids.get(st.session_state.get(OPENED_IN, ""), ())
    return next((ids for ids in (opened, *grids.values()) if picture in ids), ())


def grid(
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    opened: Callable[[str], None] | None = None,
    tile: int = 150,
    remember: bool = True,
) -> None:
    """Draw the tiles. `label` names the grid for screen readers; `opened(id)` is called before the page
    runs again when one is opened; `tile` is the least width of a tile in pixels. One that is to `remember` is where an
    opened image has its previous and next."""
    if remember:
        st.session_state.setdefault(GRIDS, {})[key] = tuple(t.id for t in tiles)

    def on_open() -> None:
        picture_id = st.session_state[key].get("open")
        if opened is not None and picture_id:
            if remember:
                st.session_state[OPENED_IN] = key
            opened(str(picture_id))

    _component()(
        key=key, data={"items": [_item(t) for t in tiles], "label": label, "tile": tile}, on_open_change=on_open
    )
    if absent := sum(not t.thumbnail for t in tiles):
        whole = "These images are" if absent == len(tiles) else f"{absent} of these images are"
        st.caption(f"{whole} not on this machine; only their results are.")
