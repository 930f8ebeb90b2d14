"""The first start: the demo prepares itself, so that a newcomer clicks nothing to see the first chart."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.errors import Damaged
from core.work import start
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch
from pages.shared.stored import stored_pairs

KEY = "prepare-demo"
FIRST = (("demo-rn/demo", "demo-objects"), ("demo-vit/demo", "demo-objects"))


@st.cache_resource(show_spinner=False)
def _tried() -> set[str]:
    """What this server has started by itself already: nothing is started twice, however it ends."""
    return set()


def prepare(engine: Engine) -> None:
    """Prepare the demo where nothing is cached yet, or where its vectors are of an earlier version; once
    a start."""
    if KEY in _tried():
        return
    _tried().add(KEY)
    pairs, job = stored_pairs(engine).pairs, engine.jobs.latest(KEY)
    stopped = job is not None and job.state == "cancelled"
    outdated = any(pair in pairs and not _whole(engine, *pair) for pair in FIRST)
    if not stopped and (not pairs or outdated):
        start.prepare_demo(engine.jobs)


def _whole(engine: Engine, model: str, dataset: str) -> bool:
    try:
        return engine.embeddings(model, dataset) is not None
    except Damaged:
        return False


def show(engine: Engine) -> bool:
    """How far the demo is while it is being prepared, and whether it is; a way to go on where that was stopped."""
    job = engine.jobs.latest(KEY)
    if job is None or job.state == "done":
        return False
    if job.live and not stored_pairs(engine).pairs:
        st.caption("The first start draws the pictures and embeds them; the first chart is here in about a minute.")
    watch(engine, [KEY], seen=lambda: stored_pairs(engine).pairs)
    if not job.live:
        st.button(
            "Prepare the demo",
            on_click=safe_callback(start.prepare_demo),
            args=(engine.jobs,),
            key="prepare-demo-again",
        )
    return job.live
