"""Collections that somebody saved from a grid: listed, opened, saved as CSV, deleted."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from core.deck.collections import Collection, collection_names, collections_folder, delete_collection, load_collection
from core.engine import Engine
from core.words.pictures import collection_line
from pages.shared.grid import Tile, grid
from pages.shared.guard import safe_callback
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.picture import thumbnail
from pages.shared.save import save_rows
from pages.shared.stored import default_models
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import select
from pages.shared.words import plain

CHOICES = ("collection", "collected")
HOW = (
    "Tick images in any grid, with Space or by a click into their corner, and save them as a collection. "
    "It is listed here."
)


def saved_collections(engine: Engine) -> None:
    """The list of collections, and the one that the address opens."""
    folder = collections_folder(engine)
    names = collection_names(folder)
    now = one_of("collection", names, "", "the name of a saved collection", "none is opened")
    st.header("Collections", anchor=False)
    if not names:
        st.caption(HOW)
    else:
        select("collection", "Collection", {"": "None opened", **{n: n for n in names}}, now)
    made = load_collection(folder, now) if now else None
    ids = [image.id for image in made.images] if made else []
    picture = one_of("collected", ids, "", A_PICTURE, NONE_OPENED)
    if made is None:
        return
    _images(engine, made)
    with st.container(horizontal=True):
        rows = [{"dataset": made.dataset, "split": made.split, **asdict(image)} for image in made.images]
        frame = pd.DataFrame(rows)[["id", "dataset", "split", "label"]]
        save_rows(frame, f"collection-{now}", key="collection-csv")
        st.button(
            "Delete collection",
            key="collection-delete",
            icon=":material/delete:",
            type="tertiary",
            on_click=safe_callback(_delete),
            args=(engine, now),
            help="Removes the list; the images stay.",
        )
    if picture and not get_choice("open"):
        _dialog(engine, made, picture)


def _images(engine: Engine, made: Collection) -> None:
    st.markdown(f"**{plain(made.title)}**")
    st.caption(plain(collection_line(made.dataset, made.split, len(made.images))))
    grid(
        [
            Tile(
                id=image.id,
                thumbnail=thumbnail(engine, made.dataset, made.split, image.id),
                alt=image.label or image.id,
                caption=image.label or image.id,
                label=image.label,
            )
            for image in made.images
        ],
        key="collection-grid",
        tile=112,
        label=f"Images of the collection {made.title}",
        opened=lambda picture: set_choice("collected", picture),
        of=(made.dataset, made.split),
    )


def _delete(engine: Engine, name: str) -> None:
    delete_collection(collections_folder(engine), name)
    set_choice("collection", None)


def _dialog(engine: Engine, made: Collection, picture: str) -> None:
    label = next(image.label for image in made.images if image.id == picture)
    model = next(iter(default_models(engine, (made.dataset,), 1)), "")
    opened = OpenedImage(dataset=made.dataset, split=made.split, id=picture, choice="collected", model=model)

    def beside() -> None:
        st.markdown(plain(label))

    image_dialog(engine, opened, beside)
