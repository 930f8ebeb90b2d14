"""Which class a cell or a column of a table of predictions means: labels, answers and columns are joined by one rule.

A value is a class by its name (curated or folder name; upper and lower case, blanks, hyphens and underscores do not
matter where that is clear). A whole number is a position in the list of classes only where no class bears a number as
its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.readers.base import and_more
from core.readers.external import Classes
from core.readers.prediction_table import Table
from core.types import IntArray, Level, Note

MOST_NUMBERED = 100_000
LONGEST = 60
_WHOLE = re.compile(r"\d+(?:\.0+)?")
_FRACTION = re.compile(r"[+-]?\d*[.,]\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_KIND = (
    r"(?:pred_)?(?:probability|probabilities|probas?|probs?|p|scores?|logits?|conf(?:idence)?|cos(?:ine)?|"
    r"sim(?:ilarity)?)"
)
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
    """A name without what people spell in different ways. Marks at its ends stay: "-1" is not "1", "A-" not "A"."""
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", name.strip()).casefold()


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is nothing: empty, or as pandas and SQL write it."""
    return cell.lower() in ("", "nan", "<na>", "null", "n/a", "#n/a")


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

    def by_number(self, value: str) -> bool:
        """Whether a value is a class by its number alone."""
        names = self.classes.names
        return whole(value) is not None and (self.numbered or all(whole(name) is not None for name in names))

    def column(self, table: Table, index: int) -> IntArray:
        """(n,) classes of a column. Raises `TMVError` with the line of the first value that is none."""
        found = np.empty(len(table.rows), np.int64)
        for row, value in enumerate(table.column(index)):
            place = self(value)
            if place is None:
                raise self._none_of_them(table, row, index, value)
            found[row] = place
        return found

    def _none_of_them(self, table: Table, row: int, index: int, value: str) -> TMVError:
        names = self.classes.names
        if is_missing(value):
            return _nothing(table, row, index)
        counted = self.numbered and whole(value.removeprefix("-")) is not None
        how = f", counted from 0 to {len(names) - 1:,}" if counted else ""
        said = value if len(value) <= LONGEST else f"{value[:LONGEST]}..."
        return TMVError(
            f"{table.place(row)} has the class {said!r}, which is none of the {len(names):,} classes{how}: "
            f"{and_more(names)}."
        )


def seen_classes(table: Table, columns: Iterable[int]) -> tuple[Classes, tuple[Note, ...]]:
    """The classes of a table that nobody named: whole numbers give all from 0 (from 1, where neither labels nor answers
    have a 0) to the largest, names their sorted list.

    Raises `TMVError` where a cell holds no class, and where one column numbers the classes and another one names them.
    """
    sets = {index: set(table.column(index)) for index in columns}
    for index in sets:
        _expect_classes(table, index, sets[index])
    every = set().union(*sets.values())
    counted = {index: {whole(v) is not None for v in values} for index, values in sets.items()}
    if all(kinds == {True} for kinds in counted.values()):
        numbers = {whole(value) or 0 for value in every}
        if max(numbers) < MOST_NUMBERED:
            first = 1 if len(sets) > 1 and 0 not in numbers and 1 in numbers else 0
            return Classes(names=tuple(map(str, range(max(numbers) + 1)))[first:]), ()
    if {True} in counted.values() and {False} in counted.values():
        by_number = next(table.header[i] for i, kinds in counted.items() if kinds == {True})
        by_name = next(table.header[i] for i, kinds in counted.items() if kinds == {False})
        raise TMVError(
            f"{table.name} has numbers in the column {by_number!r} and names in {by_name!r}: say which data set they "
            "are of with --data, so that they can be joined, or write both in one way."
        )
    classes, notes = _merged(list(sets.values()))
    return classes, (*notes, *_mixed(table, sets))


def _mixed(table: Table, sets: Mapping[int, set[str]]) -> tuple[Note, ...]:
    """A few numbers among the names of a column are most likely classes that somebody forgot to name."""
    for index, values in sets.items():
        counted = sorted(value for value in values if whole(value.lstrip("-+")) is not None)
        if counted and len(counted) < len(values):
            said = f"The column “{table.header[index]}” holds numbers beside names, read as classes of their own"
            return (Note(f"{said}: {and_more(counted)}.", "numbers_and_names", "warning"),)
    return ()


def _expect_classes(table: Table, index: int, values: set[str]) -> None:
    """Raise `TMVError` with the line of a cell that is empty, −1 among numbers, a fraction, or more than one name."""
    numbered = {value for value in values if whole(value) is not None}
    fractions = {value for value in values - numbered if _FRACTION.fullmatch(value)}
    for row, value in enumerate(table.column(index)):
        if is_missing(value):
            raise _nothing(table, row, index)
        if value == "-1" and len(values) > 3 and len(numbered) == len(values) - 1:
            raise TMVError(
                f"{table.place(row)} has -1 in the column {table.header[index]!r}, which stands for no class at all: "
                "leave such rows out."
            )
        if value in fractions and fractions | numbered == values:
            raise TMVError(
                f"{table.place(row)} has {value} in the column {table.header[index]!r}: a score is no class. Write the "
                "class itself, or a column of scores for each class."
            )
        if value[0] in "[{(" and value[-1] in "]})" and re.search(r"[,\s]", value):
            raise TMVError(
                f"{table.place(row)} has several values in one cell of the column {table.header[index]!r}; one class "
                "is expected there."
            )


def _nothing(table: Table, row: int, index: int) -> TMVError:
    return TMVError(
        f"{table.place(row)} has no class in the column {table.header[index]!r}; leave such rows out, or "
        "write the class that was answered."
    )


def _merged(columns: Sequence[set[str]]) -> tuple[Classes, tuple[Note, ...]]:
    """Spellings of one name are one class, and that is said; two that stand in one column are two classes."""
    groups: dict[str, list[str]] = {}
    for value in sorted(set().union(*columns)):
        groups.setdefault(folded(value), []).append(value)
    twice = [group for group in groups.values() if len(group) > 1]
    apart = [group for group in twice if any(len(column & set(group)) > 1 for column in columns)]
    merged = [group for group in twice if group not in apart]
    names = tuple(name for group in groups.values() for name in (group if group in apart else group[:1]))
    notes: tuple[tuple[list[list[str]], str, str, Level], ...] = (
        (apart, "Names that differ only in spelling were read as classes of their own", "near_spellings", "warning"),
        (merged, "Spellings were read as one class", "merged_spellings", "info"),
    )
    return Classes(names=names), tuple(
        Note(f"{said}: {_pairs(found)}.", code, level) for found, said, code, level in notes if found
    )


def _pairs(groups: Sequence[Sequence[str]]) -> str:
    return and_more([" and ".join(f"“{name}”" for name in group) for group in groups])


def bare_heads(heads: Sequence[str]) -> tuple[str, ...]:
    """Headers of score columns without the word they share: "prob_cat" -> "cat"; unchanged where they share none."""
    for affix in _AFFIXES:
        found = [affix.fullmatch(head) for head in heads]
        if heads and all(found):
            return tuple(match["name"].strip() for match in found if match)
    return tuple(heads)
