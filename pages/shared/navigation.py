"""Ways from a number to what is behind it; callbacks, since a choice is only set before the page runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared.url_state import open_page, set_choice

CLASSES = "pages/classification/errors_by_class/page.py"
PROBE = "pages/classification/linear_probe/page.py"
CAPTION = "pages/caption_retrieval/inspect_caption/page.py"
LIBRARY = "pages/data_and_models/page.py"
FEW_SHOT = "pages/classification/few_shot/page.py"


def to_classes(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the classes of this model on this data set; the choices `leaving` end with the page that is left."""
    _to(CLASSES, model, dataset, leaving)


def to_probe(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the linear probe of this model on this data set; `leaving` as above."""
    _to(PROBE, model, dataset, leaving)


def to_few_shot(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the few-shot study of this model on this data set; `leaving` as above."""
    _to(FEW_SHOT, model, dataset, leaving)


def _to(page: str, model: str, dataset: str, leaving: Sequence[str]) -> None:
    set_choice("model", model)
    set_choice("data", dataset)
    for name in leaving:
        set_choice(name, None)
    open_page(page)


def to_library(model: str, dataset: str) -> None:
    """Go where embeddings are computed, with this pair filled in."""
    st.session_state["embed-model"], st.session_state["embed-data"] = model, dataset
    open_page(LIBRARY)


def to_caption(picture: str, caption: str = "") -> None:
    """Go and look at this caption, or at the first of this image; what was asked before is put away."""
    for name in ("written", "draw", "asked", "beside"):
        set_choice(name, None)
    set_choice("original", picture)
    set_choice("caption", caption)
    open_page(CAPTION, original=picture, **({"caption": caption} if caption else {}))
