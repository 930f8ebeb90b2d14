"""Pictures that people upload, kept under their checksum for a while, so that a link shows a colleague the same.

The name is the content's: nobody can guess it, and the same picture is kept once. The folder never grows over
its limit; the pictures that were used longest ago go first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import NotHere
from core.images.decode import to_rgb
from core.system.files import write_atomic

LIMIT = 256 * 1024**2
_NAME = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Picture files in `folder`, at most `limit` bytes in all."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder, self._limit = folder, limit

    def keep(self, data: bytes) -> str:
        """The name under which the picture is kept. Raises `BadImage` for what is no picture, and keeps nothing."""
        to_rgb(data)
        name = hashlib.sha256(data).hexdigest()[:32]
        write_atomic(self._folder / name, data)
        self._make_room(name)
        return name

    def get(self, name: str) -> bytes:
        """The picture's file; `NotHere` for a name that was never given, or whose picture has gone."""
        path = self._folder / name
        try:
            if not _NAME.fullmatch(name):
                raise FileNotFoundError
            data = path.read_bytes()
        except FileNotFoundError:
            raise NotHere(
                "The uploaded image of this link is not on this server, or was there too long ago; upload it again."
            ) from None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def _make_room(self, fresh: str) -> None:
        kept = sorted(self._kept())
        total = sum(size for _, size, _ in kept)
        for _, size, name in kept:
            if total <= self._limit:
                return
            if name != fresh:
                (self._folder / name).unlink(missing_ok=True)
                total -= size

    def _kept(self) -> Iterator[tuple[float, int, str]]:
        """(last use, size, name) of each picture; one that another process removes meanwhile is left out."""
        for file in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if _NAME.fullmatch(file.name):
                    found = file.stat()
                    yield found.st_mtime, found.st_size, file.name
