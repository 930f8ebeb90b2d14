"""One picture of the set over the page: whole, with its captions, and where to go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.engine import Engine
from core.studies.pictures.search import captions_of_row
from core.types import EmbeddingSet
from core.words.names import say_dataset
from pages.caption_retrieval.current import look_at_caption
from pages.shared.guard import errors_in_place
from pages.shared.picture import picture
from pages.shared.url_state import set_choice
from pages.shared.words import plain


def picture_dialog(engine: Engine, sets: Sequence[EmbeddingSet], picture_id: str, closed: Callable[[], None]) -> None:
    """Open the picture over the page; `closed` is called when the reader closes it."""
    images = sets[0]
    key, row = images.key, images.ids.index(picture_id)

    @st.dialog("Picture", width="large", on_dismiss=closed)
    def show() -> None:
        left, right = st.columns([3, 2], gap="large")
        with left, errors_in_place():
            picture(engine.picture(key.dataset, key.split, picture_id), f"Picture {picture_id} of {key.dataset}")
        left.caption(plain(f"{say_dataset(key.dataset)} · {key.split} · {picture_id}"))
        with right, errors_in_place():
            _captions(captions_of_row(images, row), picture_id)

    show()


def _captions(captions: Sequence[str], picture_id: str) -> None:
    if not captions:
        st.caption("This picture has no caption of its own.")
        return
    st.markdown("**Its captions.** Look at one of them instead:")
    for i, caption in enumerate(captions):
        if st.button(
            plain(caption),
            key=f"instead-{i}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=_instead,
            args=(picture_id, caption),
        ):
            st.rerun()


def _instead(picture_id: str, caption: str) -> None:
    set_choice("open", None)
    look_at_caption(picture_id, caption)
