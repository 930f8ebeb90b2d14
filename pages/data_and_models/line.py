"""One line of a list of models or data sets: what it is, how it stands, and the button that gets it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine import Engine
from pages.shared.guard import safe_callback
from pages.shared.jobs import job_line
from pages.shared.words import plain


def describe(title: str, state: str, why: str, *facts: str, more: str = "") -> DeltaGenerator:
    """The words of a line, without the facts that are not known; gives the place of its button."""
    words, button = st.columns([9, 1], vertical_alignment="center")
    with words:
        st.markdown(f"**{plain(title)}** · {state}" + (f" · {plain(why)}" if why else ""))
        st.caption(" · ".join(filter(None, facts)))
        if more:
            st.caption(plain(more))
    return button


def offer_job(
    engine: Engine, place: DeltaGenerator, label: str, name: str, job: str, start: Callable[..., object], *args: object
) -> None:
    """The button that starts a job, by the job's key; none while it runs, and what it said when it failed."""
    last = engine.jobs.latest(job)
    if last is not None and last.live:
        return
    key = f"{label.lower()}-{name}"
    place.button(label, key=key, on_click=safe_callback(start), args=(engine.jobs, *args), width="stretch")
    if last is not None and last.state == "failed":
        job_line(engine, last)
