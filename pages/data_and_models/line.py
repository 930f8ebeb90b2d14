"""Jobs under way: those of the rows that are marked in a table, and the whole queue."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.types import Job
from core.words.jobs import ended_said, jobs_said
from core.work.queue import Queue, queue
from pages.shared.badge import just_ended
from pages.shared.guard import errors_in_place, public, safe_callback
from pages.shared.jobs import job_line, watch
from pages.shared.layout import table_height
from pages.shared.navigation import has_results, to_results

SHOWN, ROW = 4, 56
"""Jobs with a bar of their own, and the height of one in pixels."""


def show_job(engine: Engine, keys: Sequence[str]) -> None:
    """The newest job of each key while it runs, and why where it failed."""
    if keys:
        watch(engine, keys)


def show_queue(engine: Engine) -> None:
    """All jobs, polled: the first ones with their bars, the rest as a list. Only this part of the page runs again until
    one begins or ends."""
    mark = _states(queue(engine))
    if not mark:
        st.session_state.pop("queue-rows", None)
        _ended(engine)

    def poll() -> None:
        now = queue(engine)
        if _states(now) != mark:
            st.rerun()
        if now.jobs:
            _draw(engine, now)

    st.fragment(errors_in_place()(poll), run_every=1.0 if mark else 5.0)()


def _ended(engine: Engine) -> None:
    """That what was waited for is over, and the way to what came of the last of it."""
    jobs = just_ended(engine)
    if not jobs:
        return
    done = next((job for job in jobs if has_results(job)), None)
    whole = all(job.state == "done" for job in jobs)
    words, button = st.columns([8, 2], vertical_alignment="center")
    show = words.success if whole else words.warning
    show(ended_said(jobs), icon=":material/task_alt:" if whole else ":material/info:")
    if done is not None:
        button.button(
            "See results",
            key="ended-results",
            icon=":material/arrow_forward:",
            width="stretch",
            on_click=safe_callback(to_results),
            args=(engine, done),
            help=f"Of: {public(done.title)}",
        )


def _states(now: Queue) -> list[tuple[str, str]]:
    return [(job.id, job.state) for job in now.jobs]


def _draw(engine: Engine, now: Queue) -> None:
    words, stop = st.columns([8, 2], vertical_alignment="center")
    words.markdown(f"**{jobs_said(len(now.jobs), now.seconds, now.whole)}**")
    stop.button(
        "Stop all",
        key="stop-all",
        icon=":material/stop_circle:",
        width="stretch",
        on_click=safe_callback(_stop),
        args=(engine, tuple(job.id for job in now.jobs)),
        help="Finished work is kept; starting again continues from there.",
    )
    # Always as high as the longest that this session has seen of the queue, so that nothing below moves as jobs end.
    most = max(len(now.jobs[:SHOWN]), int(st.session_state.get("queue-rows", 0)))
    st.session_state["queue-rows"] = most
    with st.container(height=most * ROW + 32, border=True):
        for job in now.jobs[:SHOWN]:
            job_line(engine, job, now.place(job))
    if rest := now.jobs[SHOWN:]:
        _rest(engine, rest, now)


def _rest(engine: Engine, rest: Sequence[Job], now: Queue) -> None:
    """The jobs further back, of which some can be marked and stopped."""
    with st.expander(f"{len(rest):,} more in the queue"):
        key = f"queue-{rest[0].id}-{len(rest)}"
        frame = pd.DataFrame({"Place": [now.place(job) for job in rest], "Job": [job.title for job in rest]})
        event = st.dataframe(
            frame,
            hide_index=True,
            key=key,
            on_select="rerun",
            selection_mode="multi-row",
            height=table_height(len(frame), 6),
            alt="Jobs further back in the queue",
        )
        marked = [rest[row].id for row in event.selection.rows if row < len(rest)]
        st.button(
            f"Stop marked ({len(marked)})" if marked else "Stop marked",
            key="stop-marked",
            on_click=safe_callback(_stop),
            args=(engine, tuple(marked)),
            disabled=not marked,
        )


def _stop(engine: Engine, jobs: Sequence[str]) -> None:
    # The last first: whoever ends hands on to the next in line, which should be none of these.
    for job_id in reversed(jobs):
        engine.jobs.cancel(job_id)
