"""Long work on a page: what runs, how far it is, how to stop it. It survives reloads, since it lives in the
job table.

A fragment polls the table: every second while something runs, every five otherwise, since another session
may start the same work; when the state changes the whole page runs once, so that results appear by
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.engine import Engine
from core.types import Job
from core.words.jobs import job_sentence
from core.work import start
from pages.shared.guard import errors_in_place, public, safe_callback
from pages.shared.words import plain


def job_line(engine: Engine, job: Job, place: int = 0) -> None:
    """One job: its bar with words, and a way to stop it while it runs; where it failed the reason and a way to try
    again. `place` is that in the queue, 0 where it is not known."""
    if not job.live:
        _over(engine, job)
        return
    bar, stop = st.columns([8, 1], vertical_alignment="center")
    share = min(1.0, job.done / job.total) if job.total else 0.0
    bar.progress(share, text=plain(public(job_sentence(job, place))))
    stop.button(
        "Stop",
        key=f"stop-{job.id}",
        on_click=safe_callback(engine.jobs.cancel),
        args=(job.id,),
        width="stretch",
        help="Finished work is kept; starting again continues from there.",
    )


def _over(engine: Engine, job: Job) -> None:
    words, button = st.columns([8, 1], vertical_alignment="center")
    words.caption(plain(public(job_sentence(job))))
    if job.state != "done":
        button.button(
            "Retry",
            key=f"retry-{job.id}",
            on_click=safe_callback(start.again),
            args=(engine.jobs, job),
            width="stretch",
            help="With the same parameters; what was finished is kept.",
        )


def watch(
    engine: Engine, keys: Sequence[str], *, seen: Callable[[], object] | None = None, failures: bool = True
) -> tuple[Job, ...]:
    """Show the newest job of each key and keep looking. The page runs again when one starts, ends, or
    when what `seen()` returns changes (for example the pairs that have vectors). Returns the jobs as
    they are now."""
    now = _jobs(engine, keys)
    mark = (_states(now), seen() if seen else None)

    def poll() -> None:
        jobs = _jobs(engine, keys)
        if (_states(jobs), seen() if seen else None) != mark:
            st.rerun()
        for job in jobs:
            if job.live or (failures and job.state == "failed"):
                job_line(engine, job)

    st.fragment(errors_in_place()(poll), run_every=1.0 if any(j.live for j in now) else 5.0)()
    return now


def _jobs(engine: Engine, keys: Sequence[str]) -> tuple[Job, ...]:
    found = (engine.jobs.latest(key) for key in keys)
    return tuple(job for job in found if job is not None)


def _states(jobs: Sequence[Job]) -> tuple[tuple[str, str], ...]:
    return tuple((job.id, job.state) for job in jobs)
