"""Locks that vanish with the process that holds them, among threads and among processes.

The operating system keeps them, so nobody has to guess whether a holder still lives: `filelock` holds them by `flock`,
and lets a forked child let go of what it inherits. Where a file system has no such locks (some network mounts and
buckets), the holder is whoever created a file first and has shown within `LEASE_SECONDS` that he still lives; two may
then overlap for a moment, which is why everything that is written under a lock is written whole, and the same by all.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from core.system.files import disk_guard

LEASE_SECONDS = 30.0
_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}


class FileLock:
    """One holder at a time, among the threads of this process and among processes. The file stays, empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _lock(path)

    def try_hold(self) -> bool:
        """Take the lock if it is free; say whether that worked."""
        with disk_guard(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return not self._lock.is_locked and self._take()

    def _take(self) -> bool:
        try:
            return _acquire(self._lock)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self._lock = _lease(self.path)
            return _acquire(self._lock)

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
    if _owner(path).exists():  # only where there are no locks
        return not _is_free(_lease(path))
    return path.exists() and not _is_free(_lock(path))


def _is_free(probe: filelock.BaseFileLock) -> bool:
    try:
        return _acquire(probe)
    except OSError:
        return True
    finally:
        probe.release()


def _lock(path: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(path, thread_local=False, fallback_to_soft=False)


def _lease(path: Path) -> filelock.BaseFileLock:
    return filelock.SoftFileLease(_owner(path), lease_duration=LEASE_SECONDS, thread_local=False)


def _owner(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner")


def _acquire(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    return True
