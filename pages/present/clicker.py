"""Keys on stage: a keyboard or a clicker moves the story; nothing of it is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
KEYS = "Page Down, →, space: on · Page Up, ←: back · Home, End · / asks · B blanks · F fills the screen · Esc leaves"


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    js = (HERE / "clicker.js").read_text("utf-8")
    made: Callable[..., Any] = st.components.v2.component("stage_clicker", html="<span></span>\n", js=js)
    return made


def clicker(moved: Callable[[str], None]) -> None:
    """Listen. `moved` gets "next", "back", "first", "last" or "leave", before the page runs again."""

    def on_go() -> None:
        # The count makes two presses of one key two different values.
        where = str(st.session_state["clicker"].get("go") or "").partition(" ")[0]
        if where:
            moved(where)

    _component()(key="clicker", data={}, on_go_change=on_go)
