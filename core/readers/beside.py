"""Files in a folder of images that are none: archives, arrays, tables, images without an ending in their name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from core.images.decode import is_picture_name, unread_format
from core.readers.base import and_more, list_folders
from core.readers.stamps import about_to_read

ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"})
ARRAYS = frozenset({".parquet", ".arrow", ".h5", ".hdf5", ".npy", ".npz", ".tfrecord", ".mdb", ".pkl", ".mat"})
LOOKED_INTO = 20
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
_MOST_READ = 200


def other_files(place: Path) -> Iterator[os.DirEntry[str]]:
    """Visible entries that are neither folders nor images nor listed as images that cannot be read."""
    about_to_read(place)
    with os.scandir(place) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            named = is_picture_name(entry.name) or unread_format(entry.name)
            if not named and not entry.name.startswith(".") and not entry.is_dir():
                yield entry


def without_ending(files: Iterable[os.DirEntry[str]]) -> Iterator[str]:
    """Of files without an ending those that begin as images do."""
    bare = [entry for entry in files if "." not in entry.name and entry.is_file()]
    for entry in bare[:_MOST_READ]:
        try:
            with Path(entry.path).open("rb") as file:
                start = file.read(16)
        except OSError:
            continue
        if start.startswith(_STARTS):
            yield f"{Path(entry.path).parent.name}/{entry.name}"


def kinds_in(root: Path) -> str:
    """What a folder without images holds instead, by the ends of its files' names: ".parquet (train-0.parquet)"."""
    files = [
        entry
        for place in (root, *(root / name for name in list_folders(root)[:LOOKED_INTO]))
        for entry in other_files(place)
    ]
    if unnamed := list(without_ending(files)):
        return f"images without an ending in their name ({and_more(unnamed)}): give them theirs (.jpg, .png)"
    arrays = [entry for entry in files if suffix_of(entry.name) in ARRAYS]
    if not arrays:
        return ""
    common = Counter(suffix_of(entry.name) for entry in arrays).most_common(1)[0][0]
    alike = [entry for entry in arrays if suffix_of(entry.name) == common]
    return f"{common} files ({some_files(alike)}): save the images in them as files"


def some_files(entries: Sequence[os.DirEntry[str]]) -> str:
    """The names of the first few, and how many more."""
    return and_more([entry.name for entry in entries])


def suffix_of(name: str) -> str:
    """The ending of a file's name in lower case, ".zip"; "" where it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a hot loop
