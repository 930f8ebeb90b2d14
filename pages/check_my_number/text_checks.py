"""The checks of someone's texts, which compare their answers with runs of our own: the model encodes these in a process
of its own."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.engine import Engine
from core.studies.audit import AuditResult
from core.studies.audit.study import text_runs
from core.work import start
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch

SEEN = "text-checks-seen"
HELP = (
    "Loads the model in a separate process and encodes the class names twice more: not cleaned, and filled up to the "
    "longest text only. Your answers are then compared with both."
)


def text_checks(engine: Engine, result: AuditResult, key: str, forget: Callable[[], None]) -> None:
    """A button that has the runs made which are missing; `forget` is called once they are there, and the page runs
    again with them."""
    place = text_runs(engine, result)
    if place is None:
        return
    work = start.audit_texts_key(place)
    jobs = watch(engine, [work])
    if any(job.live for job in jobs):
        return
    if (done := next((job for job in jobs if job.state == "done"), None)) and st.session_state.get(SEEN) != done.id:
        st.session_state[SEEN] = done.id
        forget()
        st.rerun()
    st.button(
        "Check how texts were prepared",
        key=f"text-checks-{key}",
        icon=":material/spellcheck:",
        on_click=safe_callback(start.audit_texts),
        args=(engine.jobs, place),
        help=HELP,
    )
