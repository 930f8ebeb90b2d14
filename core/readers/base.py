"""What every reader shares: files as pictures, listings, splits, and the notes that a user should see.

Listings follow symbolic links, as subsets are often made of them, and stop at loops. A name that comes out of
a data file (json, csv, tar) is never joined to a path: it is looked up in a listing, so it cannot leave the
data set's folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import NotHere, unknown
from core.images.decode import is_picture_name, read_encoded, unread_format
from core.readers.stamps import about_to_read, file_stamp, read_entries
from core.stats.numbers import some_of
from core.types import Dataset, DatasetSpec, Note

SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_JUNK_FOLDERS = frozenset(
    {
        "__macosx",
        "__pycache__",
        "lost+found",
        "$recycle.bin",
        ".git",
        ".cache",
        ".ipynb_checkpoints",
        ".thumbnails",
        ".trash",
        ".trashes",
        ".spotlight-v100",
        ".fseventsd",
        ".appledouble",
        ".idea",
        ".vscode",
        ".venv",
        "@eadir",
        ".huggingface",
        ".dvc",
    }
)


# --- pictures ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """Names of the visible subfolders, sorted. A link back to a folder above is none of them."""
    return sorted(e.name for e in _entries(folder) if _visible_folder(e) and not _leads_up(e, folder))


def list_pictures(folder: Path, *, unread: bool = False) -> list[str]:
    """Paths of the pictures under `folder`, at any depth, relative to it with "/", sorted.

    `unread` also lists what cannot be read, for rows that are to be skipped by name: files in other formats (RAW, video
    ...), and links to pictures that are gone.
    """
    if not unread:
        return sorted(_walk(str(folder), "", _folders_above(folder), _is_picture))
    return sorted(_walk(str(folder), "", _folders_above(folder), _is_row))


def pictures_under(folder: Path) -> Iterator[str]:
    """The same paths one by one in the order of the disk, for whoever does not want them all."""
    return _walk(str(folder), "", _folders_above(folder), _is_picture)


def first_picture(folder: Path) -> str:
    """The path of any picture under `folder`, relative to it; "" where there is none."""
    return next(pictures_under(folder), "")


def pictures_in(folder: Path) -> list[str]:
    """Names of the pictures directly in `folder`, sorted."""
    return sorted(e.name for e in _entries(folder) if is_picture_name(e.name) and e.is_file())


def holds_pictures(folder: Path) -> bool:
    """Whether there is any picture under `folder`; stops at the first."""
    return bool(first_picture(folder))


def hidden_folders(folder: Path) -> list[str]:
    """Names of subfolders that begin with a dot, but for those that programs make for themselves."""
    found = (e.name for e in _entries(folder) if e.name.startswith(".") and e.is_dir())
    return sorted(name for name in found if name.lower() not in _JUNK_FOLDERS)


def links_up(folder: Path) -> list[str]:
    """Names of links in `folder` that lead back to a folder above; they are not followed."""
    return sorted(e.name for e in _entries(folder) if _visible_folder(e) and _leads_up(e, folder))


def _is_picture(entry: os.DirEntry[str]) -> bool:
    return is_picture_name(entry.name) and entry.is_file()


def _is_row(entry: os.DirEntry[str]) -> bool:
    if not is_picture_name(entry.name):
        return unread_format(entry.name) is not None and entry.is_file()
    return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))  # noqa: PTH110 - a hot loop


def _walk(
    folder: str, prefix: str, above: frozenset[tuple[int, int]], accepts: Callable[[os.DirEntry[str]], bool]
) -> Iterator[str]:
    """`above` holds the folders on the way here: a link back to one of them is a loop and is not followed."""
    try:
        stat = os.stat(folder)  # noqa: PTH116
    except OSError as error:
        raise _unreadable(Path(folder), error) from None
    here = (stat.st_dev, stat.st_ino)
    if here in above:
        return
    for entry in _entries(folder):
        if accepts(entry):
            yield prefix + entry.name
        elif _visible_folder(entry):
            yield from _walk(entry.path, f"{prefix}{entry.name}/", above | {here}, accepts)


def _folders_above(folder: Path) -> frozenset[tuple[int, int]]:
    """Every folder that `folder` lies in, by its path as written: a link below it must not lead back there."""
    found = set()
    for place in folder.absolute().parents:
        with contextlib.suppress(OSError):
            stat = place.stat()
            found.add((stat.st_dev, stat.st_ino))
    return frozenset(found)


def _leads_up(entry: os.DirEntry[str], folder: Path) -> bool:
    if not entry.is_symlink():
        return False
    with contextlib.suppress(OSError):
        stat, own = entry.stat(), folder.stat()
        return (stat.st_dev, stat.st_ino) in _folders_above(folder) | {(own.st_dev, own.st_ino)}
    return False


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
    """ "permission denied": the reason alone, as the path is said elsewhere."""
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
    """ "valid" -> "val", "Training" -> "train"; None for a word that names no split."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Curated and raw names of the same classes, in the same order."""

    curated: tuple[str, ...]
    raw: tuple[str, ...]


def class_rows(folder: Path, raw_names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Pictures of the class folders `raw_names` under `folder`: names relative to it, and class positions.

    Files in formats that are not read are among them, so that they are skipped by name.
    """
    names: list[str] = []
    labels: list[int] = []
    for position, raw in enumerate(raw_names):
        if (folder / raw).is_dir():
            found = [f"{raw}/{name}" for name in list_pictures(folder / raw, unread=True)]
            names += found
            labels += [position] * len(found)
    return names, labels


def labelled(
    spec: DatasetSpec,
    split: str,
    root: Path,
    rows: tuple[Sequence[str], Sequence[int]],
    classes: Classes,
    notes: Iterable[Note] = (),
) -> Dataset:
    """Rows of a classification set whose pictures are files under `root`."""
    names, labels = rows
    found = (*notes, *part_note(spec, split, len(names)), *class_note(labels, len(classes.raw)), *unread_note(names))
    return Dataset(
        spec=spec,
        split=split,
        ids=tuple(map(readable, names)),
        pictures=FilePictures(root=root, names=tuple(names)),
        labels=np.asarray(labels, dtype=np.int64),
        classnames=classes.curated,
        raw_classnames=classes.raw,
        notes=found,
    )


def strangers_note(spec: DatasetSpec, folder: Path) -> tuple[Note, ...]:
    """A warning when folders of pictures lie beside the known classes of a set."""
    others = [name for name in list_folders(folder) if name not in spec.raw_classnames]
    strange = [name for name in others if holds_pictures(folder / name)]
    if not strange:
        return ()
    text = f"Folders that are no class of {spec.title} were left out: {and_more(strange)}."
    return (Note(text, "strange_folders", "warning"),)


def part_note(spec: DatasetSpec, split: str, n: int) -> tuple[Note, ...]:
    """A note when fewer pictures are here than the official split has."""
    whole = dict(spec.sizes).get(split, 0)
    if n >= whole:
        return ()
    whole_split = f"{whole:,} images of {spec.title} {split}"
    return (Note(f"This is a part: {n:,} of the {whole_split}; figures from elsewhere are for all of them.", "part"),)


def class_note(labels: Sequence[int], c: int) -> tuple[Note, ...]:
    """A note when some classes have no picture in this split."""
    present = len(set(labels))
    if present == c or not labels:
        return ()
    text = f"{some_of(present, c, 'class', 'has', 'have')} images here; classification still chooses among all {c:,}."
    return (Note(text, "classes_without_pictures"),)


def unread_note(names: Sequence[str]) -> tuple[Note, ...]:
    """A warning when rows are in formats that are not read, as far as their names tell."""
    unread = [(name, kind) for name in names if (kind := unread_format(name))]
    if not unread:
        return ()
    kinds = ", ".join(sorted({kind for _, kind in unread}))
    files = and_more([name for name, _ in unread])
    which = some_of(len(unread), len(names), "file")
    text = f"{which} in a format that is not read ({kinds}) and skipped: {files}."
    return (Note(text, "format_not_read", "warning"),)


def and_more(names: Sequence[str], most: int = 3) -> str:
    """ "a, b, c and 4 more"."""
    shown = ", ".join(readable(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
