"""What the server needs to know before its first visitor."""

from __future__ import annotations

from streamlit.runtime.pages_manager import PagesManager


def forget_pages_folder() -> None:
    """Streamlit takes a folder called `pages` for its older way of naming pages until the first session
    has called `st.navigation`; until then a link to a page is answered with "Page not found" over the
    right page."""
    PagesManager.uses_pages_directory = False
