"""Tar shards as webdataset writes them: finding them, and an index of what lies where inside.

A sample is the group of members that share a path up to the first dot of the file name ("a/0001.jpg",
"a/0001.cls"). The index holds offsets, so that any picture is one seek and one read; nothing is unpacked.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from core.readers.base import canonical_split, list_folders, os_reason
from core.readers.stamps import file_stamp
from core.readers.tar_index import tar_files
from core.types import NotHere, TMVError

_MOST_SHARDS = 100_000
_RANGE = re.compile(r"^(\d+)\.\.(\d+)$")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a shard: its extension (lower case, without the first dot) and where its bytes are."""

    extension: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The members that share a key."""

    key: str
    members: tuple[Member, ...]


def find_shards(path: Path) -> dict[str, tuple[Path, ...]]:
    """split -> shards. `path` is a folder (of shards, or with a folder for each split), a tar or a pattern.

    A pattern may hold braces, "{00000..00012}" or "{a,b}", and wildcards. Raises `NotHere` when nothing fits.
    """
    if path.is_file():
        return {"all": (path,)}
    if path.is_dir():
        return _in_folder(path)
    found = sorted({Path(name) for pattern in expand_braces(str(path)) for name in _matching(pattern)})
    if not found:
        raise NotHere(f"No tar shards fit {path}; give a folder of tars or a pattern, x-{{00..10}}.tar.")
    return {"all": tuple(found)}


def expand_braces(pattern: str) -> list[str]:
    """"x-{08..10}.tar" -> x-08.tar, x-09.tar, x-10.tar; "{a,b}" likewise. Leading zeros set the width."""
    pieces = re.split(r"\{([^{}]*)\}", pattern)
    choices = [[piece] if i % 2 == 0 else _choices(piece) for i, piece in enumerate(pieces)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST_SHARDS:
        raise TMVError(f"{pattern} stands for {count:,} shards; at most {_MOST_SHARDS:,} are read.")
    return ["".join(parts) for parts in product(*choices)]


def _choices(inside: str) -> list[str]:
    numbers = _RANGE.match(inside)
    if not numbers:
        return inside.split(",") if "," in inside else [f"{{{inside}}}"]
    first, last = numbers.groups()
    width = len(first) if first.startswith("0") else 0
    if int(last) - int(first) > _MOST_SHARDS:
        raise TMVError(f"{{{inside}}} stands for too many shards; at most {_MOST_SHARDS:,} are read.")
    return [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]


def _matching(pattern: str) -> Iterator[str]:
    yield from (name for name in glob.glob(pattern) if Path(name).is_file())  # noqa: PTH207 - may be absolute


def _in_folder(folder: Path) -> dict[str, tuple[Path, ...]]:
    here = _tars(folder)
    if here:
        return {"all": here}
    splits = {canonical_split(name): _tars(folder / name) for name in list_folders(folder)}
    found = {split: shards for split, shards in splits.items() if split and shards}
    if not found:
        raise NotHere(f"There are no .tar files in {folder}, nor in train, val or test folders there.")
    return {split: found[split] for split in ("train", "val", "test") if split in found}


def _tars(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.glob("*.tar") if p.is_file() and not p.name.startswith(".")))


def read_index(shard: Path) -> tuple[Sample, ...]:
    """The samples of one shard in the order of their first member; remembered until the file changes."""
    return _read_index(str(shard), file_stamp(shard))


@lru_cache(maxsize=512)
def _read_index(shard: str, stamp: str) -> tuple[Sample, ...]:
    groups: dict[str, dict[str, Member]] = {}
    for name, offset, size in _files(Path(shard)):
        key, extension = split_name(name)
        if key:
            groups.setdefault(key, {}).setdefault(extension, Member(extension, offset, size))
    return tuple(Sample(key, tuple(members.values())) for key, members in groups.items())


def split_name(name: str) -> tuple[str, str]:
    """"a/0001.seg.png" -> ("a/0001", "seg.png"); ("", "") for hidden files and files without an extension."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    stem, dot, extension = parts[-1].partition(".") if parts else ("", "", "")
    if not stem or not dot:
        return "", ""
    return "/".join([*parts[:-1], stem]), extension.lower()


def _files(shard: Path) -> Iterator[tuple[str, int, int]]:
    """(name, offset, size) of the plain files in a tar. Raises `TMVError` for a damaged or compressed one."""
    try:
        with shard.open("rb") as file:
            head = file.read(2)
        if head in _COMPRESSED:
            kind = _COMPRESSED[head]
            raise TMVError(f"{shard} is compressed ({kind}) and has no offsets; unpack it to .tar.")
        yield from tar_files(shard)
    except OSError as error:
        raise TMVError(f"{shard} cannot be read: {os_reason(error)}.") from None


def read_members(shard: Path, members: Sequence[Member], most: int) -> list[bytes]:
    """The content of these members of one shard; those above `most` bytes are cut."""
    with shard.open("rb") as file:
        found = []
        for member in members:
            file.seek(member.offset)
            found.append(file.read(min(member.size, most)))
        return found
