"""Stamps of files and folders, and what a listing rests on: while none of its folders has changed, it need not be
made again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from core.system.memo import Latest

T = TypeVar("T")
_CLOCK_TICK_NS = 50_000_000
_CLOCK_SKEW_NS = 2_000_000_000


def file_stamp(path: str | Path) -> str:
    """Size, mtime, ctime and inode of a file or folder: changes whenever its content may have changed.

    ctime cannot be set back, so a file of equal size with a restored mtime is noticed too. What was changed
    within the last clock tick could change again unseen: such a stamp is different at every call.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116 - a hot loop
    except OSError:
        return "missing"
    age = time.time_ns() - stat.st_ctime_ns
    fresh = f":{time.monotonic_ns()}" if -_CLOCK_SKEW_NS < age < _CLOCK_TICK_NS else ""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}{fresh}"


def shared_stamp(stamp: str) -> str:
    """What of a stamp is the same on every machine that sees the folder: size, mtime, and the place in the file."""
    size, _, rest = stamp.partition(":")
    modified = rest.partition(":")[0]
    place = stamp[min((stamp.find(mark) for mark in "@#" if mark in stamp), default=len(stamp)) :]
    return f"{size}:{modified}{place}"


# --- listings that are made again only when a folder has changed --------------------------------------------


@dataclass(slots=True, kw_only=True)
class Seen:
    """The folders that were read, each with its stamp before; `links` where one holds a symbolic link, whose target
    can change without a sign in the folder."""

    stamps: dict[str, str] = field(default_factory=dict)
    links: bool = False

    def unchanged(self) -> bool:
        """Whether reading them again would find the same."""
        return not self.links and all(file_stamp(folder) == stamp for folder, stamp in self.stamps.items())

    def add(self, other: Seen) -> None:
        """What rests on both."""
        self.stamps |= other.stamps
        self.links |= other.links


_watching: ContextVar[Seen | None] = ContextVar("watching", default=None)
_LAST = Latest(12)


@contextmanager
def _watched() -> Iterator[Seen]:
    seen, outer = Seen(), _watching.get()
    token = _watching.set(seen)
    try:
        yield seen
    finally:
        _watching.reset(token)
        if outer is not None:
            outer.add(seen)


def about_to_read(folder: str | Path) -> None:
    """Called before a folder is listed: its stamp is noted for what rests on it."""
    if (seen := _watching.get()) is not None:
        seen.stamps.setdefault(str(folder), file_stamp(folder))


def read_entries(entries: Sequence[os.DirEntry[str]]) -> None:
    """Called with what was found in a folder."""
    if (seen := _watching.get()) is not None:
        seen.links = seen.links or any(entry.is_symlink() for entry in entries)


def as_last_read(key: Hashable, read: Callable[[], T], memory: Latest = _LAST) -> T:
    """What `read` gives; as it was given last for this key, if no folder that it rests on has changed since.

    Names alone are watched: `read` must open no file. Its value is shared, so it must be immutable.
    """
    last: tuple[Seen, T] | None = memory.get(key)
    if last is not None and last[0].unchanged():
        if (outer := _watching.get()) is not None:
            outer.add(last[0])
        return last[1]
    with _watched() as seen:
        value = read()
    memory.put(key, (seen, value))
    return value
