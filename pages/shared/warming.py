"""The encoder process is starting: said in words, and asked again until it is up."""

from __future__ import annotations

import streamlit as st

from core.errors import EncoderWarming
from core.stats.numbers import duration
from core.words.names import say_model
from pages.shared.words import plain


def warming(error: EncoderWarming) -> None:
    """Say that the encoder is starting, and run the page again every second and a half until it is up."""
    shown = False

    def again() -> None:
        nonlocal shown
        if shown:
            st.rerun()
        shown = True
        st.info(
            f"New texts need the encoder of {plain(say_model(error.model))}, which is starting "
            f"({duration(error.seconds)} so far). This page goes on by itself.",
            icon=":material/hourglass_top:",
        )

    st.fragment(again, run_every=1.5)()
