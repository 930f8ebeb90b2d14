"""The browser's Back takes one step for one click; `history.js` says what would go wrong without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.url_state import out_of_sight

JS = Path(__file__).with_name("history.js")


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    made: Callable[..., Any] = st.components.v2.component(
        "one_step_back", html="<span></span>\n", js=JS.read_text("utf-8")
    )
    return made


def one_step_back() -> None:
    """Keep the history; once a run, on every page."""
    with out_of_sight():
        _component()(key="one-step-back", data={})
