"""`labels.csv` beside images without class folders: which labels each image has, one, several or none.

A row is an image and its labels, several of them in one cell ("cat|dog", "cat;dog") or in one row each, or an image and
a column for each class with 1 or 0. A table that names no image of the folder is no such table.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import TMVError
from core.readers.base import and_more
from core.readers.label_cells import cell_reading
from core.readers.name_entries import fold
from core.readers.stamps import about_to_read
from core.readers.text_files import read_text
from core.stats.numbers import count
from core.types import Note

NAMES = ("labels.csv", "labels.tsv")
_IMAGE_COLUMNS = (
    "image",
    "images",
    "file",
    "filename",
    "file name",
    "image name",
    "image file",
    "image path",
    "filepath",
    "file path",
    "path",
    "picture",
    "image id",
    "id",
)
_LABEL_COLUMNS = ("labels", "label", "tags", "tag", "classes", "class", "categories", "category", "class names")
_SPLIT_COLUMNS = ("split", "splits", "set", "subset", "partition", "fold", "phase", "usage", "is train", "train")
_MARKED = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False, "": False}
_LARGEST = 200_000_000

Names = tuple[str, ...]
Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """The labels of each image that the `file` names, () where it says that none is right, and what is to be said."""

    file: Path
    labels: Mapping[str, Names]
    notes: tuple[Note, ...]


def read_label_table(folders: Sequence[Path], images: Sequence[str], prefixes: Collection[str]) -> LabelTable | None:
    """The first table in one of the `folders` that names any of these images, as they are listed or below one of the
    `prefixes`, with or without their ending. Raises `TMVError` where such a table cannot be understood."""
    for folder in dict.fromkeys(folders):
        for file in tables_in(folder):
            if found := _read(file, _keys(images, prefixes)):
                return found
    return None


def tables_in(folder: Path) -> list[Path]:
    """The files of a folder that are called as such a table is, in either case."""
    about_to_read(folder)
    with os.scandir(folder) as entries:
        found = {entry.name: entry.name.casefold() for entry in entries if entry.name.casefold() in NAMES}
    order = sorted(found, key=lambda name: (NAMES.index(found[name]), name not in NAMES, name))
    return [folder / name for name in order if (folder / name).is_file()]


def _keys(images: Sequence[str], prefixes: Collection[str]) -> dict[str, str]:
    """What a table may call an image -> the image; a name without its ending only where that is one image."""
    keys: dict[str, str] = {}
    stems: dict[str, list[str]] = {}
    for image in images:
        for prefix in ("", *prefixes):
            name = f"{prefix}{image}"
            keys[name] = image
            stems.setdefault(PurePosixPath(name).with_suffix("").as_posix(), []).append(image)
    return {**{stem: found[0] for stem, found in stems.items() if len(set(found)) == 1}, **keys}


def _read(file: Path, keys: Mapping[str, str]) -> LabelTable | None:
    about_to_read(file)
    text = read_text(file, _LARGEST)
    rows = _rows(file, text.lines())
    if not rows:
        return None
    header, body = _header(rows, keys)
    at = _image_column(header, body, keys)
    if at is None:
        return None
    labels_of, notes = _labels(file, header, body, at)
    found: dict[str, dict[str, None]] = {}
    strangers, again = list[str](), set[str]()
    for row in body:
        name = row[1][at].strip() if at < len(row[1]) else ""
        image = keys.get(name.removeprefix("./"))
        if image is None:
            strangers += [] if name and (file.parent / name).is_file() else [name]  # of another split
            continue
        if image in found:
            again.add(image)
        found.setdefault(image, {}).update(dict.fromkeys(labels_of(row)))
    labels = {image: tuple(names) for image, names in found.items()}
    return LabelTable(
        file=file, labels=labels, notes=(*text.notes, *notes, *_said(file.name, labels, strangers, sorted(again)))
    )


# --- the table --------------------------------------------------------------------------------------------


def _rows(file: Path, lines: Sequence[str]) -> list[Row]:
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        return []
    first = filled[0][1]
    mark = "\t" if "\t" in first else "," if "," in first else ";"
    try:
        return [(number, next(csv.reader([line], delimiter=mark, skipinitialspace=True))) for number, line in filled]
    except csv.Error as error:
        raise TMVError(f"{file} is no table that can be read: {error}.") from None


def _header(rows: Sequence[Row], keys: Mapping[str, str]) -> tuple[list[str] | None, Sequence[Row]]:
    """The headings, or None where the first row already is about an image."""
    first = [cell.strip() for cell in rows[0][1]]
    return (None, rows) if any(cell in keys for cell in first) else (first, rows[1:])


def _image_column(header: list[str] | None, body: Sequence[Row], keys: Mapping[str, str]) -> int | None:
    """The column with names of images of the folder: the one that says so, else the first that holds any."""
    width = max((len(cells) for _, cells in body), default=0)
    headed = [i for i, cell in enumerate(header or ()) if fold(cell) in _IMAGE_COLUMNS]
    places: list[int] = [*headed, *range(width)]
    for i in places:
        if any(i < len(cells) and cells[i].strip().removeprefix("./") in keys for _, cells in body):
            return i
    return None


def _labels(
    file: Path, header: list[str] | None, body: Sequence[Row], at: int
) -> tuple[Callable[[Row], Iterable[str]], list[Note]]:
    """How the labels of a row are read."""
    width = max(len(cells) for _, cells in body)
    others = [i for i in range(width) if i != at]
    headed = [i for i in others if header and i < len(header) and fold(header[i]) in _LABEL_COLUMNS]
    if not headed and header and len(others) > 1:
        return _marked(file, header, others), []
    if not headed and len(others) != 1:
        raise TMVError(
            f"{file} has no column of labels; expected a heading such as image,labels and several labels in one cell, "
            "cat|dog, or a column for each class with 1 or 0."
        )
    column = headed[0] if headed else others[0]
    names_in, notes = cell_reading(file, [_cell(row, column) for row in body])
    return lambda row: names_in(_cell(row, column)), [
        *notes,
        *_unused(file.name, header, body, [i for i in others if i != column]),
    ]


def _cell(row: Row, column: int) -> str:
    return row[1][column] if column < len(row[1]) else ""


def _unused(name: str, header: list[str] | None, body: Sequence[Row], columns: Sequence[int]) -> list[Note]:
    """What else the table says of its images; that they are of several splits must not go unsaid."""
    said = [i for i in columns if header and i < len(header) and header[i]]
    if not said or header is None:
        return []
    apart = next((i for i in said if fold(header[i]) in _SPLIT_COLUMNS and len({_cell(r, i) for r in body}) > 1), None)
    text = f"Columns of {name} that were not used: {and_more([header[i] for i in said])}"
    if apart is None:
        return [Note(f"{text}.", "columns_not_used")]
    found = and_more(sorted({_cell(row, apart) for row in body}))
    text += f"; {header[apart]} speaks of splits ({found}): images are of a split by their folder, such as train/."
    return [Note(text, "columns_not_used", "warning")]


def _marked(file: Path, header: list[str], columns: Sequence[int]) -> Callable[[Row], Iterable[str]]:
    """A column for each class."""
    if len(header) <= max(columns) or not all(header[i] for i in columns):
        raise TMVError(f"{file} has a column without a heading; each column of 1 and 0 needs the name of its class.")
    named = [header[i] for i in columns]
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise TMVError(f"{file} has several columns called {twice!r}; each class has one.")

    def of(row: Row) -> Iterable[str]:
        for i in columns:
            cell = _cell(row, i).strip()
            if (mark := _MARKED.get(cell.casefold())) is None:
                raise TMVError(
                    f"{file} line {row[0]} has {cell!r} under {header[i]!r}; expected 1 where the label is right, else "
                    "0, or one column named labels."
                )
            if mark:
                yield header[i]

    return of


def _said(name: str, labels: Mapping[str, Names], strangers: Sequence[str], again: Sequence[str]) -> list[Note]:
    notes = [Note(f"The labels of {count(len(labels), 'image')} are from {name}.", "labels_from_table")]
    if strangers:
        text = f"Rows of {name} that name no image here: {len(strangers):,} ({and_more(strangers)})."
        notes.append(Note(text, "rows_without_picture"))
    if again:
        text = f"Images with several rows in {name}: {len(again):,} ({and_more(again)}); all of their labels count."
        notes.append(Note(text, "several_rows"))
    return notes


def several_note(counts: Sequence[int]) -> Note:
    """How many labels the images have: `counts` (n,)."""
    n, several, none = len(counts), sum(count > 1 for count in counts), sum(count == 0 for count in counts)
    text = (
        f"An image may have none or several labels: of {count(n, 'image')} {count(several, 'has', 'have')} several and "
        f"{none:,} none, on "
        f"average {sum(counts) / n:.2f}."
    )
    return Note(text, "several_labels")
