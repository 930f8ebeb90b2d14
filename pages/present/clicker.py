"""Keys on stage: a keyboard or a clicker moves the story; nothing of it is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.theme import WIDTH

HERE = Path(__file__).parent
KEYS = (
    "Page Down, →, space: next · Page Up, ←: back · Home, End: first, last · /: a prompt · B: blank screen · "
    "F: full screen · Esc: exit"
)


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    # One script: a component has no other files to import from.
    js = "\n".join((HERE / name).read_text("utf-8") for name in ("screen.js", "clicker.js"))
    made: Callable[..., Any] = st.components.v2.component("stage_clicker", html="<span></span>\n", js=js)
    return made


def clicker(moved: Callable[[str], None]) -> None:
    """Listen. `moved` gets "next", "back", "first", "last" or "leave", before the page runs again."""

    def on_go() -> None:
        # The count makes two presses of one key two different values.
        where = str(st.session_state["clicker"].get("go") or "").partition(" ")[0]
        if where:
            moved(where)

    def on_width() -> None:
        st.session_state[WIDTH] = int(st.session_state["clicker"].get("width") or 0)

    _component()(
        key="clicker", data={"width": st.session_state.get(WIDTH, 0)}, on_go_change=on_go, on_width_change=on_width
    )
