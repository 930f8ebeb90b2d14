"""Long work in processes of its own: it survives page reloads and restarts of the server, and runs once a
key."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import TMVError
from core.jobs.table import JobTable
from core.system.processes import start_worker
from core.types import Job

TASKS_MODULE = "core.work.tasks"
_STOPPING_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Work that is asked for: what `Jobs.submit` takes."""

    kind: str
    key: str
    title: str
    params: Mapping[str, Any]


class Jobs:
    """The jobs of a cache folder. Every process that opens the folder sees the same ones.

    `tasks` names the module whose `TASKS` says what each kind of job does.
    """

    def __init__(self, root: Path | str, data_dir: Path | None = None, *, tasks: str = TASKS_MODULE) -> None:
        self._root, self._data_dir, self._tasks = Path(root), data_dir, tasks
        self._table = JobTable(root)

    def submit(self, kind: str, key: str, title: str, params: Mapping[str, Any]) -> Job:
        """Start the work, or join the job of the same key that is already queued or running."""
        self._let_stop(key)
        job, is_new = self._table.insert(kind, key, title, params)
        if is_new:
            self._start(job)
        return job

    def line_up(self, wanted: Iterable[Wanted]) -> tuple[Job, ...]:
        """Put work in line: each begins when the one before it is over, so that any number of them needs one process.
        What is submitted alone meanwhile goes between two of them."""
        found = list[Job]()
        for one in wanted:
            self._let_stop(one.key)
            found.append(self._table.insert(one.kind, one.key, one.title, one.params, in_line=True)[0])
        self.go_on()
        return tuple(found)

    def go_on(self) -> None:
        """Start the work whose turn it is. Each worker does so when it ends; whoever looks at the jobs does too, since
        one may have been killed."""
        if self._table.path.exists() and (job := self._table.next_in_line()):
            self._start(job)

    def live(self) -> tuple[Job, ...]:
        """All that is queued or running, in the order of its work."""
        if not self._table.path.exists():
            return ()
        self.go_on()
        return tuple(sorted(self._table.live(), key=lambda job: (job.state != "running", job.in_line)))

    def get(self, job_id: str) -> Job:
        """A job as it is now. Raises `NotHere` for an unknown id."""
        return self._table.get(job_id)

    def latest(self, key: str) -> Job | None:
        """The newest job of a key, whoever started it."""
        return self._table.latest(key) if self._table.path.exists() else None

    def list(self, limit: int = 50) -> tuple[Job, ...]:
        """The newest jobs first."""
        return self._table.newest(limit) if self._table.path.exists() else ()

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; nothing happens when it is over. What it finished is kept."""
        self._table.cancel(job_id)

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """The job once it is over. Raises `TMVError` after `timeout` seconds."""
        deadline, pause = time.monotonic() + (float("inf") if timeout is None else timeout), 0.05
        while (job := self.get(job_id)).live:
            self.go_on()
            if time.monotonic() > deadline:
                raise TMVError(f"{job.title} takes longer than {timeout:.0f} s; it goes on by itself.")
            time.sleep(pause)
            pause = min(0.5, pause * 1.5)
        return job

    def log(self, job_id: str) -> str:
        """What the job's worker printed; "" when nothing is left of it."""
        path = self._table.log_path(job_id)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _start(self, job: Job) -> None:
        arguments = ["run", job.id, "--tasks", self._tasks]
        try:
            start_worker(
                arguments,
                self._table.log_path(job.id),
                cache_dir=self._root,
                data_dir=self._data_dir,
                environment=_one_core_left(),
                at_exit=partial(self._worker_ended, job.id),
            )
        except BaseException:
            self._table.settle(job.id, starting=False)
            raise

    def _worker_ended(self, job_id: str, status: int) -> None:
        """A worker that died before it took its lock is told from one that is still starting."""
        if self._table.path.exists():
            self._table.settle(job_id, starting=False)
            self.go_on()

    def _let_stop(self, key: str) -> None:
        """A new job never joins one that is being cancelled: give that a moment to end."""
        deadline = time.monotonic() + _STOPPING_SECONDS
        while (job := self.latest(key)) and job.live and time.monotonic() < deadline:
            if not self._table.cancel_wanted(job.id):
                return
            time.sleep(0.05)


def _one_core_left() -> dict[str, str]:
    """Threads for matrix products. Theirs wait for each other spinning, so where all cores are asked for, whoever
    else is at work slows them down many times over, and the server with them."""
    known = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return {"OPENBLAS_NUM_THREADS": known or str(max(1, (os.cpu_count() or 2) - 1))}
