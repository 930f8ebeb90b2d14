"""Locks that vanish with the process that holds them.

`lockf` and not `flock`: after a SIGKILL of the holder a forked child keeps a `flock` alive, a `lockf` never.
POSIX drops a `lockf` when the process closes *any* descriptor of that file, and never refuses a lock to the
process that has it; so one table per process says what this process holds, and a held file is never opened
twice. Local disks only: network file systems differ in what they promise.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.system.files import disk_guard

_table = threading.Lock()
_held: set[str] = set()


def _forget_in_child() -> None:
    """A forked child holds none of its parent's locks."""
    global _table
    _table = threading.Lock()
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class FileLock:
    """One holder at a time, among the threads of this process and among processes. The file stays, empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_hold(self) -> bool:
        """Take the lock if it is free; say whether that worked."""
        with disk_guard(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            name = os.path.realpath(self.path)
            with _table:
                if name in _held:
                    return False
                self._descriptor = _lock(name)
                if self._descriptor is not None:
                    _held.add(name)
                return self._descriptor is not None

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is None:
            return
        with _table:
            _held.discard(os.path.realpath(self.path))
            os.close(self._descriptor)
            self._descriptor = None

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
    name = os.path.realpath(path)
    with _table:
        if name in _held:
            return True
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _try_lockf(descriptor)
        finally:
            os.close(descriptor)


def _lock(name: str) -> int | None:
    """A descriptor that holds the lock of the file now at `name`, or None."""
    while True:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _try_lockf(descriptor):
            os.close(descriptor)
            return None
        if _is_at(descriptor, name):
            return descriptor
        os.close(descriptor)  # the file was replaced in between: its lock would protect nothing


def _try_lockf(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(descriptor: int, name: str) -> bool:
    try:
        there = Path(name).stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev)
