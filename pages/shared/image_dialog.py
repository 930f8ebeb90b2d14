"""One image over the page: whole, with what is known of it, its neighbours in the grid, and the images most like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import streamlit as st

from core.engine import Engine
from core.studies.pictures.search import captions_of_row
from core.studies.pictures.study import similar
from core.words.names import say_dataset, say_model
from pages.shared.grid import Tile, grid, grid_with
from pages.shared.guard import errors_in_place
from pages.shared.picture import picture, thumbnail
from pages.shared.url_state import get_choice, set_choice
from pages.shared.words import plain

ZOOMS = {"Fit": 0, "100 %": 100, "200 %": 200}
ALIKE, TILE = 6, 88
LEFT, RIGHT = ":material/chevron_left:", ":material/chevron_right:"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedImage:
    """An image of a split, the choice of the address that holds its id, and the model whose neighbours are shown."""

    dataset: str
    split: str
    id: str
    choice: str
    model: str


def image_dialog(engine: Engine, opened: OpenedImage, beside: Callable[[], None], title: str = "Image") -> None:
    """Open the image over the page, with what `beside` draws."""
    among = grid_with(opened.id)

    def closed() -> None:
        set_choice(opened.choice, None)

    @st.dialog(title, width="large", on_dismiss=closed)
    def show() -> None:
        if get_choice(opened.choice)[:1] not in ((opened.id,), ()):
            st.rerun()  # another one was chosen inside
        _turn(opened, among)
        left, right = st.columns([3, 2], gap="large")
        with left, errors_in_place():
            _image(engine, opened)
        with right, errors_in_place():
            beside()
        with errors_in_place():
            _alike(engine, opened)

    show()


def _turn(opened: OpenedImage, among: Sequence[str]) -> None:
    """To the image before and after it in the grid, also with the arrow keys (`grid.js`)."""
    if len(among) < 2:
        return
    place = among.index(opened.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, step, icon in (("Previous", -1, LEFT), ("Next", 1, RIGHT)):
            if st.button(
                label,
                key=f"turn-{label.lower()}",
                icon=icon,
                disabled=not 0 <= place + step < len(among),
                on_click=set_choice,
                args=(opened.choice, among[min(max(place + step, 0), len(among) - 1)]),
            ):
                st.rerun()
        st.caption(f"{place + 1:,} of {len(among):,}")


def _image(engine: Engine, opened: OpenedImage) -> None:
    webp = engine.picture(opened.dataset, opened.split, opened.id)
    zoom = st.segmented_control("Zoom", list(ZOOMS), default="Fit", required=True, key="image-zoom") or "Fit"
    picture(webp, f"Image {opened.id} of {opened.dataset}", ZOOMS[zoom])
    st.caption(plain(f"{say_dataset(opened.dataset)} · {opened.split} · {opened.id}"))
    name = f"{PurePosixPath(opened.id).stem}.webp"
    st.download_button(
        "Download image", webp, name, "image/webp", key="image-file", on_click="ignore", icon=":material/download:"
    )


def _alike(engine: Engine, opened: OpenedImage) -> None:
    """Its captions, where it has any, and the images whose vectors are closest to its own."""
    place = engine.place(opened.model, opened.dataset, opened.split)
    images = engine.vectors.require(place)
    for caption in captions_of_row(images, images.ids.index(opened.id)):
        st.markdown(f"- {plain(caption)}")
    box = st.expander("Most similar images", on_change="rerun", key="alike")
    if not box.open:
        return
    hits = [hit for hit in similar(engine, place, picture=opened.id, k=ALIKE + 1).hits if hit.id != opened.id][:ALIKE]
    with box:
        st.caption(plain(f"By the image embeddings of {say_model(opened.model)}, cosine under each"))
        grid(
            [
                Tile(
                    id=hit.id,
                    thumbnail=thumbnail(engine, opened.dataset, opened.split, hit.id),
                    alt=f"{hit.label or hit.id}, cosine {hit.score:.2f}",
                    caption=hit.label,
                    score_text=f"cos {hit.score:.2f}",
                )
                for hit in hits
            ],
            key="alike-grid",
            tile=TILE,
            label="Most similar images",
            opened=lambda other: set_choice(opened.choice, other),
            remember=False,
            tools=False,
        )
