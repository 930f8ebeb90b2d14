"""`jobs`: the work that is under way or has ended, and what one of it printed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from core.commands.base import Command, Record, Row, positive
from core.engine import Engine
from core.types import Job


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=positive, default=50, metavar="N", help="so many, newest first (default: 50)")
    parser.add_argument("--log", metavar="ID", help="only this job, with what its worker printed")


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    waiting = [job.id for job in engine.jobs.live() if job.state == "queued"]
    if args.log:
        return [_record(engine.jobs.get(args.log), waiting) | {"log": engine.jobs.log(args.log)}]
    return [_record(job, waiting) for job in engine.jobs.list(args.last)]


def _record(job: Job, waiting: Sequence[str]) -> Record:
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "place": waiting.index(job.id) + 1 if job.id in waiting else None,
        "params": dict(job.params),
        "created": _iso(job.created),
        "started": _iso(job.started),
        "ended": _iso(job.ended),
        "seconds": job.seconds,
        "done": job.done,
        "total": job.total,
        "rate": job.rate,
        "seconds_left": job.seconds_left,
        "message": job.message,
    }


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _rows(records: Sequence[Record]) -> list[Row]:
    from core.stats.numbers import duration

    logged = [record for record in records if "log" in record]
    if logged:
        return [{"log": line} for line in logged[0]["log"].splitlines()]
    return [
        {
            "id": r["id"],
            "job": r["title"],
            "state": r["state"] if r["place"] is None else f"place {r['place']}",
            "started": (r["started"] or "")[:19].replace("T", " "),
            "took": "" if r["seconds"] is None else duration(r["seconds"]),
            "message": r["message"],
        }
        for r in records
    ]


COMMAND = Command(
    name="jobs", help="list the work of the dashboard, and its logs", add_arguments=_add_arguments, run=_run, rows=_rows
)
