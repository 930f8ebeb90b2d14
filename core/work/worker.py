"""`python -m core.work.worker run JOB_ID` does one job; `python -m core.work.worker serve` keeps encoders warm.

Both read `TMV_CACHE` and `TMV_DATA`, print to their log, and never import streamlit.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from core.encoders.service.client import CATALOG
from core.errors import Cancelled, TMVError
from core.jobs.jobs import TASKS_MODULE, Jobs
from core.jobs.table import CANCELLED, JobTable
from core.system.locks import FileLock
from core.types import Job

_LOCK_SECONDS = 10.0
_REPORT_SECONDS = 0.25
_RATE_SECONDS = 20.0
_CANCEL_POLL, _CANCEL_SECONDS = 0.2, 10.0
_WAITING = "Waiting for another job to finish."


class JobProgress:
    """The `progress` of a running job: `progress(done, total)` keeps the table up to date, `say` sets the
    message.

    Raises `Cancelled` from the next call after someone asked the job to stop.
    """

    def __init__(self, table: JobTable, job_id: str) -> None:
        self._table, self._id = table, job_id
        self.cancelled = threading.Event()
        self._written, self._samples = 0.0, deque[tuple[float, int]]()
        self._total = 0

    def __call__(self, done: int, total: int) -> None:
        """Note how far the job is; raises `Cancelled`."""
        self.check()
        now = time.monotonic()
        rate = self._rate(now, done, total)
        if now - self._written >= _REPORT_SECONDS or done >= total:
            self._written = now
            self._table.report(self._id, done, total, rate)

    def check(self) -> None:
        """Raise `Cancelled` if the job should stop."""
        if self.cancelled.is_set():
            raise Cancelled(CANCELLED)

    def say(self, message: str) -> None:
        """One short sentence on what is being done now."""
        self._table.say(self._id, message)

    def _rate(self, now: float, done: int, total: int) -> float:
        """Items a second over the last seconds; what was done before this run does not count."""
        if total != self._total or (self._samples and done < self._samples[-1][1]):
            self._samples.clear()
        self._total = total
        self._samples.append((now, done))
        while now - self._samples[0][0] > _RATE_SECONDS and len(self._samples) > 2:
            self._samples.popleft()
        (then, before), seconds = self._samples[0], now - self._samples[0][0]
        return (done - before) / seconds if seconds > 0.2 and then < now else 0.0


def run_job(root: Path, job_id: str, tasks_module: str = TASKS_MODULE) -> int:
    """Do one job of the table; the exit status is 0 when it was done (or was not ours to do)."""
    table = JobTable(root)
    lock = FileLock(table.lock_path(job_id))
    if not _take(lock):
        return 0
    try:
        return _run_claimed(table, job_id, tasks_module) if table.claim(job_id) else 0
    finally:
        lock.release()
        data = os.environ.get("TMV_DATA")
        Jobs(root, Path(data) if data else None, tasks=tasks_module).go_on()


def _run_claimed(table: JobTable, job_id: str, tasks_module: str) -> int:
    job, progress, over = table.get(job_id), JobProgress(table, job_id), threading.Event()
    watched = (table, job_id, progress.cancelled, over)
    threading.Thread(target=_watch_cancel, args=watched, daemon=True).start()
    try:
        message = _work(table, job, tasks_module, progress)
    except Cancelled:
        table.end(job_id, "cancelled", CANCELLED)
    except TMVError as error:
        traceback.print_exc()
        table.end(job_id, "failed", str(error))
        return 1
    except BaseException as error:
        traceback.print_exc()
        table.end(job_id, "failed", _unforeseen(job, error))
        return 1
    else:
        table.end(job_id, "done", message)
    finally:
        over.set()
    return 0


def _take(lock: FileLock) -> bool:
    """Whoever looks whether a job lives holds its lock for an instant, so try for a while."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while not lock.try_hold():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _work(table: JobTable, job: Job, tasks_module: str, progress: JobProgress) -> str:
    tasks = importlib.import_module(tasks_module)
    light: Collection[str] = getattr(tasks, "LIGHT", ())
    if job.kind not in tasks.TASKS:
        raise TMVError(f"No job is called {job.kind!r}; there are: {', '.join(tasks.TASKS)}.")
    with contextlib.nullcontext() if job.kind in light else _slot(table, job, light, progress):
        table.begin(job.id)
        engine = _engine(tasks, table.root)
        result = tasks.TASKS[job.kind](engine, job.params, progress)
    return result if isinstance(result, str) else ""


@contextlib.contextmanager
def _slot(table: JobTable, job: Job, light: Collection[str], progress: JobProgress) -> Iterator[None]:
    """One heavy job at a time, first come, first served: two would only halve each other's speed."""
    slot = FileLock(table.run_folder / "slot.lock")
    told = False
    while any(kind not in light for _, kind in table.waiting_before(job.id)) or not slot.try_hold():
        progress.check()
        if not told:
            progress.say(_WAITING)
            told = True
        time.sleep(0.2)
    try:
        yield
    finally:
        slot.release()


def _engine(tasks: ModuleType, root: Path) -> Any:
    make = getattr(tasks, "make_engine", None)
    if make is not None:
        return make(root)
    from core.engine import Engine

    return Engine(root)


def _watch_cancel(table: JobTable, job_id: str, cancelled: threading.Event, over: threading.Event) -> None:
    """Pass a wish to stop on to the work. Work that does not listen for long is ended: a kill costs one
    chunk."""
    while not over.wait(_CANCEL_POLL) and not cancelled.is_set():
        with contextlib.suppress(Exception):
            if table.cancel_wanted(job_id):
                cancelled.set()
    if not over.wait(_CANCEL_SECONDS):
        table.end(job_id, "cancelled", CANCELLED)
        os._exit(0)


def _unforeseen(job: Job, error: BaseException) -> str:
    # Pages show it to anybody, so it says how to find the log and not where on this machine that lies.
    detail = " ".join(str(error).split())[:200] or "no detail"
    return (
        f"{job.title} failed: {type(error).__name__} ({detail}); more is in the log: python -m core jobs --log {job.id}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of a worker; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.work.worker")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="do one job of the table")
    run.add_argument("job_id")
    run.add_argument("--tasks", default=TASKS_MODULE)
    serve = commands.add_parser("serve", help="keep encoders loaded and answer on a local socket")
    serve.add_argument("--models", default=CATALOG)
    serve.add_argument("--idle", type=float, default=900.0, help="seconds without a question before it ends")
    args = parser.parse_args(argv)
    root = Path(os.environ.get("TMV_CACHE", "cache")).absolute()
    if args.command == "run":
        os.nice(10)
        return run_job(root, args.job_id, args.tasks)
    from core.encoders.service.server import serve as serve_encoders

    os.nice(5)
    return serve_encoders(root, args.models, args.idle)


if __name__ == "__main__":
    sys.exit(main())
