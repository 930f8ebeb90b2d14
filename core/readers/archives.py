"""Unpacking archives that may be hostile.

Only plain files and folders come out, under the target and nowhere else: links, devices, absolute names and
".." are refused, and so are archives that would unpack to more than was said. Everything is unpacked into a
draft folder beside the target and renamed at the end, so a target is whole or not there.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.errors import TMVError
from core.system.files import DAMAGED_ARCHIVE, draft_folder
from core.system.progress import Progress

_BLOCK = 1024 * 1024
_FEW = 200
_MOST_MEMBERS = 1_000_000
_SPARE_BYTES = 200_000_000


def unpack(archive: Path, target: Path, *, most_bytes: int, progress: Progress | None = None) -> None:
    """Unpack a tar(.gz) or zip so that its content lies in `target`, which must not exist.

    `most_bytes` is the most that may come out. `progress(done, total)` counts bytes of the archive read or
    members, and may raise to stop. Raises `TMVError` naming the member that was refused.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with draft_folder(target.parent, f".{target.name}-") as draft:
        room = _Room(most_bytes, shutil.disk_usage(draft).free - _SPARE_BYTES, archive)
        try:
            read = _zip_members if zipfile.is_zipfile(archive) else _tar_members
            for name, content in read(archive, progress):
                _write(draft, name, content, room, archive)
        except DAMAGED_ARCHIVE as error:
            raise TMVError(f"{archive.name} could not be unpacked: {error}.") from None
        draft.chmod(0o755)
        draft.rename(target)


class _Room:
    """How many bytes may still be written: what was allowed, or what the disk has."""

    def __init__(self, most: int, free: int, archive: Path) -> None:
        self._left, self._free, self._archive = most, free, archive

    def take(self, size: int) -> None:
        """Account for `size` more bytes; raises `TMVError` when they are too many."""
        self._left -= size
        self._free -= size
        if self._left < 0:
            raise TMVError(f"{self._archive.name} unpacks to more than it should; it was refused.")
        if self._free < 0:
            raise TMVError(f"The disk is too full to unpack {self._archive.name}; make room and try again.")


def safe_name(name: str) -> str:
    """A member's path with "/", without "." parts. Raises `TMVError` for one that leads out of the folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    drive = re.match(r"^[A-Za-z]:", name)
    if name.startswith(("/", "\\")) or ".." in parts or drive or "\0" in name or not parts:
        raise TMVError(f"The archive holds {name!r}, which leads out of its folder; it was refused.")
    return "/".join(parts)


def _zip_members(archive: Path, progress: Progress | None) -> Iterator[tuple[str, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as container:
        members = container.infolist()
        for count, member in enumerate(members, 1):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _strange(archive, member.filename)
            if member.is_dir():
                yield member.filename, None
            else:
                with container.open(member) as content:
                    yield member.filename, content
            _report(progress, count, len(members))


def _tar_members(archive: Path, progress: Progress | None) -> Iterator[tuple[str, IO[bytes] | None]]:
    size = archive.stat().st_size
    with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as container:
        for count, member in enumerate(container, 1):
            if not (member.isreg() or member.isdir()):
                raise _strange(archive, member.name)
            if count > _MOST_MEMBERS:
                raise TMVError(f"{archive.name} holds more than {_MOST_MEMBERS:,} files; it was refused.")
            yield member.name, container.extractfile(member)
            # The list of members would grow with every one of a large archive.
            container.members.clear()  # type: ignore[attr-defined]
            if count % _FEW == 0:
                _report(progress, min(raw.tell(), size), size)
    _report(progress, size, size)


def _strange(archive: Path, name: str) -> TMVError:
    return TMVError(f"{archive.name} holds {name!r}, which is a link or device; it was refused.")


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)


def _write(draft: Path, name: str, content: IO[bytes] | None, room: _Room, archive: Path) -> None:
    if name.rstrip("/") in ("", ".") and content is None:
        return
    place = draft / safe_name(name)
    if content is None:
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        raise TMVError(f"{archive.name} holds {name!r} twice; it was refused.")
    with place.open("xb") as file:
        while block := content.read(_BLOCK):
            room.take(len(block))
            file.write(block)
    os.chmod(place, 0o644)  # noqa: PTH101 - never the mode that the archive asks for
