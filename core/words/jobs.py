"""What is said of long work: how far it is, when it began, how long it took and why it ended."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.numbers import count, duration, size
from core.types import Job

EARLY = 0.05
"""The share of mixed work that is done before time left is told."""
ENDED = {"done": "done", "failed": "failed", "cancelled": "stopped"}
STANDINGS = {
    "compute": "to compute",
    "stored": "stored already, skipped",
    "running": "in the queue",
    "impossible": "cannot be computed",
}


def job_sentence(job: Job, place: int = 0) -> str:
    """ "Embedding EuroSAT with …: 1,240 of 10,000 images · 310 a second · 28 s left"; `place` is that in the queue, 0
    where it is not known."""
    if job.state == "queued":
        return f"{job.title}: waiting for its turn" + (f", place {place:,} in the queue" if place else "")
    if job.state != "running":
        return f"{job.title}: {ENDED[job.state]}" + (f" — {job.message}" if job.state == "failed" else "")
    parts = [p for p in (job.message, amount_said(job), rate_said(job), left_said(job)) if p]
    return f"{job.title}: {' · '.join(parts)}" if parts else f"{job.title}: starting"


def amount_said(job: Job) -> str:
    """ "1,240 of 10,000 images"; "" before the total is known."""
    if not job.total:
        return ""
    if job.kind == "embed":
        return f"{job.done:,} of {count(job.total, 'image')}{' and captions' if _captioned(job) else ''}"
    if job.kind.startswith("download"):
        return f"{size(job.done)} of {size(job.total)}"
    return f"{100 * job.done // job.total} %"


def _captioned(job: Job) -> bool:
    """Whether texts are counted with the images."""
    try:
        return find_dataset(str(job.params.get("dataset", ""))).kind == "captions"
    except TMVError:
        return False


def rate_said(job: Job) -> str:
    """ "310 a second"; "" where the pace says nothing."""
    if job.rate <= 0:
        return ""
    if job.kind == "embed":
        return f"{job.rate:,.0f} a second"
    return f"{size(job.rate)} a second" if job.kind.startswith("download") else ""


def left_said(job: Job) -> str:
    """ "28 s left"; "" where that cannot be told yet."""
    seconds = seconds_to_tell(job)
    return "" if seconds is None else f"{duration(seconds)} left"


def seconds_to_tell(job: Job) -> float | None:
    """How long still, where an estimate is worth telling: the first steps of mixed work say little about the others,
    while images and bytes go by evenly."""
    even = job.kind == "embed" or job.kind.startswith("download")
    if job.kind == "prepare-demo" or (not even and job.done < EARLY * job.total):
        return None
    return job.seconds_left


def why_ended(job: Job) -> str:
    """ "All 10,000 images done", "Stopped by a user", or the reason of a failure."""
    if job.state == "failed":
        return job.message
    if job.state == "cancelled":
        return f"Stopped on request{f' at {amount_said(job)}' if job.total else ''}; what was finished is kept."
    if job.state != "done":
        return ""
    return job.message or (f"Finished: {amount_said(job)}" if job.kind == "embed" and job.total else "Finished")


def jobs_said(jobs: int, seconds: float | None, whole: bool = True) -> str:
    """ "2 jobs · 3 min left", "2 jobs · over 3 min left" where some of them cannot be told yet, "2 jobs"."""
    said = count(jobs, "job")
    if seconds is None:
        return said
    return f"{said} · {'' if whole else 'over '}{duration(seconds)} left"


def when_said(moment: float | None) -> str:
    """ "2026-11-30 18:04" in the server's time."""
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def plan_said(pairs: int, compute: int, images: int, stored: int, running: int, impossible: int) -> str:
    """ "24 pairs: 20 to compute (640 images), 3 stored already, 1 cannot be computed." """
    of = f" ({count(images, 'image')})" if images else ""
    said = [f"{compute:,} to compute{of}"]
    said += [f"{stored:,} stored already"] if stored else []
    said += [f"{running:,} in the queue"] if running else []
    said += [f"{impossible:,} cannot be computed"] if impossible else []
    return f"{count(pairs, 'pair')} of model and data set: {', '.join(said)}."


def all_done_said(jobs: Sequence[Job]) -> str:
    """ "Done: see results", "Stopped: see jobs", "1 of 3 jobs failed: see why", when the last job has ended."""
    failed = sum(job.state == "failed" for job in jobs)
    if failed:
        return f"{failed:,} of {count(len(jobs), 'job')} failed: see why" if len(jobs) > 1 else "Failed: see why"
    return "Stopped: see jobs" if jobs and all(job.state == "cancelled" for job in jobs) else "Done: see results"


def ended_said(jobs: Sequence[Job]) -> str:
    """ "Done: 2 jobs.", "1 of 2 jobs done, 1 stopped.", where the last of them has ended."""
    done, stopped, failed = (sum(job.state == state for job in jobs) for state in ("done", "cancelled", "failed"))
    if done == len(jobs):
        return f"Done: {count(done, 'job')}."
    rest = [f"{n:,} {how}" for n, how in ((stopped, "stopped"), (failed, "failed")) if n]
    return f"{done:,} of {count(len(jobs), 'job')} done, {', '.join(rest)}. Recent jobs, below, says why."
