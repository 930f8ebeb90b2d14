"""The encoder process is starting: said in words, and asked again until it is up."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import EncoderStopped, EncoderWarming
from core.stats.numbers import duration
from core.words.names import say_model
from pages.shared.words import plain


def warming_sentence(error: EncoderWarming) -> str:
    """ "Starting Demo ViT's text encoder (6 s). Results appear automatically." """
    name = plain(say_model(error.model))
    return f"Starting the text encoder of {name} ({duration(error.seconds)}). Results appear automatically."


def warming(error: EncoderWarming, say: Callable[[str], object] | None = None) -> None:
    """Say that the encoder is starting, and run the page again every second and a half until it is up."""
    shown = False
    tell = say or (lambda text: st.info(text, icon=":material/hourglass_top:"))

    def again() -> None:
        nonlocal shown
        if shown:
            st.rerun()
        shown = True
        tell(warming_sentence(error))

    st.fragment(again, run_every=1.5)()


def encoder_stopped(error: EncoderStopped) -> None:
    """Say that the encoder's process ended, with a way to try again: the next question starts it anew."""
    st.info(plain(str(error)), icon=":material/info:")
    # It is told once, to whoever asked first, so a key of this very event is enough.
    st.button("Retry", key=f"retry-encoder-{id(error)}", icon=":material/replay:")
