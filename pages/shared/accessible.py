"""For whoever listens to a page, moves by key or wants no motion: what the framework leaves open, on every page.

`accessible.js` says what is wrong with its markup and puts it right; the style here draws the ring of the keyboard's
focus in the menu, keeps links in small letters readable, says in a word that the page works, and stops motion where the
reader's system asks for that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.url_state import out_of_sight

JS = Path(__file__).with_name("accessible.js")
STYLE = """
[data-testid="stTopNavLink"]:focus-visible, [data-testid="stTopNavSection"]:focus-visible,
[data-testid="stTopNavDropdownLink"]:focus-visible, [data-testid="stSidebarNavLink"]:focus-visible,
[data-testid="stPageLink-NavLink"]:focus-visible {
  outline: 2px solid currentColor; outline-offset: -2px; box-shadow: none;
}
/* Small letters are a paler text: the color of links, as pale, can no longer be read. Links are underlined. */
[data-testid="stCaptionContainer"] a { color: inherit !important; }
[data-testid="stStatusWidgetRunningManIcon"], [data-testid="stStatusWidgetNewYearsIcon"] { display: none; }
[data-testid="stStatusWidgetRunningIcon"] { width: auto; height: auto; margin: 0 0.5rem; }
[data-testid="stStatusWidgetRunningIcon"]::after { content: "Working…"; font-size: 0.875rem; opacity: 0.8; }
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after {
    animation-duration: 1ms !important; animation-iteration-count: 1 !important;
    transition-duration: 1ms !important; transition-delay: 0s !important; scroll-behavior: auto !important;
  }
}
"""


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    made: Callable[..., Any] = st.components.v2.component(
        "accessible", html="<span></span>\n", js=JS.read_text("utf-8")
    )
    return made


def accessible() -> None:
    """Once a run, on every page."""
    st.html(f"<style>{STYLE}</style>")
    with out_of_sight():
        _component()(key="accessible", data={})
