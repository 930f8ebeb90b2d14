"""Own data that lies in the data folder: folders of images, captions and shards, under the names by which they open.

Only names are looked at. A folder of a known set is none of them, and what leads out of the data folder by a link is
left alone, since whoever lists it could then read it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import TMVError
from core.readers.base import canonical_split, holds_pictures, list_folders
from core.readers.captions import holds_captions
from core.readers.sets import SETS

MOST_SETS = 300


def own_sets(folder: Path) -> tuple[str, ...]:
    """The names of own data directly in the data folder or one folder deeper, in order; at most MOST_SETS."""
    if not folder.is_dir():
        return ()
    known = [place for place in (one.find(folder) for one in SETS) if place is not None]
    found = list[str]()
    for name in list_folders(folder):
        if _is_inside(folder / name, folder) and not _holds(folder / name, known):
            found += _sets_in(folder / name, name)
        if len(found) >= MOST_SETS:
            break
    return tuple(found[:MOST_SETS])


def _sets_in(place: Path, name: str) -> list[str]:
    """What a folder of the data folder is; of one that only holds other sets, these."""
    try:
        if found := list(_told(place, name)):
            return found
        inner = [one for below in list_folders(place) for one in _told(place / below, f"{name}/{below}")]
        return inner or ([f"folder:{name}"] if holds_pictures(place) else [])
    except TMVError:  # a folder that nobody may read
        return []


def _told(place: Path, name: str) -> Iterator[str]:
    """Shards and captions say what they are."""
    if _holds_shards(place):
        yield f"wds:{name}"
    elif holds_captions(place):
        yield f"captions:{name}"


def _holds_shards(place: Path) -> bool:
    splits = (place / below for below in list_folders(place) if canonical_split(below))
    return any(_has_tar(folder) for folder in (place, *splits))


def _has_tar(folder: Path) -> bool:
    return any(file.is_file() and not file.name.startswith(".") for file in folder.glob("*.tar"))


def _holds(place: Path, known: list[Path]) -> bool:
    return any(one == place or one.is_relative_to(place) or place.is_relative_to(one) for one in known)


def _is_inside(place: Path, folder: Path) -> bool:
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder))
