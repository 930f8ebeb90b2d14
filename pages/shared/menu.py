"""How the menu looks: the product's name, the section of the current page, and what each page is for."""

from __future__ import annotations

import streamlit as st

from pages.shared.icon import logo
from pages.shared.theme import theme

DESCRIPTIONS = """
[data-testid="stTopNavPopover"] { min-width: 22rem; }
[data-testid="stTopNavPopover"] [data-testid="stTopNavLinkContainer"] > div[aria-hidden="true"],
[data-testid="stSidebarNavLinkContainer"] > div[aria-hidden="true"] {
  position: static; width: auto; height: auto; clip: auto; clip-path: none; overflow: visible; margin: 0;
  padding: 0 0.5rem 0.4rem; white-space: normal; font-size: 0.8rem; opacity: 0.8; pointer-events: none;
}
[data-testid="stSidebarNavLinkContainer"] > div[aria-hidden="true"] p { font-size: 0.8rem; line-height: 1.35; }
[data-testid="stTopNavPopover"] [data-testid="stTopNavDropdownLink"],
[data-testid="stSidebarNavLink"] p { font-weight: 600; }
/* A finger that presses the description means the page. */
[data-testid="stSidebarNavLinkContainer"] { position: relative; }
[data-testid="stSidebarNavLink"]::after { content: ""; position: absolute; inset: 0; }
"""
"""The description of a page, which Streamlit keeps for screen readers and a tooltip, under its title in the menu
of a wide screen and in the drawer of a narrow one."""


def menu(section: int | None, links: int) -> None:
    """Draw the name, and mark the section of the current page: `section` counts dropdowns from 1 after the `links` that
    stand on their own; None where the page is one of those, which Streamlit marks itself."""
    st.logo(logo(theme()), size="large")
    place = links + section if section else 0
    mark = (
        f'.rc-overflow-item:nth-child({place}) [data-testid="stTopNavSection"] '
        "{ font-weight: 600; box-shadow: inset 0 -2px 0 currentColor; }"
        if place
        else ""
    )
    st.html(f"<style>{DESCRIPTIONS}{mark}</style>")
