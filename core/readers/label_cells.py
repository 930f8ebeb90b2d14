"""Labels as people write them into a cell of a table: one, several between | or ;, a list, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core.errors import TMVError
from core.readers.base import and_more
from core.readers.name_entries import fold
from core.readers.shard_lists import written_list
from core.types import Note

SEPARATORS = "|;"
_NOTHING = frozenset({"nan", "null", "none", "n/a", "#n/a", "<na>"})
_PARTS = re.compile(r"\s*[:/+&]\s*|\s+and\s+|\s+", re.IGNORECASE)

Names = list[str]


def cell_reading(file: Path, cells: Sequence[str]) -> tuple[Callable[[str], Names], list[Note]]:
    """How the cells of a column of labels are read, and what is to be said of it. Raises `TMVError` naming the file
    where separators are mixed or a list holds something else."""
    lists = {cell: found for cell in dict.fromkeys(cells) if (found := _listed(file, cell)) is not None}
    plain = [cell for cell in cells if cell not in lists]
    marks = [mark for mark in SEPARATORS if any(mark in cell for cell in plain)]
    if len(marks) > 1:
        raise TMVError(f"{file} has both | and ; in its labels; separate several labels of an image by one of them.")
    mark = marks[0] if marks else ""

    def written(cell: str) -> Names:
        if (found := lists.get(cell)) is not None:
            return found
        return [name for part in (cell.split(mark) if mark else [cell]) if (name := part.strip())]

    words = {name for cell in cells for name in written(cell)}
    nothing = _nothing_in(words)
    notes = _notes(file.name, words, sum(bool(nothing & set(written(cell))) for cell in cells))
    return lambda cell: [name for name in written(cell) if name not in nothing], notes


def _listed(file: Path, cell: str) -> Names | None:
    """The names in a list as JSON, Python or NumPy write it; None where a cell is none."""
    text = cell.strip()
    found = written_list(text) if text.startswith("[") else None
    if found is None:
        return None
    names = [str(int(value)) if isinstance(value, float) and value.is_integer() else value for value in found]
    if any(isinstance(name, bool) or not isinstance(name, str | int) for name in names):
        raise TMVError(f"{file} has the list {text[:60]} among its labels; expected names or whole numbers in it.")
    said = [str(name).strip() for name in names]
    if len(set(said)) < len(said):
        raise TMVError(
            f"{file} has the list {text[:60]} among its labels, which names a class twice; for 1 and 0 of each class "
            "write a column for each."
        )
    return [name for name in said if name]


def _nothing_in(words: Iterable[str]) -> set[str]:
    """What programs write for nothing. Among words "none" may be a class, among numbers it is none."""
    empty = {word for word in words if word.casefold() in _NOTHING}
    numbers = all(word.isdigit() for word in set(words) - empty)
    return empty if numbers else empty - {"none"}


def _notes(name: str, words: set[str], missing: int) -> list[Note]:
    notes = []
    if with_comma := sorted(word for word in words if "," in word):
        text = f"A comma in {name} is part of a label ({and_more(with_comma)}); separate labels by | or ;"
        notes.append(Note(f"{text}.", "commas_in_labels", "warning"))
    known = {fold(word) for word in words}
    joined = sorted(word for word in words if len(parts := _parts(word)) > 1 and known.issuperset(parts))
    if joined:
        text = f"Labels of {name} look like several in one, each of which is a label too ({and_more(joined)})"
        notes.append(Note(f"{text}; separate labels by | or ;.", "labels_in_a_label", "warning"))
    if missing:
        text = f"{missing:,} cells of {name} hold nan, null or none, which is no label."
        notes.append(Note(text, "labels_missing", "warning"))
    return notes


def _parts(word: str) -> list[str]:
    return [fold(part) for part in _PARTS.split(word.strip())]
