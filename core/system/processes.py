"""Processes of our own that outlive whoever started them, and how many may be at work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from core.system.files import disk_guard

ROOT = Path(__file__).absolute().parents[2]


def available_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def start_worker(
    arguments: Sequence[str],
    log: Path,
    *,
    cache_dir: Path,
    data_dir: Path | None = None,
    environment: Mapping[str, str] | None = None,
    at_exit: Callable[[int], None] | None = None,
) -> int:
    """Start `python -m core.work.worker ARGUMENTS` in a session of its own; gives its process id.

    A new interpreter and not a fork: a forked process hangs once torch has threads. `at_exit` is called with
    the exit status if this process still lives then; the thread that waits for it also keeps zombies away.
    """
    with disk_guard(log.parent), _appending(log) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.work.worker", *arguments],
            cwd=ROOT,
            env=_environment(cache_dir, data_dir, environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    threading.Thread(target=_reap, args=(process, at_exit), name="reap", daemon=True).start()
    return process.pid


def _appending(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


def _reap(process: subprocess.Popen[bytes], at_exit: Callable[[int], None] | None) -> None:
    status = process.wait()
    if at_exit is not None:
        at_exit(status)


def _environment(cache_dir: Path, data_dir: Path | None, more: Mapping[str, str]) -> dict[str, str]:
    """Absolute paths, because the worker runs in the project's own folder."""
    data = data_dir or Path(os.environ.get("TMV_DATA", "data"))
    ours = {"TMV_CACHE": str(cache_dir.absolute()), "TMV_DATA": str(data.absolute()), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours, **more}
