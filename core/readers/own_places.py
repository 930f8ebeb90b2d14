"""Where own data lies: in the data folder, or where someone at the command line said.

`folder:birds` is the folder birds in the data folder; where there is none, that in the folder one works in. Whoever
types a name (`typed_name`) is asked to choose where both are there, so that it never means one of them in silence.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.errors import BadArgument, NotHere
from core.readers.datasets import own_path
from core.store.own_names import OwnNames, is_elsewhere, is_own_data, is_remote, tidy_address

_SHOWN = 100
_PATTERN = re.compile(r"[*?\[{]")


def own_place(name: str, folder: Path) -> Path:
    """The path of own data, with `folder` as the data folder. Raises `NotHere` for one that no disk can have, or that
    may not be looked at."""
    path = own_path(name)
    if not is_elsewhere(name) and _is_there(folder / path):
        return folder / path
    place = Path(path).expanduser()
    try:
        place.exists()
    except OSError as error:
        shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"
        raise NotHere(f"{shown} cannot be read: {(error.strerror or 'input or output error').lower()}.") from None
    return place


def own_name(name: str, names: OwnNames) -> str:
    """The name that own data has here: relative to the data folder for what lies in it, else as it was written."""
    if is_remote(name):
        return tidy_address(name)
    if not is_own_data(name) or names.folder is None:
        return name
    place = own_place(name, names.folder)
    if not os.path.isabs(place) and not _is_there(place):  # noqa: PTH117
        return name
    whole = f"{name.split(':', 1)[0]}:{os.path.abspath(place)}"  # noqa: PTH100 - links are not followed
    found = names.of(whole)
    return name if found == whole else found


def typed_name(name: str, names: OwnNames) -> str:
    """`own_name` of what was typed at the command line. Raises `BadArgument` where it could mean two places."""
    if not is_own_data(name) or names.folder is None or is_elsewhere(name):
        return own_name(name, names)
    prefix, path = name.split(":", 1)
    here, there = Path(path).expanduser(), names.folder / path
    if exists(here) and exists(there) and not here.samefile(there):
        raise BadArgument(
            f"{name} can mean two places, {path} in this folder and {path} in the data folder {names.folder}: write "
            f"{prefix}:./{path} for the first or {prefix}:{there} for the second."
        )
    return own_name(name, names)


def _is_there(path: Path) -> bool:
    """Whether there is such a file or folder; of a pattern of shards, the folder that it begins in."""
    parts = path.parts
    first = next((i for i, part in enumerate(parts) if _PATTERN.search(part)), None)
    if first is None or exists(path):
        return exists(path)
    return first > 0 and Path(*parts[:first]).is_dir()


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; there is none of a name that no disk takes."""
    try:
        return path.exists()
    except OSError:  # longer than a name may be, or in a folder that may not be entered
        return False
