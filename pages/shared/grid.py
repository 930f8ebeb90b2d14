"""A grid of pictures: equal squares, one tab stop, arrows move inside, a click or Enter opens the picture.

The thumbnails travel inside the message (one message beats a hundred requests); what people wrote arrives
as text. Under each: rank and score, a word for the right one, caption, note. Pictures of two grids on one
page with the same id light up together. In a grid of more than a few the reader filters by label and sorts; what is
ticked, by a click into its corner or with Space, is saved as CSV or as a collection (`core.deck.collections`). All of
that happens in the browser and stays over the runs of a page.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.deck.collections import CollectedImage, Collection, add_collection, collections_folder
from core.words.pictures import collection_saved
from pages.shared.engine import engine
from pages.shared.file_models import public_name
from pages.shared.guard import safe_callback
from pages.shared.words import plain

HERE = Path(__file__).parent
HTML = '<div class="tools" hidden></div><div class="grid" role="group"></div><div class="selection" hidden></div>\n'
NAME = "picture_grid"
GRIDS, OPENED_IN, AMONG = "grids-on-this-page", "grid-opened-in", "grid-opened-among"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture; `thumbnail` is b"" where only what is known of it is on this machine.

    `score` 0-1 draws the bar, `score_text` stands beside it; `right` gives the solid outline, and `mark` is the word
    that says the same ("right", "its own caption"). `named` writes the id under the picture too; it is always there
    as a tooltip. `label` is its true class, for the filter and for what is saved.
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
    label: str = ""


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
        "label": tile.label,
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
    """The ids of the grid that holds this image, that in which it was opened before others and in the order in which
    the reader saw them; () for none."""
    grids: dict[str, tuple[str, ...]] = st.session_state.get(GRIDS, {})
    opened = grids.get(st.session_state.get(OPENED_IN, ""), ())
    seen = tuple(name for name in st.session_state.get(AMONG, ()) if name in opened)
    return next((ids for ids in (seen, opened, *grids.values()) if picture in ids), ())


def grid(
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    opened: Callable[[str], None] | None = None,
    tile: int = 150,
    remember: bool = True,
    of: tuple[str, str] | None = None,
    tools: bool = True,
) -> None:
    """Draw the tiles. `label` names the grid for screen readers; `opened(id)` is called before the page
    runs again when one is opened; `tile` is the least width of a tile in pixels. One that is to `remember` is where an
    opened image has its previous and next. Tiles `of` a data set and split can be ticked and saved; without `tools`
    there is no filter over many of them."""
    key = public_name(engine(), key)
    if remember:
        st.session_state.setdefault(GRIDS, {})[key] = tuple(t.id for t in tiles)

    def on_open() -> None:
        asked = st.session_state[key].get("open")
        if opened is not None and asked:
            if remember:
                st.session_state[OPENED_IN], st.session_state[AMONG] = key, tuple(map(str, asked["among"]))
            opened(str(asked["id"]))

    def on_save() -> None:
        if of is not None and (asked := st.session_state[key].get("save")):
            save_ticked(asked, *of)

    _component()(
        key=key,
        data={
            "items": [_item(t) for t in tiles],
            "label": label,
            "tile": tile,
            "key": key,
            "of": list(of) if of else None,
            "tools": tools,
        },
        on_open_change=on_open,
        on_save_change=safe_callback(on_save),
    )
    if absent := sum(not t.thumbnail for t in tiles):
        whole = "These images are" if absent == len(tiles) else f"{absent} of these images are"
        st.caption(f"{whole} not on this machine; only their results are.")


def save_ticked(asked: Mapping[str, Any], dataset: str, split: str) -> None:
    """Keep the ticked images, [id, label] each, as a collection of this title."""
    images = tuple(CollectedImage(id=str(name), label=str(label)) for name, label in asked["images"])
    made = Collection(title=str(asked["title"]).strip(), dataset=dataset, split=split, images=images)
    add_collection(collections_folder(engine()), made)
    st.toast(plain(collection_saved(made.title, len(images))), icon=":material/check:")
