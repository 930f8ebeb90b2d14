"""Locks that vanish with the process that holds them, among threads and among processes.

The operating system keeps them, so nobody has to guess whether a holder still lives: `filelock` holds them by `flock`,
and lets a forked child let go of what it inherits. Where a file system has no such locks, taking one fails; a mark
that a dead process leaves behind would be worse. Local disks only: network file systems differ in what they promise.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from core.system.files import disk_guard


class FileLock:
    """One holder at a time, among the threads of this process and among processes. The file stays, empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _lock(path)

    def try_hold(self) -> bool:
        """Take the lock if it is free; say whether that worked."""
        with disk_guard(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return not self._lock.is_locked and _acquire(self._lock)

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        self._lock.release()

    @contextlib.contextmanager
    def hold(self, while_waiting: Callable[[], None] | None = None, poll: float = 0.2) -> Iterator[bool]:
        """Wait for the lock, calling `while_waiting` (which may raise); gives whether there was a wait."""
        waited = False
        while not self.try_hold():
            waited = True
            if while_waiting is not None:
                while_waiting()
            time.sleep(poll)
        try:
            yield waited
        finally:
            self.release()


def is_held(path: Path) -> bool:
    """Whether some live process (this one included) holds the lock of this file."""
    if not path.exists():
        return False
    probe = _lock(path)
    try:
        return not _acquire(probe)
    except OSError:
        return False
    finally:
        probe.release()


def _lock(path: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(path, thread_local=False, fallback_to_soft=False)


def _acquire(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    return True
