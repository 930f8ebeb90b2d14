"""`folder:s3://…`, `wds:s3://…` and `wds:https://…`: rows as the readers of folders and shards understand the outline,
pictures read from where they are, one range each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BadImage, TMVError
from core.images.decode import MAX_BYTES
from core.readers.base import FilePictures
from core.readers.remote import read_picture
from core.readers.remote_base import RemoteObject
from core.readers.remote_outline import Outline, outline_of
from core.readers.webdataset import ShardPictures
from core.system.memo import Latest
from core.types import Dataset, DatasetSpec, Note

T = TypeVar("T")
_LAST = Latest(12)
"""The rows of each split as they were opened last: the same outline gives one and the same value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePictures:
    """Pictures in objects: `places` (n, 3) int64 are number of the object, offset and size. `listed` marks the listing,
    for objects that have no tag of their own."""

    objects: tuple[RemoteObject, ...]
    places: NDArray[np.int64]
    listed: str

    def __len__(self) -> int:
        return len(self.places)

    def read(self, index: int) -> bytes:
        """The encoded file by one range; raises `BadImage` when it cannot be had, `NotHere` when nothing can."""
        number, offset, size = map(int, self.places[index])
        if size > MAX_BYTES:
            raise BadImage(f"file too large: above the limit of {MAX_BYTES // 2**20} MiB")
        return read_picture(self.objects[number], offset, size)

    def stamp(self, index: int) -> str:
        """Size and tag of the object as listed, and the picture's place in it; no request."""
        number, offset, size = map(int, self.places[index])
        found = self.objects[number]
        return f"{found.size}:{found.tag or self.listed}:@{offset}+{size}"


def open_remote(
    spec: DatasetSpec, split: str | None, opener: Callable[[DatasetSpec, str | None, Path], Dataset], cache: Path
) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    outline = outline_of(spec.name, cache)
    key = (spec.name, split, cache)
    last: tuple[Outline, Dataset] | None = _LAST.get(key)
    if last is not None and last[0] is outline:
        return last[1]
    rows = _read(outline, lambda path: opener(spec, split, path))
    notes = tuple(Note(outline.said(note), note.code, note.level) for note in (*rows.notes, *outline.notes))
    rows = replace(rows, pictures=_pictures(outline, rows.pictures), notes=notes)
    _LAST.put(key, (outline, rows))
    return rows


def describe_remote(
    spec: DatasetSpec, describer: Callable[[DatasetSpec, Path], DatasetSpec], cache: Path
) -> DatasetSpec:
    """The generic record with splits, default split and class names filled in."""
    return read_there(spec.name, cache, lambda path: describer(spec, path))


def read_there(name: str, cache: Path, read: Callable[[Path], T]) -> T:
    """What `read` finds in the outline; what it raises names addresses."""
    return _read(outline_of(name, cache), read)


def _read(outline: Outline, read: Callable[[Path], T]) -> T:
    try:
        return read(outline.path)
    except TMVError as error:
        error.args = tuple(outline.said(arg) if isinstance(arg, str) else arg for arg in error.args)
        raise


def _pictures(outline: Outline, read: object) -> RemotePictures:
    listed = outline.base.parent.name
    if isinstance(read, ShardPictures):
        shards = tuple(map(outline.of, read.shards))
        return RemotePictures(objects=shards, places=read.places, listed=listed)
    if not isinstance(read, FilePictures):
        raise TypeError(f"pictures of a bucket come from files or shards, not {type(read).__name__}")
    folder = read.root.relative_to(outline.base).as_posix()
    objects = tuple(outline.objects[f"{folder}/{name}"] for name in read.names)
    places = [(number, 0, found.size) for number, found in enumerate(objects)]
    return RemotePictures(objects=objects, places=np.asarray(places, dtype=np.int64).reshape(-1, 3), listed=listed)
