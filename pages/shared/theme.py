"""Which of the two themes a reader sees; figures are drawn for it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

Theme = Literal["light", "dark"]


def theme() -> Theme:
    """The theme of this browser; light where it is not known yet."""
    return "dark" if st.context.theme.type == "dark" else "light"
