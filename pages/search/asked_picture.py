"""One picture that was found, over the page: whole, with its place in each list, and where to go with it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.readers.datasets import find_dataset
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import label_of, rank_of
from core.words.names import say_model
from pages.search.query_form import more_like
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.navigation import to_caption
from pages.shared.url_state import set_choice
from pages.shared.words import plain


def asked_dialog(engine: Engine, results: Sequence[PicturesResult], picture_id: str, choice: str) -> None:
    """Open the image that `choice` of the address names over the page."""
    first = results[0]
    opened = OpenedImage(dataset=first.dataset, split=first.split, id=picture_id, choice=choice, model=first.model)
    image_dialog(engine, opened, lambda: _said(engine, results, picture_id))


def _said(engine: Engine, results: Sequence[PicturesResult], picture_id: str) -> None:
    said = label_of(engine, results[0], picture_id)
    for line in said:
        st.markdown(plain(line))
    for result in results:
        rank, score = rank_of(engine, result, picture_id)
        st.markdown(plain(f"{say_model(result.model)}: rank {rank:,} of {result.n:,}, score {score:.3f}"))
    if st.button(
        "More like this", icon=":material/image_search:", key="more-like", on_click=more_like, args=(picture_id,)
    ):
        st.rerun()
    if find_dataset(results[0].dataset).kind == "captions":
        st.button(
            "Look at its captions",
            icon=":material/arrow_forward:",
            key="to-captions",
            on_click=_to_captions,
            args=(picture_id,),
        )


def _to_captions(picture_id: str) -> None:
    set_choice("open", None)
    to_caption(picture_id)
