"""What every reader shares: files as pictures, listings, splits, and the notes that a user should see.

Listings follow symbolic links, as subsets are often made of them, and stop at loops. A name that comes out of
a data file (json, csv, tar) is never joined to a path: it is looked up in a listing, so it cannot leave the
data set's folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.catalog.datasets import OFFICIAL_SIZES
from core.images import is_picture_name, read_encoded
from core.readers.stamps import about_to_read, file_stamp, read_entries
from core.types import Dataset, DatasetSpec, NotHere, unknown

SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_JUNK_FOLDERS = frozenset({"__macosx", "__pycache__", "lost+found", "$recycle.bin"})


# --- pictures ---------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class FilePictures:
    """Pictures that are files: `names` are paths relative to `root`, as the file system spells them."""

    root: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> bytes:
        """The encoded file; raises `BadImage` when it cannot be read."""
        return read_encoded(self.root / self.names[index])

    def stamp(self, index: int) -> str:
        """Size, times and inode; see `file_stamp`."""
        return file_stamp(os.path.join(self.root, self.names[index]))  # noqa: PTH118 - a hot loop


@dataclass(frozen=True, slots=True)
class ArrayPictures:
    """Pictures as rows of one array (n, channels * side * side) uint8, red plane first, of one file."""

    file: Path
    rows: NDArray[np.uint8]
    side: int

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Pixels (side, side, 3) uint8."""
        planes = np.asarray(self.rows[index]).reshape(3, self.side, self.side)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))

    def stamp(self, index: int) -> str:
        """The file's stamp and the row's number."""
        return f"{file_stamp(self.file)}#{index}"


# --- listings ---------------------------------------------------------------------------------------------

def list_folders(folder: Path) -> list[str]:
    """Names of the visible subfolders, sorted."""
    return sorted(e.name for e in _entries(folder) if _visible_folder(e))


def list_pictures(folder: Path) -> list[str]:
    """Paths of the pictures under `folder`, at any depth, relative to it with "/", sorted."""
    return sorted(_walk(str(folder), "", frozenset()))


def pictures_in(folder: Path) -> list[str]:
    """Names of the pictures directly in `folder`, sorted."""
    return sorted(e.name for e in _entries(folder) if is_picture_name(e.name) and e.is_file())


def holds_pictures(folder: Path) -> bool:
    """Whether there is any picture under `folder`; stops at the first."""
    return next(_walk(str(folder), "", frozenset()), None) is not None


def _walk(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    """`above` holds the folders on the way here: a link back to one of them is a loop and is not followed."""
    try:
        stat = os.stat(folder)  # noqa: PTH116
    except OSError as error:
        raise _unreadable(Path(folder), error) from None
    here = (stat.st_dev, stat.st_ino)
    if here in above:
        return
    for entry in _entries(folder):
        if is_picture_name(entry.name) and entry.is_file():
            yield prefix + entry.name
        elif _visible_folder(entry):
            yield from _walk(entry.path, f"{prefix}{entry.name}/", above | {here})


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, hidden or not; noted for listings that rest on it."""
    about_to_read(folder)
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError as error:
        raise _unreadable(Path(folder), error) from None
    read_entries(entries)
    return entries


def _visible_folder(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.name.lower() not in _JUNK_FOLDERS and entry.is_dir()


def _unreadable(folder: Path, error: OSError) -> NotHere:
    return NotHere(f"The folder {folder} cannot be read: {os_reason(error)}.")


def os_reason(error: OSError) -> str:
    """"permission denied": the reason alone, as the path is said elsewhere."""
    return (error.strerror or "input or output error").lower()


def readable(name: str) -> str:
    r"""A file's name as text for ids and labels: bytes that are not UTF-8 become \xNN."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def locate(data_dir: Path, names: Sequence[str], accepts: Callable[[Path], bool]) -> Path | None:
    """The folder of a known set under `data_dir`: the first of `names` whose content `accepts`.

    Names are compared without case, hyphens and underscores ("food101" finds Food-101); the set may also lie
    one folder deeper, as archives that were unpacked into a folder of their own do.
    """
    if not data_dir.is_dir():
        return None
    folders = list_folders(data_dir)
    for wanted in names:
        for folder in folders:
            if re.sub(r"[^a-z0-9]", "", folder.lower()) != wanted:
                continue
            root = data_dir / folder
            for candidate in (root, *(root / inner for inner in list_folders(root))):
                if accepts(candidate):
                    return candidate
    return None


# --- splits -----------------------------------------------------------------------------------------------

def canonical_split(word: str) -> str | None:
    """"valid" -> "val", "Training" -> "train"; None for a word that names no split."""
    lower = word.lower()
    return next((split for split, words in SPLIT_WORDS.items() if lower in words), None)


def choose_split(spec: DatasetSpec, asked: str | None, there: Sequence[str], where: Path) -> str:
    """The split to read. Without a wish, the default one, or the first that is there.

    Raises `UnknownName` for a split that the set does not have, `NotHere` for one that is not on this disk.
    """
    if not asked:
        return spec.default_split if spec.default_split in there else there[0]
    known = [*there, *(split for split in spec.splits if split not in there)]
    split = asked if asked in known else (canonical_split(asked) or asked)
    if split in there:
        return split
    if split in known:
        raise NotHere(f"{spec.name} has no split {split!r} in {where}; there is: {', '.join(there)}.")
    raise unknown(f"split of {spec.name}", asked, known)


def hashed_half(names: Sequence[str], labels: Sequence[int], split: str) -> list[int]:
    """Positions of the fixed "train" or "test" half of a set without a split of its own.

    Within each class the pictures are ordered by the SHA-256 of their file name (without folders); the first
    half, rounded down, is train and the rest test. So both halves have the same mix of classes, and neither
    depends on a random state or on the order of the disk.
    """
    groups: dict[int, list[int]] = {}
    for position, label in enumerate(labels):
        groups.setdefault(label, []).append(position)
    chosen: list[int] = []
    for positions in groups.values():
        ordered = sorted(positions, key=lambda p: (_name_hash(names[p]), names[p]))
        middle = len(ordered) // 2
        chosen += ordered[:middle] if split == "train" else ordered[middle:]
    return sorted(chosen)


def _name_hash(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name.rsplit("/", 1)[-1])).digest()


# --- rows -------------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Classes:
    """Curated and raw names of the same classes, in the same order."""

    curated: tuple[str, ...]
    raw: tuple[str, ...]


def class_rows(folder: Path, raw_names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Pictures of the class folders `raw_names` under `folder`: names relative to it, and class positions."""
    names: list[str] = []
    labels: list[int] = []
    for position, raw in enumerate(raw_names):
        if (folder / raw).is_dir():
            found = [f"{raw}/{name}" for name in list_pictures(folder / raw)]
            names += found
            labels += [position] * len(found)
    return names, labels


def labelled(
    spec: DatasetSpec,
    split: str,
    root: Path,
    rows: tuple[Sequence[str], Sequence[int]],
    classes: Classes,
    notes: Iterable[str] = (),
) -> Dataset:
    """Rows of a classification set whose pictures are files under `root`."""
    names, labels = rows
    found = (*notes, *part_note(spec, split, len(names)), *class_note(labels, len(classes.raw)))
    return Dataset(
        spec, split, tuple(map(readable, names)), FilePictures(root, tuple(names)),
        np.asarray(labels, dtype=np.int64), classes.curated, classes.raw, notes=found,
    )  # fmt: skip


def part_note(spec: DatasetSpec, split: str, n: int) -> tuple[str, ...]:
    """A note when fewer pictures are here than the official split has."""
    whole = OFFICIAL_SIZES.get((spec.name, split), 0)
    if n >= whole:
        return ()
    whole_split = f"{whole:,} pictures of {spec.title} {split}"
    return (f"This is a part: {n:,} of the {whole_split}; figures from elsewhere are for all of them.",)


def class_note(labels: Sequence[int], c: int) -> tuple[str, ...]:
    """A note when some classes have no picture in this split."""
    present = len(set(labels))
    if present == c or not labels:
        return ()
    return (f"{present} of {c} classes have pictures here; classification still chooses among all {c}.",)


def and_more(names: Sequence[str], most: int = 3) -> str:
    """"a, b, c and 4 more"."""
    shown = ", ".join(readable(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
