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
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.numbers import count, duration, size
from core.types import Job
from pages.shared.guard import safe_callback
from pages.shared.words import plain

EARLY = 0.05
"""The share of mixed work that is done before time left is told."""
ENDED = {"done": "done", "failed": "stopped by an error", "cancelled": "stopped"}


def job_sentence(job: Job) -> str:
    """ "Embedding EuroSAT with …: 1,240 of 10,000 pictures · 310 a second · 28 s left"."""
    if job.state == "queued":
        return f"{job.title}: waiting for its turn"
    if job.state != "running":
        return f"{job.title}: {ENDED[job.state]}" + (f" — {job.message}" if job.state == "failed" else "")
    parts = [p for p in (job.message, _amount(job), _rate(job), _left(job)) if p]
    return f"{job.title}: {' · '.join(parts)}" if parts else f"{job.title}: starting"


def _amount(job: Job) -> str:
    if not job.total:
        return ""
    if job.kind == "embed":
        return f"{job.done:,} of {count(job.total, 'picture')}{' and captions' if _captioned(job) else ''}"
    if job.kind.startswith("download"):
        return f"{size(job.done)} of {size(job.total)}"
    return f"{100 * job.done // job.total} %"


def _captioned(job: Job) -> bool:
    """Whether texts are counted with the pictures."""
    try:
        return find_dataset(str(job.params.get("dataset", ""))).kind == "captions"
    except TMVError:
        return False


def _rate(job: Job) -> str:
    if job.rate <= 0:
        return ""
    if job.kind == "embed":
        return f"{job.rate:,.0f} a second"
    return f"{size(job.rate)} a second" if job.kind.startswith("download") else ""


def _left(job: Job) -> str:
    # The first steps of mixed work say little about the others; pictures and bytes go by evenly.
    even = job.kind == "embed" or job.kind.startswith("download")
    if job.seconds_left is None or job.kind == "prepare-demo" or (not even and job.done < EARLY * job.total):
        return ""
    return f"{duration(job.seconds_left)} left"


def job_line(engine: Engine, job: Job) -> None:
    """One job: its bar with words, and a way to stop it while it runs; the reason where it failed."""
    if not job.live:
        st.caption(plain(job_sentence(job)))
        return
    bar, stop = st.columns([8, 1], vertical_alignment="center")
    share = min(1.0, job.done / job.total) if job.total else 0.0
    bar.progress(share, text=plain(job_sentence(job)))
    stop.button(
        "Stop",
        key=f"stop-{job.id}",
        on_click=safe_callback(engine.jobs.cancel),
        args=(job.id,),
        width="stretch",
        help="What is finished is kept; starting again goes on from there.",
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

    st.fragment(poll, run_every=1.0 if any(j.live for j in now) else 5.0)()
    return now


def _jobs(engine: Engine, keys: Sequence[str]) -> tuple[Job, ...]:
    found = (engine.jobs.latest(key) for key in keys)
    return tuple(job for job in found if job is not None)


def _states(jobs: Sequence[Job]) -> tuple[tuple[str, str], ...]:
    return tuple((job.id, job.state) for job in jobs)
