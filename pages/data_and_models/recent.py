"""Jobs that are over: when they began, how long they took, why they ended; starting again, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.tables.jobs import JOBS, jobs_frame
from core.types import Job
from core.work import start
from pages.data_and_models.choosing import choose_rows
from pages.shared.guard import public, safe_callback
from pages.shared.navigation import has_results, to_results

LATELY = 40


def show(engine: Engine) -> None:
    """One table, and what can be done with the rows that are marked; nothing where no job has ended."""
    ended = [job for job in engine.jobs.list(LATELY) if not job.live]
    if not ended:
        return
    st.header("Recent jobs", anchor=False)
    frame = jobs_frame(ended)
    for column in ("title", "why"):
        frame[column] = frame[column].map(public)
    marked = choose_rows(frame, JOBS, "recent", "Jobs that have ended")
    jobs = [ended[row] for row in marked.index]
    done = [job for job in jobs if has_results(job)]
    with st.container(horizontal=True, gap="small"):
        st.button(
            f"Start again ({len(jobs)})" if jobs else "Start again",
            key="again",
            icon=":material/replay:",
            on_click=safe_callback(_again),
            args=(engine, tuple(jobs)),
            disabled=not jobs,
            help="With the same parameters. What was finished is kept, so it goes on from there.",
        )
        st.button(
            "See results",
            key="results",
            icon=":material/arrow_forward:",
            on_click=safe_callback(to_results),
            args=(engine, done[0] if done else None),
            disabled=len(jobs) != 1 or not done,
            help="Of one marked job that is done: its errors by class, its retrieval scores, or its study.",
        )


def _again(engine: Engine, jobs: Sequence[Job]) -> None:
    for job in reversed(jobs):
        start.again(engine.jobs, job)
