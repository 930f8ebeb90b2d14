"""The table of jobs: one SQLite database that the pages, the command line and the workers share.

A job's worker holds a lock as long as it lives, so whether a job lives is asked of the lock and never of a
process id, which another process may have by now. A worker writes its last state before it lets go of the
lock.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import NotHere
from core.system.database import connect, remove_database
from core.system.files import disk_guard
from core.system.locks import is_held
from core.types import Job, JobState

STOPPED = "Stopped unexpectedly; start it again, it resumes where it was."
CANCELLED = "Canceled; what was finished is kept."
_START_SECONDS = 60.0
_HISTORY = 200
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    params TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    rate REAL NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    updated REAL NOT NULL,
    started REAL,
    cancel INTEGER NOT NULL DEFAULT 0,
    began REAL,
    line INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS one_live_job_a_key ON jobs (key) WHERE state IN ('queued', 'running');
"""
_LATER = {"began": "REAL", "line": "INTEGER NOT NULL DEFAULT 0"}
"""Columns that tables of earlier versions lack. `line`: 1 stands in line without a process, 2 came out of it."""
_COLUMNS = "id, kind, key, title, state, done, total, rate, message, params, created, updated, began, line"
_LIVE = "state IN ('queued', 'running')"


class JobTable:
    """Rows of `cache/jobs.sqlite` and the locks and logs of their workers under `cache/run`."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.path, self.run_folder = self.root / "jobs.sqlite", self.root / "run"

    def lock_path(self, job_id: str) -> Path:
        """Held by the job's worker while it lives."""
        return self.run_folder / f"{job_id}.lock"

    def log_path(self, job_id: str) -> Path:
        """What the job's worker printed."""
        return self.run_folder / f"{job_id}.log"

    # --- for whoever starts and watches jobs --------------------------------------------------------------

    def insert(
        self, kind: str, key: str, title: str, params: Mapping[str, Any], *, in_line: bool = False
    ) -> tuple[Job, bool]:
        """(the live job of this key, False), or (a new queued one, True); `in_line` until `next_in_line` gives it."""
        with self._transaction() as connection:
            row = connection.execute(f"SELECT id FROM jobs WHERE key = ? AND {_LIVE}", (key,)).fetchone()
            if row is not None and not self._settle(connection, row[0]):
                return self._job(connection, row[0]), False
            job_id, now = uuid.uuid4().hex[:12], time.time()
            connection.execute(
                "INSERT INTO jobs (id, kind, key, title, params, created, updated, line) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job_id, kind, key, title, json.dumps(dict(params)), now, now, int(in_line)),
            )
            self._prune(connection)
            return self._job(connection, job_id), True

    def get(self, job_id: str) -> Job:
        """A job as it is now. Raises `NotHere` for an unknown id."""
        with self._reading() as connection:
            job = self._job(connection, job_id)
        return self._checked(job)

    def latest(self, key: str) -> Job | None:
        """The newest job of a key."""
        jobs = self._select("WHERE key = ? ORDER BY seq DESC LIMIT 1", (key,))
        return self._checked(jobs[0]) if jobs else None

    def newest(self, limit: int) -> tuple[Job, ...]:
        """The newest jobs first."""
        return tuple(self._checked(job) for job in self._select("ORDER BY seq DESC LIMIT ?", (limit,)))

    def live(self) -> tuple[Job, ...]:
        """All that is queued or running, in the order in which it was asked for."""
        found = (self._checked(job) for job in self._select(f"WHERE {_LIVE} ORDER BY seq", ()))
        return tuple(job for job in found if job.live)

    def next_in_line(self) -> Job | None:
        """The job whose turn it is, taken out of the line; None while one that came out of it is at work."""
        with self._reading() as connection:
            if connection.execute("SELECT 1 FROM jobs WHERE line = 1 AND state = 'queued'").fetchone() is None:
                return None
        with self._transaction() as connection:
            out = connection.execute(f"SELECT id FROM jobs WHERE line = 2 AND {_LIVE}").fetchall()
            if not all(self._settle(connection, job_id) for (job_id,) in out):
                return None
            query = "SELECT id FROM jobs WHERE line = 1 AND state = 'queued' ORDER BY seq LIMIT 1"
            if (row := connection.execute(query).fetchone()) is None:
                return None
            connection.execute("UPDATE jobs SET line = 2, updated = ? WHERE id = ?", (time.time(), row[0]))
            return self._job(connection, row[0])

    def cancel(self, job_id: str) -> None:
        """Ask a live job to stop; one whose worker is not there yet is over at once."""
        with self._transaction() as connection:
            connection.execute(f"UPDATE jobs SET cancel = 1 WHERE id = ? AND {_LIVE}", (job_id,))
            if not is_held(self.lock_path(job_id)):
                _end(connection, job_id, "cancelled", CANCELLED)

    def settle(self, job_id: str, starting: bool = True) -> None:
        """If the job is not over but its worker is gone, write that down.

        `starting` allows for a worker that was started a moment ago and has not taken its lock yet.
        """
        with self._transaction() as connection:
            self._settle(connection, job_id, starting)

    # --- for workers --------------------------------------------------------------------------------------

    def claim(self, job_id: str) -> bool:
        """Whether this job is still to be done; only the first worker to ask hears yes. Hold the job's
        lock."""
        with self._transaction() as connection:
            return (
                connection.execute(
                    "UPDATE jobs SET started = ?, updated = ? WHERE id = ? AND state = 'queued' AND started IS NULL",
                    (time.time(), time.time(), job_id),
                ).rowcount
                == 1
            )

    def begin(self, job_id: str) -> None:
        """From queued to running."""
        self._update(job_id, state="running", message="", began=time.time())

    def report(self, job_id: str, done: int, total: int, rate: float) -> None:
        """How far the work is; `rate` in items a second."""
        self._update(job_id, done=done, total=total, rate=rate)

    def say(self, job_id: str, message: str) -> None:
        """What the worker is at, for people."""
        self._update(job_id, message=message)

    def end(self, job_id: str, state: JobState, message: str) -> None:
        """The last word of a worker, before it lets go of its lock."""
        with self._transaction() as connection:
            _end(connection, job_id, state, message)

    def cancel_wanted(self, job_id: str) -> bool:
        """Whether someone asked the job to stop."""
        with self._reading() as connection:
            row = connection.execute("SELECT cancel FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return row is not None and bool(row[0])

    def waiting_before(self, job_id: str) -> tuple[tuple[str, str], ...]:
        """(id, kind) of the living jobs that were queued earlier."""
        query = (
            "SELECT id, kind FROM jobs WHERE state = 'queued' AND started IS NOT NULL "
            "AND seq < (SELECT seq FROM jobs WHERE id = ?)"
        )
        with self._reading() as connection:
            rows = connection.execute(query, (job_id,)).fetchall()
        return tuple((i, kind) for i, kind in rows if is_held(self.lock_path(i)))

    # --- inside -------------------------------------------------------------------------------------------

    def _update(self, job_id: str, **values: object) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self._transaction() as connection:
            connection.execute(
                f"UPDATE jobs SET {names}, updated = ? WHERE id = ? AND {_LIVE}",
                (*values.values(), time.time(), job_id),
            )

    def _checked(self, job: Job) -> Job:
        """The job, after writing down that its worker is gone if that is so."""
        if not job.live or job.in_line or is_held(self.lock_path(job.id)):
            return job
        with self._transaction() as connection:
            self._settle(connection, job.id)
            return self._job(connection, job.id)

    def _settle(self, connection: sqlite3.Connection, job_id: str, starting: bool = True) -> bool:
        """Whether the job is over. Inside a transaction: the lock is looked at before the state is read
        again."""
        gone = not is_held(self.lock_path(job_id))
        query = "SELECT state, started, updated, cancel, line FROM jobs WHERE id = ?"
        row = connection.execute(query, (job_id,)).fetchone()
        if row is None or row[0] not in ("queued", "running"):
            return True
        if row[4] == 1:
            return False
        young = starting and row[1] is None and time.time() - row[2] < _START_SECONDS
        if not gone or young:
            return False
        _end(connection, job_id, *(("cancelled", CANCELLED) if row[3] else ("failed", STOPPED)))
        return True

    def _job(self, connection: sqlite3.Connection, job_id: str) -> Job:
        row = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise NotHere(f"There is no job {job_id!r}; it may have been removed from the history.")
        return _job_of(row)

    def _select(self, rest: str, values: tuple[object, ...]) -> list[Job]:
        with self._reading() as connection:
            return [_job_of(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM jobs {rest}", values)]

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Forget all but the newest finished jobs, with their logs."""
        old = connection.execute(
            f"SELECT id FROM jobs WHERE NOT ({_LIVE}) ORDER BY seq DESC LIMIT -1 OFFSET ?", (_HISTORY,)
        ).fetchall()
        for (job_id,) in old:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            self.lock_path(job_id).unlink(missing_ok=True)
            self.log_path(job_id).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._connect()) as connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        """A broken table is replaced: what is lost is a history, and the work goes on from its chunks."""
        try:
            connection = connect(self.path, _SCHEMA)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            remove_database(self.path)
            return connect(self.path, _SCHEMA)
        try:
            _add_columns(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with disk_guard(self.root), self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _add_columns(connection: sqlite3.Connection) -> None:
    """Bring a table of an earlier version up to this one; workers of that version go on with it."""
    there = {row[1] for row in connection.execute("PRAGMA table_info(jobs)")}
    for name in _LATER.keys() - there:
        # Another process may have been quicker
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"ALTER TABLE jobs ADD COLUMN {name} {_LATER[name]}")


def _end(connection: sqlite3.Connection, job_id: str, state: str, message: str) -> None:
    connection.execute(
        f"UPDATE jobs SET done = CASE WHEN ?1 = 'done' THEN total ELSE done END, state = ?1, message = ?2, "
        f"updated = ?3 WHERE id = ?4 AND {_LIVE}",
        (state, message, time.time(), job_id),
    )


def _job_of(row: tuple[Any, ...]) -> Job:
    job_id, kind, key, title, state, done, total, rate, message, params, created, updated, began, line = row
    return Job(
        id=job_id,
        kind=kind,
        key=key,
        title=title,
        state=state,
        done=done,
        total=total,
        rate=rate,
        message=message,
        params=json.loads(params),
        created=created,
        updated=updated,
        started=began,
        in_line=line == 1 and state == "queued",
    )
