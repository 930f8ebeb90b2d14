"""The first start: the demo prepares itself, so that a newcomer clicks nothing to see the first chart."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from pages.shared.here import here
from pages.shared.progress import watch

KEY = "prepare-demo"


def prepare(engine: Engine) -> None:
    """Start preparing the demo where nothing is cached yet and nobody has tried."""
    if not here(engine).pairs and engine.jobs.latest(KEY) is None:
        engine.submit_prepare_demo()


def show(engine: Engine) -> None:
    """How far the demo is, while it is being prepared; a way to try again where that was stopped."""
    job = engine.jobs.latest(KEY)
    if job is None or job.state == "done":
        return
    watch(engine, [KEY], seen=lambda: here(engine).pairs)
    if not job.live:
        st.button("Prepare the demo", on_click=engine.submit_prepare_demo, key="prepare-demo-again")
