"""A page of a long list at a time; which one stands in the address."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.url_choices import note_wrong_choice


def page_choice(*keys: str) -> dict[str, tuple[str, ...]]:
    """Which page of these lists is shown, for a link; nothing for a first page."""
    pages = {key: st.session_state.get(key) or 1 for key in keys}
    return {key: (str(page),) for key, page in pages.items() if page != 1}


def paged(n: int, size: int, key: str) -> tuple[DeltaGenerator, slice]:
    """(where the page is to be drawn, which of the n things are on it); the choice of the page stands below.

    The choice is made before the page is drawn, though it stands after it: a widget knows the address only once
    it is there.
    """
    place, pages = st.container(), max(1, -(-n // size))
    # Say that the address opens the list at a page that it does not have. A list that became shorter under its reader's
    # hands is no mistake in an address.
    asked = st.query_params.get(key, "")
    fits = asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= pages
    if asked and not fits and key not in st.session_state:
        note_wrong_choice(key, asked, f"a number from 1 to {pages:,}" if pages > 1 else "1", "page 1 is shown")
    if pages == 1:
        return place, slice(0, n)
    if int(st.session_state.get(key, 1)) > pages:
        st.session_state[key] = 1
    page = int(st.pagination(pages, key=key, bind="query-params"))
    return place, slice((page - 1) * size, min(page * size, n))
