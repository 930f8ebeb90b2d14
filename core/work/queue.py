"""The work that is under way as a queue: its order, and how long it takes in all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from core.embedding.speed import speed
from core.engine import Engine
from core.types import Job
from core.words.jobs import seconds_to_tell

LATELY = 40
"""Jobs that ended lately, which show what starting takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Live jobs in the order of their work. `seconds` are left in all, as far as known; `whole` says that every job is
    in them."""

    jobs: tuple[Job, ...]
    seconds: float | None
    whole: bool

    def place(self, job: Job) -> int:
        """Its place among those that wait, from 1; 0 for what runs."""
        waiting = [each.id for each in self.jobs if each.state == "queued"]
        return waiting.index(job.id) + 1 if job.id in waiting else 0


def queue(engine: Engine) -> Queue:
    """What is queued and running now."""
    jobs = engine.jobs.live()
    if not jobs:
        return Queue(jobs=(), seconds=None, whole=True)
    ended = [job for job in engine.jobs.list(LATELY) if job.state == "done" and job.kind == "embed"]
    left = [_left(engine, job, jobs, ended) for job in jobs]
    known = [seconds for seconds in left if seconds is not None]
    return Queue(jobs=jobs, seconds=sum(known) if known else None, whole=len(known) == len(left))


def _left(engine: Engine, job: Job, live: Sequence[Job], ended: Sequence[Job]) -> float | None:
    if job.state == "running" and (told := seconds_to_tell(job)) is not None:
        return told
    images = job.total or job.params.get("images")
    if job.kind != "embed" or not isinstance(images, int):
        return None
    pace = next(_paces(engine, str(job.params.get("model")), live, ended), None)
    whole = _as_lately(images, ended) if pace is None else _start_up(ended) + (images - job.done) / pace
    spent = 0.0 if job.started is None else time.time() - job.started
    return None if whole is None else max(0.0, whole - spent)


def _as_lately(images: int, ended: Sequence[Job]) -> float | None:
    """What the last job of at least half as many images took, which is mostly starting where they are few."""
    return next((job.seconds for job in ended if job.seconds is not None and images <= 2 * job.done), None)


def _paces(engine: Engine, model: str, live: Sequence[Job], ended: Sequence[Job]) -> Iterator[float]:
    """Images a second of a model, the best known first: as it runs, as it ran lately, as it was remembered."""
    yield from (job.rate for job in live if job.params.get("model") == model and job.rate > 0)
    yield from (job.rate for job in ended if job.params.get("model") == model and job.rate > 0)
    for entry in engine.store.entries():
        if entry.key.model == model and (known := speed(engine.results, entry.key)):
            yield 1 / known.seconds_per_picture


def _start_up(ended: Sequence[Job]) -> float:
    """What a job takes beside its images: loading the model, encoding the prompts."""
    spent = [job.seconds - job.done / job.rate for job in ended if job.seconds is not None and job.rate > 0]
    return max(0.0, median(spent)) if spent else 0.0
