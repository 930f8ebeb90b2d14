"""One picture of the set over the page: whole, with its captions, and where to go with it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.studies.pictures.search import captions_of_row
from core.types import EmbeddingSet
from pages.caption_retrieval.current import look_at_caption
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.url_state import set_choice
from pages.shared.words import plain


def picture_dialog(engine: Engine, sets: Sequence[EmbeddingSet], picture_id: str, choice: str) -> None:
    """Open the image that `choice` of the address names over the page."""
    images = sets[0]
    row = images.ids.index(picture_id)
    key = images.key
    opened = OpenedImage(dataset=key.dataset, split=key.split, id=picture_id, choice=choice, model=key.model)
    image_dialog(engine, opened, lambda: _captions(captions_of_row(images, row), picture_id))


def _captions(captions: Sequence[str], picture_id: str) -> None:
    if not captions:
        st.caption("This image has no caption.")
        return
    st.markdown("**Captions of this image.** Inspect one of them:")
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
