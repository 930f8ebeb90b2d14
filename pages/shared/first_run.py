"""The first start: vectors that come with the product show at once, and the rest of the demo prepares itself."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.errors import Damaged, TMVError
from core.words.jobs import job_sentence
from core.work import start
from pages.shared.guard import public, safe_callback
from pages.shared.jobs import watch
from pages.shared.stored import stored_pairs
from pages.shared.words import plain

KEY = "prepare-demo"
FIRST = (("demo-rn/demo", "demo-objects"), ("demo-vit/demo", "demo-objects"))


@st.cache_resource(show_spinner=False)
def _tried() -> set[str]:
    """Caches that this server has looked at for vectors of an earlier version: once each, however that ends."""
    return set()


def prepare(engine: Engine) -> None:
    """Begin where nothing is cached, and prepare the demo there or where its vectors are of an earlier version. What
    somebody has stopped stays stopped."""
    pairs = stored_pairs(engine).pairs
    if pairs and str(engine.cache_dir) in _tried():
        return
    _tried().add(str(engine.cache_dir))
    job = engine.jobs.latest(KEY)
    if pairs:
        if (job is None or job.state != "cancelled") and any(p in pairs and not _whole(engine, *p) for p in FIRST):
            start.prepare_demo(engine.jobs)
    elif job is None:
        _begin(engine)
        start.prepare_demo(engine.jobs)


def _begin(engine: Engine) -> None:
    """What comes with the product; without it the demo is only slower to come."""
    try:
        start.begin(engine.cache_dir)
    except TMVError as error:
        st.caption(str(error))


def _whole(engine: Engine, model: str, dataset: str) -> bool:
    try:
        return engine.embeddings(model, dataset) is not None
    except Damaged:
        return False


def show(engine: Engine) -> bool:
    """How far the demo is while it is being prepared, and whether it is; a way to go on where it is not."""
    job = engine.jobs.latest(KEY)
    if job is not None and job.live:
        watch(engine, [KEY], seen=lambda: stored_pairs(engine).pairs)
        return True
    if (job is not None and job.state != "done") or not stored_pairs(engine).pairs:
        if job is not None and job.state == "failed":
            st.caption(plain(public(job_sentence(job))))
        st.button(
            "Prepare the demo",
            on_click=safe_callback(start.prepare_demo),
            args=(engine.jobs,),
            key="prepare-demo-again",
            type="secondary" if stored_pairs(engine).pairs else "primary",
            help="Draws the demo's images and computes their embeddings; about two minutes, in the background.",
        )
    return False
