"""Which of the two themes a reader sees; figures are drawn for it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

Theme = Literal["light", "dark"]


def theme() -> Theme:
    """The theme of this browser; light where it is not known yet."""
    return "dark" if st.context.theme.type == "dark" else "light"


def keep_readable() -> None:
    """The words of a chosen pill or segment in the colour of text: the accent of the dark theme, which carries
    white words elsewhere, is too dark for words of its own."""
    st.html('<style>.stButtonGroup button[data-selected="true"] { color: inherit !important; }</style>')
