"""Lists of class names as csv or tsv, with or without a header, their columns in any order."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence

from core.errors import TMVError
from core.readers.name_entries import Entry, fold, is_number, is_wnid

_NAME_COLUMNS = (
    "name",
    "classname",
    "class name",
    "curated",
    "english",
    "label name",
    "category name",
    "synset",
    "words",
    "title",
    "description",
    "category",
    "label",
    "class",
    "text",
)
FOLDER_COLUMNS = ("raw", "folder", "raw classname", "directory", "dir", "folder name", "dirname")
"""Headings that can mean nothing but the folder."""
_KEY_COLUMNS = (
    *FOLDER_COLUMNS,
    "wnid",
    "id",
    "index",
    "idx",
    "number",
    "synset id",
    "class id",
    "label id",
    "code",
    "key",
)

_NO_NAMES = frozenset(
    {"supercategory", "super category", "superclass", "parent", "group", "kingdom", "color", "colour", "url", "source"}
)
_FLOAT = re.compile(r"^(\d+)\.0+$")

NumberedCells = tuple[int, list[str]]


def table_entries(lines: Sequence[tuple[int, str]], source: str, known: Collection[str]) -> list[Entry] | None:
    """Entries of a table, or None where the lines are none: "crane, bird" alone in a plain list makes no table.

    `known` are folded folders and names. Raises `TMVError` for a csv or tsv in which nothing tells key from name.
    """
    is_table = source.lower().endswith((".csv", ".tsv"))
    rows = _rows(lines)
    if not rows or any(len(cells) < 2 for _, cells in rows):
        return _single_column(rows, known) if is_table else None
    header = _header(rows, known)
    body = rows[1:] if header else rows
    if not body:
        return None
    name, keys = _columns(header, body, known)
    if not keys:
        if is_table:
            raise TMVError(
                f"{source} has no column that names the classes; expected their folders, WordNet ids or numbers in "
                "one column and their names in another."
            )
        return None
    return [_entry(row, name, keys, bool(header)) for row in body]


def _rows(lines: Sequence[tuple[int, str]]) -> list[NumberedCells]:
    texts = [line for _, line in lines]
    delimiter = next((mark for mark in "\t;|" if all(mark in text for text in texts)), ",")
    return [
        (number, [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))])
        for number, text in lines
    ]


def _single_column(rows: Sequence[NumberedCells], known: Collection[str]) -> list[Entry] | None:
    """A csv of one column: a list of names, perhaps under a heading."""
    if not rows or any(len(cells) != 1 for _, cells in rows):
        return None
    heading = fold(rows[0][1][0])
    body = rows[1:] if heading in (*_NAME_COLUMNS, *_KEY_COLUMNS) and heading not in known and len(rows) > 1 else rows
    return [Entry(keys=(), name=cells[0], line=number) for number, cells in body]


def _header(rows: Sequence[NumberedCells], known: Collection[str]) -> list[str] | None:
    cells = [fold(cell) for cell in rows[0][1]]
    named = any(cell in _NAME_COLUMNS or cell in _KEY_COLUMNS for cell in cells)
    if not named or cells[0] in known or any(is_number(cell) or is_wnid(cell) for cell in cells):
        return None
    return cells


def _columns(header: list[str] | None, body: Sequence[NumberedCells], known: Collection[str]) -> tuple[int, list[int]]:
    """Which column holds the names, and which hold keys (the surest first)."""
    width = min(len(cells) for _, cells in body)
    columns = [[cells[place] for _, cells in body] for place in range(width)]
    keys = sorted(
        (place for place in range(width) if _strength(columns[place], known)),
        key=lambda place: -_strength(columns[place], known),
    )
    others = [place for place in range(width) if place not in keys]
    if header:
        return _by_header(header, columns, keys, others, known)
    if not others and len(keys) > 1:
        # Both columns name classes (folder and curated name): the first is what the second is the name of.
        words = [place for place in keys if not _numeric(columns[place])]
        name = words[-1] if words else keys[-1]
        return name, [place for place in range(width) if place != name]
    if not keys or not others:
        return 0, []
    uniform = len({len(cells) for _, cells in body}) == 1
    if keys[0] == 0 and not (uniform and len(keys) > 1):
        return 1, [0]
    return others[-1], keys


def _by_header(
    header: list[str], columns: Sequence[Sequence[str]], keys: list[int], others: list[int], known: Collection[str]
) -> tuple[int, list[int]]:
    named = [header.index(word) for word in _NAME_COLUMNS if word in header and header.index(word) < len(columns)]
    words = [place for place in named if not _numeric(columns[place])]
    name = next((place for place in words if place in others), None)
    if name is None:
        free = [place for place in others if header[place] not in _NO_NAMES and _distinct(columns[place])]
        name = free[0] if free else (words[0] if words else others[0] if others else len(columns) - 1)
    folders = [place for place in keys if header[place] in FOLDER_COLUMNS and place != name]
    if folders and all(fold(cell) in known for cell in columns[folders[0]]):
        return name, folders[:1]  # an index beside it may count in another order
    rest = [place for place in range(len(columns)) if place != name]
    return name, [*folders, *(place for place in keys if place not in (name, *folders))] or rest


def _distinct(column: Sequence[str]) -> bool:
    """Whether it may name classes: a group of classes stands there several times."""
    return len({fold(cell) for cell in column}) == len(column)


def _strength(column: Sequence[str], known: Collection[str]) -> float:
    """How surely a column holds keys: 2 and more for classes, 1 for ids and numbers, 0 for none of them."""
    share = sum(fold(cell) in known for cell in column) / len(column)
    if share:
        return 2 + share
    return 1.0 if _numeric(column) else 0.0


def _numeric(column: Sequence[str]) -> bool:
    return all(map(is_wnid, column)) or all(is_number(_FLOAT.sub(r"\1", cell)) for cell in column)


def _entry(row: NumberedCells, name: int, keys: Sequence[int], header: bool) -> Entry:
    """A name with commas that nobody quoted: what follows the key is the name."""
    number, cells = row
    text = ", ".join(cells[name:]).strip(", ") if not header and keys == [0] and name == 1 else cells[name]
    found = tuple(_FLOAT.sub(r"\1", cells[place]) for place in keys)
    return Entry(keys=found, name=text, line=number, synonyms=any(is_wnid(key) or is_number(key) for key in found))
