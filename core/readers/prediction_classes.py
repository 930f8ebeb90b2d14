"""Which class a cell or a column of a table of predictions means: labels, answers and columns are joined by one rule.

A value is a class by its name (curated or folder name; upper and lower case, blanks, hyphens and underscores do not
matter where that is clear). A whole number is a position in the list of classes only where no class bears a number as
its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.readers.base import and_more
from core.readers.brought import Classes
from core.readers.prediction_table import Table
from core.types import IntArray, Note, TMVError

MOST_NUMBERED = 100_000
_WHOLE = re.compile(r"\d+(?:\.0+)?")
_KIND = r"(?:pred_)?(?:probability|proba?|p|scores?|logits?|conf(?:idence)?|cos(?:ine)?|sim(?:ilarity)?)"
_AFFIXES = (
    re.compile(rf"{_KIND}[\s_:./-]+(?P<name>.+)", re.IGNORECASE),
    re.compile(rf"{_KIND}\s*[(\[](?P<name>.+)[)\]]", re.IGNORECASE),
    re.compile(rf"(?P<name>.+?)[\s_:./-]+{_KIND}", re.IGNORECASE),
    re.compile(r"class[\s_-]*(?P<name>\d+)", re.IGNORECASE),
)


def whole(value: str) -> int | None:
    """ "3" and "3.0" as 3; None for anything else."""
    return int(value.split(".")[0]) if _WHOLE.fullmatch(value) and value.isascii() and len(value) < 12 else None


def folded(name: str) -> str:
    """A name without what people spell in different ways."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Values -> positions in `classes`. `by_name` holds every spelling that means one class alone; whole numbers are
    positions where `numbered`."""

    classes: Classes
    by_name: dict[str, int]
    by_folded: dict[str, int]
    numbered: bool

    @classmethod
    def of(cls, classes: Classes) -> Join:
        """The rule for these classes."""
        every = classes.places
        keys = Counter(key for key, _ in {(folded(name), i) for name, i in every.items()})
        loose = {folded(name): i for name, i in every.items() if keys[folded(name)] == 1}
        numbered = not any(whole(name) is not None for name in every)
        return cls(classes=classes, by_name=every, by_folded=loose, numbered=numbered)

    def name(self, value: str) -> int | None:
        """The class that bears this name."""
        found = self.by_name.get(value)
        return self.by_folded.get(folded(value)) if found is None else found

    def __call__(self, value: str) -> int | None:
        """The class of this name or number; None for neither."""
        found = self.name(value)
        if found is not None or (position := whole(value)) is None:
            return found
        if self.numbered:
            return position if position < len(self.classes.names) else None
        return self.by_name.get(str(position))

    def column(self, table: Table, index: int) -> IntArray:
        """(n,) classes of a column. Raises `TMVError` with the line of the first value that is none."""
        found = np.empty(len(table.rows), np.int64)
        for row, value in enumerate(table.column(index)):
            place = self(value)
            if place is None:
                names = self.classes.names
                raise TMVError(
                    f"{table.place(row)} has the class {value!r}, which is none of the {len(names):,} classes: "
                    f"{and_more(names)}."
                )
            found[row] = place
        return found


def seen_classes(table: Table, columns: Iterable[int]) -> tuple[Classes, tuple[Note, ...]]:
    """The classes of a table that nobody named: whole numbers give all up to the largest, names their sorted list.

    Raises `TMVError` where one column numbers the classes and another one names them.
    """
    sets = {index: set(table.column(index)) for index in columns}
    every = set().union(*sets.values())
    counted = {index: {whole(v) is not None for v in values} for index, values in sets.items()}
    if all(kinds == {True} for kinds in counted.values()):
        largest = max(whole(value) or 0 for value in every)
        if largest < MOST_NUMBERED:
            return Classes(tuple(map(str, range(largest + 1)))), ()
    if {True} in counted.values() and {False} in counted.values():
        by_number = next(table.header[i] for i, kinds in counted.items() if kinds == {True})
        by_name = next(table.header[i] for i, kinds in counted.items() if kinds == {False})
        raise TMVError(
            f"{table.name} has numbers in the column {by_number!r} and names in {by_name!r}: say which data set they "
            "are of with --data, so that they can be joined, or write both in one way."
        )
    return _merged(every)


def _merged(values: Iterable[str]) -> tuple[Classes, tuple[Note, ...]]:
    """Spellings of one name are one class, and that is said."""
    groups: dict[str, list[str]] = {}
    for value in sorted(values):
        groups.setdefault(folded(value), []).append(value)
    twice = [group for group in groups.values() if len(group) > 1]
    names = tuple(group[0] for group in groups.values())
    if not twice:
        return Classes(names), ()
    said = and_more([" and ".join(f"“{name}”" for name in group) for group in twice])
    return Classes(names), (Note(f"Spellings were read as one class: {said}.", "merged_spellings"),)


def bare_heads(heads: Sequence[str]) -> tuple[str, ...]:
    """Headers of score columns without the word they share: "prob_cat" -> "cat"; unchanged where they share none."""
    for affix in _AFFIXES:
        found = [affix.fullmatch(head) for head in heads]
        if heads and all(found):
            return tuple(match["name"].strip() for match in found if match)
    return tuple(heads)
