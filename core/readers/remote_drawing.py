"""Drawing the files of an outline: tables whole, shards without their images, all else empty."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import TMVError
from core.readers.remote import not_here, read_range
from core.readers.remote_base import Failure, RemoteObject
from core.readers.remote_listing import LARGEST_TABLE
from core.readers.shards import split_name
from core.readers.tar_index import tar_members

STEP, SHORT_STEP = 1 << 20, 1 << 16
"""Bytes of one request while headers and labels follow each other, and after an image that was skipped."""
Before = tuple[int, str, Path]
"""Size, tag and file of an object in an earlier outline."""
_THREADS = 8
_TOLD = 1_000_000
_TABLES, _MOST_TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl"), 200
_TELLERS = frozenset({"cls", "txt", "json", "npy"})


def draw(base: Path, objects: Mapping[str, RemoteObject], before: Mapping[str, Before], shards: bool) -> Sequence[str]:
    """Files for the `objects` below `base`, those of `before` taken over where size and tag are the same; with `shards`
    tars are looked into. Gives the paths of files that hold something. Raises `NotHere` for what cannot be read."""
    for folder in {PurePosixPath(path).parent for path in objects}:
        (base / folder).mkdir(parents=True, exist_ok=True)
    tars = [path for path in objects if shards and path.lower().endswith(".tar")]
    tables = [path for path in objects if path.lower().endswith(_TABLES) and path.count("/") <= 2][:_MOST_TABLES]
    for path in set(objects) - set(tars) - set(tables):
        os.close(os.open(base / path, os.O_CREAT | os.O_WRONLY, 0o644))
    fill = [(tar, _outline_tar) for tar in tars] + [(table, _fill_table) for table in tables]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda one: _taken_or_made(base / one[0], objects[one[0]], one[1], before.get(one[0])), fill))
    return [*tars, *tables]


def _taken_or_made(
    file: Path, found: RemoteObject, make: Callable[[Path, RemoteObject], None], before: Before | None
) -> None:
    """The file of an earlier outline where size and tag are the same, else made."""
    if before is not None and found.tag and before[:2] == (found.size, found.tag):
        with contextlib.suppress(OSError):
            os.link(before[2], file)
            return
    try:
        make(file, found)
    except Failure as failure:
        raise not_here(found.address, failure) from None


def _fill_table(file: Path, found: RemoteObject) -> None:
    """Its content; one larger than is ever read has its size alone."""
    with file.open("wb") as out:
        if found.size <= LARGEST_TABLE:
            out.write(read_range(found, 0, found.size))
        else:
            out.truncate(found.size)


def _outline_tar(file: Path, found: RemoteObject) -> None:
    """Headers, labels and captions of a shard in their places. Where it is damaged or cut off, as far as it can be
    read: whoever opens it meets the same."""
    with file.open("wb") as out:
        out.truncate(found.size)
        ahead = _Ahead(found, out)
        with contextlib.suppress(TMVError):
            for name, offset, size in tar_members(file, ahead.read, found.size, []):
                if split_name(name)[1].rpartition(".")[2] in _TELLERS:
                    ahead.read(min(size, _TOLD), offset)


class _Ahead:
    """Reads a shard in steps, and puts what was asked for into its outline."""

    def __init__(self, found: RemoteObject, out: IO[bytes]) -> None:
        self._found, self._out, self._start, self._held = found, out, 0, b""

    def read(self, size: int, place: int) -> bytes:
        """As `os.pread`."""
        size = min(size, self._found.size - place)
        if not self._start <= place <= place + size <= self._start + len(self._held):
            step = SHORT_STEP if place > self._start + len(self._held) else STEP
            step = min(max(size, step), self._found.size - place)
            self._start, self._held = place, read_range(self._found, place, step)
        content = self._held[place - self._start : place - self._start + size]
        if content.strip(b"\0"):
            self._out.seek(place)
            self._out.write(content)
        return content
