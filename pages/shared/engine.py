"""The engine that every page asks; one for all sessions of the server."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The shared engine. It never loads a model into this process; it looks at the disk again every ten
    seconds."""
    return Engine(in_process=False, rescan_seconds=10)
