"""Small pictures for the screen, made once and kept on disk, so that a page never decodes an original twice."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from core.images import thumbnail
from core.types import Dataset, NotHere


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

    def get(self, rows: Dataset | None, dataset: str, split: str, picture_id: str, size: int) -> bytes:
        """The webp bytes; without rows (pictures not on this machine) one made earlier, or `NotHere`."""
        place = self._root / short(f"{dataset}\n{split}")
        if rows is None:
            return _made_earlier(place, picture_id, size, f"The picture {picture_id} of {dataset}")
        folder = place / str(size)
        position = _positions(rows.ids).get(picture_id)
        if position is None:
            raise NotHere(f"{dataset} ({split}) has no picture {picture_id!r}.")
        path = folder / f"{short(picture_id)}-{short(rows.pictures.stamp(position))}.webp"
        if not path.exists():
            _write(path, thumbnail(rows.pictures.read(position), size))
        return path.read_bytes()

    def has(self, dataset: str, split: str, picture_id: str, size: int) -> bool:
        """Whether one has been made, of whatever state of the picture."""
        folder = self._root / short(f"{dataset}\n{split}") / str(size)
        return next(folder.glob(f"{short(picture_id)}-*.webp"), None) is not None


def _made_earlier(place: Path, picture_id: str, size: int, said: str) -> bytes:
    """One of this size, or else the largest there is: a small picture is better than none."""
    sizes = sorted((int(p.name) for p in place.glob("*") if p.name.isdigit()), reverse=True)
    for candidate in (size, *sizes):
        if made := sorted((place / str(candidate)).glob(f"{short(picture_id)}-*.webp")):
            return made[-1].read_bytes()
    raise NotHere(f"{said} is not on this machine.")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).replace(path)
