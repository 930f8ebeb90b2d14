"""Your own pictures with captions: a path in the data folder, and a report of what is missing in them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.types import DatasetSpec, ModelSpec
from core.words.captions import captions_line, captions_report
from pages.shared.captions_used import CaptionsUsed
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.own_data import page_dataset
from pages.shared.texts import short_enough
from pages.shared.url_state import LONGEST, get_choice, set_choice
from pages.shared.words import plain

SCHEME = "captions:"


def pick_own(engine: Engine, models: Sequence[ModelSpec]) -> None:
    """The form that takes a path; what was found in it is told by `report`. `models` are those to embed it with."""
    box = st.expander("Use your own captioned images", on_change="rerun", key="own-captions")
    if not box.open:
        return
    with box:
        st.markdown(
            "A COCO json with its images, or a csv or tsv with a column for the image (image, filename, path) and "
            "one for its caption; a folder that contains one also works. It must be in the server's data folder."
        )
        with st.form("own-captions-form", border=False):
            words, button = st.columns([6, 1], vertical_alignment="bottom")
            words.text_input("Path in the data folder", key="own-path", placeholder="flickr8k/captions.csv")
            button.form_submit_button(
                "Read captions",
                type="primary",
                width="stretch",
                on_click=safe_callback(take, at="own-captions"),
                args=(engine, [m.name for m in models]),
            )
        show_form_error("own-captions")
        st.caption(plain("From the command line: python -m core retrieve --model demo-rn/demo --data captions:PATH"))


def take(engine: Engine, models: Sequence[str]) -> None:
    """Callback: the path becomes the data set; `TMVError` says what is wrong with it.

    The models become a choice too: those that a page opens with change as one after the other is embedded.
    """
    path = str(st.session_state.get("own-path", "")).strip().removeprefix(SCHEME)
    if not path:
        raise TMVError("Enter the path of the captions, for example: flickr8k/captions.csv")
    spec = page_dataset(engine, SCHEME + short_enough(path, "The path", LONGEST - len(SCHEME)))
    engine.data.rows(spec.name)
    set_choice("data", [spec.name, *(name for name in get_choice("data") if name != spec.name)])
    set_choice("model", models)
    set_choice("split", None)


def report(engine: Engine, dataset: DatasetSpec, how: CaptionsUsed) -> None:
    """What the reader found in own data, and what is missing: captions without pictures, pictures without
    captions, duplicates."""
    if not dataset.name.startswith(SCHEME):
        return
    rows = engine.data.rows(dataset.name, how.split)
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{plain(dataset.name.removeprefix(SCHEME))}** · {plain(captions_line(rows))}")
        for note in captions_report(rows):
            st.markdown(f":material/info: {plain(note)}")
