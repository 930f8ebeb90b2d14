"""Tar shards as webdataset writes them: finding them, and an index of what lies where inside.

A sample is the group of members that share a path up to the first dot of the file name ("a/0001.jpg",
"a/0001.cls"). The index holds offsets, so that any picture is one seek and one read; nothing is unpacked. What is
missing (by nshards.txt, a range in braces, "-of-00004" or a gap in the numbers) is said.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from core.errors import NotHere, TMVError
from core.readers.base import and_more, canonical_split, list_folders, os_reason
from core.readers.stamps import file_stamp
from core.readers.tar_index import Files, tar_files
from core.types import Note

SHARD_COUNT = "nshards.txt"
_MOST_SHARDS = 100_000
_RANGE = re.compile(r"^(\d+)\.\.(\d+)$")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}
_COMPRESSED_NAME = re.compile(r"\.(tar\.(gz|bz2|xz|zst)|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)(?!.*\d)")
_OF = re.compile(r"(\d+)-of-(\d+)(?!.*\d)")
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside a shard: its extension (lower case, without the first dot) and where its bytes are."""

    extension: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The members that share a key."""

    key: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardIndex:
    """The samples of one shard in the order of their first member, and what is odd about it.

    `twice` are names that stand there again (the first is kept), `unnamed` files without an extension, `links` links,
    which hold nothing, `end` what is wrong with the end of the tar.
    """

    samples: tuple[Sample, ...]
    twice: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    end: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSet:
    """The shards of one split in the order of their names, and what is to be said of them."""

    paths: tuple[Path, ...]
    notes: tuple[Note, ...] = ()


# --- finding ----------------------------------------------------------------------------------------------


def find_shards(path: Path) -> dict[str, ShardSet]:
    """split -> shards. `path` is a folder (of shards, or with a folder for each split), a tar or a pattern.

    A pattern may hold braces, "{00000..00012}" or "{a,b}", and wildcards. Raises `NotHere` when nothing fits.
    """
    if path.is_file():
        return {"all": ShardSet(paths=(path,), notes=_part_asked(path.parent, 1))}
    if path.is_dir():
        return _in_folder(path)
    patterns = expand_braces(str(path))
    fitting = {pattern: [Path(name) for name in _matching(pattern)] for pattern in patterns}
    found = sorted({file for files in fitting.values() for file in files})
    if not found:
        raise NotHere(f"No tar shards fit {path}; give a folder of tars or a pattern, x-{{00..10}}.tar.")
    missing = [Path(pattern).name for pattern, files in fitting.items() if not files]
    notes = _missing(len(patterns), missing, f"of {path.name}") if missing else _part_asked(found[0].parent, len(found))
    return {"all": ShardSet(paths=tuple(found), notes=notes)}


def expand_braces(pattern: str) -> list[str]:
    """ "x-{08..10}.tar" -> x-08.tar, x-09.tar, x-10.tar; "{a,b}" likewise. Leading zeros set the width."""
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


def _in_folder(folder: Path) -> dict[str, ShardSet]:
    here = _tars(folder)
    below = {name: tars for name in list_folders(folder) if (tars := _tars(folder / name)) and canonical_split(name)}
    if here:
        by_name = _by_name(here)
        notes = _folder_notes(folder, here, counted=len(by_name) == 1)
        if below:
            unread = and_more([f"{name}/" for name in below])
            text = f"The shards in {folder.name} itself are read; those in {unread} are not (wds:{folder}/FOLDER)."
            notes = (*notes, Note(text, "shards_not_read", "warning"))
        return {split: ShardSet(paths=paths, notes=notes) for split, paths in by_name.items()}
    found: dict[str, ShardSet] = {}
    for name, tars in below.items():
        split, notes = canonical_split(name) or name, _folder_notes(folder / name, tars)
        if split in found:
            text = f"{found[split].paths[0].parent.name} and {name} are both read as {split}."
            notes = (*found[split].notes, *notes, Note(text, "splits_joined", "warning"))
            tars = (*found[split].paths, *tars)
        found[split] = ShardSet(paths=tars, notes=notes)
    if not found:
        raise NotHere(_none(folder))
    return {split: found[split] for split in sorted(found, key=_split_order)}


def _split_order(split: str) -> tuple[int, str]:
    return (_SPLITS.index(split) if split in _SPLITS else len(_SPLITS), split)


def _by_name(shards: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """Shards whose names tell several splits ("x-train-000.tar", "x-validation-000.tar"), apart; else all as one."""
    splits = [next(filter(None, map(canonical_split, re.split(r"[^a-z]+", p.stem.lower()))), None) for p in shards]
    found = {split for split in splits if split}
    if len(found) < 2 or None in splits:
        return {"all": tuple(shards)}
    return {
        s: tuple(p for p, own in zip(shards, splits, strict=True) if own == s) for s in sorted(found, key=_split_order)
    }


def _tars(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.glob("*.tar") if p.is_file() and not p.name.startswith(".")))


def _compressed(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*") if _COMPRESSED_NAME.search(p.name) and p.is_file())


def _none(folder: Path) -> str:
    packed = [p for place in (folder, *(folder / n for n in list_folders(folder))) for p in _compressed(place)]
    if packed:
        first = packed[0].relative_to(folder)
        return f"The shards in {folder} are compressed ({first}) and cannot be read in place; unpack them to .tar."
    return f"There are no .tar files in {folder}, nor in train, val or test folders there."


# --- what is missing --------------------------------------------------------------------------------------


def _folder_notes(folder: Path, shards: Sequence[Path], counted: bool = True) -> tuple[Note, ...]:
    notes = _counted_notes(folder, shards) if counted else None
    notes = _gap_notes(shards) if notes is None else notes
    here = {shard.name for shard in shards}
    if packed := [p.name for p in _compressed(folder) if _COMPRESSED_NAME.sub(".tar", p.name) not in here]:
        text = f"Compressed shards are not read: {and_more(packed)}; unpack them to .tar."
        notes = (*notes, Note(text, "shards_missing", "warning"))
    return notes


def _counted_notes(folder: Path, shards: Sequence[Path]) -> tuple[Note, ...] | None:
    """By nshards.txt, which CLIP_benchmark puts beside the shards; None where there is none."""
    declared = _declared(folder)
    if declared is None:
        return None
    if declared < 0:
        return (Note(f"{SHARD_COUNT} in {folder.name} holds no number of shards.", "shard_count", "warning"),)
    if len(shards) == declared:
        return ()
    if len(shards) > declared:
        text = f"{len(shards):,} shards are in {folder.name}, {SHARD_COUNT} says {declared:,}; all are read."
        return (Note(text, "shard_count", "warning"),)
    here = {shard.stem for shard in shards}
    absent = [f"{number}.tar" for number in range(declared) if str(number) not in here]
    plain = all(stem.isdigit() for stem in here) and len(absent) == declared - len(shards)
    return _missing(declared, absent if plain else [], f"in {folder.name}, by {SHARD_COUNT}", len(shards))


def _declared(folder: Path) -> int | None:
    """What nshards.txt says; -1 where that is no number, None where there is no such file."""
    file = folder / SHARD_COUNT
    if not file.is_file():
        return None
    text = file.read_bytes()[:100].decode("utf-8-sig", "replace").strip()
    return int(text) if text.isascii() and text.isdigit() else -1


def _part_asked(folder: Path, asked: int) -> tuple[Note, ...]:
    declared = _declared(folder)
    if declared is None or declared <= asked:
        return ()
    read = "is" if asked == 1 else "are"
    return (Note(f"{asked:,} of {declared:,} shards of {folder.name} {read} read, as asked.", "shards_missing"),)


def _gap_notes(shards: Sequence[Path]) -> tuple[Note, ...]:
    """By "-of-00004" in the names, or a gap in their numbers."""
    matches = [_OF.search(shard.stem) for shard in shards]
    totals = {int(match[2]) for match in matches if match}
    if len(totals) == 1 and all(matches):
        total = totals.pop()
        return _missing(total, [], "by their names", len(shards)) if len(shards) < total else ()
    parts = [_NUMBER.search(shard.stem) for shard in shards]
    frames = {(s.stem[: m.start()], s.stem[m.end() :]) for s, m in zip(shards, parts, strict=True) if m}
    if not all(parts) or len(frames) != 1:
        return ()
    numbers = [int(match[1]) for match in parts if match]
    (before, after), width = frames.pop(), len(parts[0][1]) if parts[0] and parts[0][1].startswith("0") else 0
    span = max(numbers) - min(numbers) + 1
    if span == len(set(numbers)) or span > 100 * len(numbers):
        return ()
    absent = sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))
    return _missing(span, [f"{before}{n:0{width}d}{after}.tar" for n in absent], "by their numbers")


def _missing(total: int, absent: Sequence[str], source: str, here: int | None = None) -> tuple[Note, ...]:
    """ "1 of 4 shards are here": every figure is then of a part."""
    count = total - len(absent) if here is None else here
    which = f"; missing: {and_more(absent)}" if absent else ""
    return (Note(f"{count:,} of {total:,} shards are here ({source}){which}.", "shards_missing", "warning"),)


# --- the index --------------------------------------------------------------------------------------------


def read_index(shard: Path) -> ShardIndex:
    """What lies where in one shard; remembered until the file changes."""
    return _read_index(str(shard), file_stamp(shard))


@lru_cache(maxsize=512)
def _read_index(shard: str, stamp: str) -> ShardIndex:
    groups: dict[str, dict[str, Member]] = {}
    twice, unnamed, links = list[str](), list[str](), list[str]()
    files = _files(Path(shard), links)
    while True:
        try:
            name, offset, size = next(files)
        except StopIteration as stop:
            break_off: str = stop.value
            break
        key, extension = split_name(name)
        if not key:
            unnamed += [name] if _seen(name) else []
        elif (
            groups.setdefault(key, {}).setdefault(
                extension, member := Member(extension=extension, offset=offset, size=size)
            )
            is not member
        ):
            twice.append(name)
    samples = tuple(Sample(key=key, members=tuple(members.values())) for key, members in groups.items())
    seen = tuple(filter(_seen, links))
    return ShardIndex(samples=samples, twice=tuple(twice), unnamed=tuple(unnamed), links=seen, end=break_off)


def _seen(name: str) -> bool:
    return not name.rstrip("/").rsplit("/", 1)[-1].startswith(".") and not name.startswith("__MACOSX/")


def split_name(name: str) -> tuple[str, str]:
    """ "a/0001.seg.png" -> ("a/0001", "seg.png"); ("", "") for hidden files and files without an extension."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    stem, dot, extension = parts[-1].partition(".") if parts else ("", "", "")
    if not stem or not dot:
        return "", ""
    return "/".join([*parts[:-1], stem]), extension.lower()


def _files(shard: Path, links: list[str]) -> Files:
    """(name, offset, size) of the plain files in a tar. Raises `TMVError` for a damaged or compressed one."""
    try:
        with shard.open("rb") as file:
            head = file.read(2)
        if head in _COMPRESSED:
            kind = _COMPRESSED[head]
            raise TMVError(f"{shard} is compressed ({kind}) and has no offsets; unpack it to .tar.")
        return (yield from tar_files(shard, links))
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
