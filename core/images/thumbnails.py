"""Small pictures for the screen, made once and kept on disk, so that a page never decodes an original twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from core.errors import NotHere
from core.images.decode import ImageSource, thumbnail
from core.types import Dataset

_SEAL = b"crc32of\0"
_SEAL_BYTES = len(_SEAL) + 4


def short(text: str) -> str:
    """A file name for any text: 20 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@lru_cache(maxsize=16)
def _positions(ids: tuple[str, ...]) -> dict[str, int]:
    return {name: position for position, name in enumerate(ids)}


class Thumbnails:
    """`root/<data set and split>/<size>/<id>-<stamp>.webp`; the stamp changes when the picture does."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(
        self, rows: Dataset | None, dataset: str, split: str, picture_id: str, size: int, earlier: Sequence[str] = ()
    ) -> bytes:
        """The webp bytes; without rows (pictures not on this machine) one made earlier, perhaps under an `earlier` name
        of the data set, or `NotHere`."""
        place = self._root / short(f"{dataset}\n{split}")
        if rows is None:
            places = [self._root / short(f"{name}\n{split}") for name in (dataset, *earlier)]
            return _made_earlier(places, picture_id, size, f"The image {picture_id} of {dataset}")
        folder = place / str(size)
        position = _positions(rows.ids).get(picture_id)
        if position is None:
            raise NotHere(f"{dataset} ({split}) has no image {picture_id!r}.")
        path = folder / f"{short(picture_id)}-{short(rows.pictures.stamp(position))}.webp"
        if (kept := _read(path)) is not None:
            return kept
        made = thumbnail(rows.pictures.read(position), size)
        _write(path, made)
        return made

    def keep(self, dataset: str, split: str, picture_id: str, size: int, drawn: ImageSource) -> bytes:
        """Make one of a file that is nowhere on the disk, and keep it as one made earlier."""
        folder = self._root / short(f"{dataset}\n{split}") / str(size)
        made = thumbnail(drawn, size)
        _write(folder / f"{short(picture_id)}-{short('drawn')}.webp", made)
        return made

    def has(self, dataset: str, split: str, picture_id: str, size: int) -> bool:
        """Whether one has been made, of whatever state of the picture."""
        folder = self._root / short(f"{dataset}\n{split}") / str(size)
        return next(folder.glob(f"{short(picture_id)}-*.webp"), None) is not None


def _made_earlier(places: Sequence[Path], picture_id: str, size: int, said: str) -> bytes:
    """One of this size, or else the largest there is: a small picture is better than none."""
    for place in places:
        sizes = sorted((int(p.name) for p in place.glob("*") if p.name.isdigit()), reverse=True)
        for candidate in (size, *sizes):
            for made in sorted((place / str(candidate)).glob(f"{short(picture_id)}-*.webp"), reverse=True):
                if (kept := _read(made)) is not None:
                    return kept
    raise NotHere(f"{said} is not on this machine.")


def _read(path: Path) -> bytes | None:
    """The picture; None where there is none or it is damaged. Those of earlier versions have no checksum."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    picture, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if seal.startswith(_SEAL):
        return picture if seal == _sealed(picture) else None
    return data if data.startswith(b"RIFF") and len(data) == 8 + int.from_bytes(data[4:8], "little") else None


def _sealed(picture: bytes) -> bytes:
    return _SEAL + zlib.crc32(picture).to_bytes(4, "little")


def _write(path: Path, data: bytes) -> None:
    """Keep a picture with its checksum behind it, where decoders stop reading; not kept, it only costs time."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(data + _sealed(data))
        Path(name).replace(path)
