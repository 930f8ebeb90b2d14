"""Which columns of a table are scores of classes, and whose: those that bear a class's name or number, no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.readers.base import and_more
from core.readers.external import Classes, Scores, read_scores
from core.readers.prediction_classes import Join, bare_heads, seen_classes, whole
from core.readers.prediction_table import Columns, Table, all_numbers, number, numbers
from core.types import IntArray, Note

_NO_CLASS = re.compile(
    r"|unnamed.*|index|idx|row|rows?_?(id|num(ber)?)?|n|no|nr|num(ber)?|id|.*_id|fold|split|seed|epoch|step|batch|rank|"
    r"(train_?|val_?|test_?)?loss|nll|ce|cross_entropy|entropy|margin|temperature|time|seconds|latency|ms|width|height|size|"
    r"weight|score|top_?[2-9]|top_?1_?(prob(ability)?|score|conf(idence)?)|max_?(prob(ability)?|score|logit)|"
    r"conf(idence)?|prob(ability)?|correct|is_correct|hit|acc(uracy)?|error",
    re.IGNORECASE,
)
"""What evaluations write beside their scores, and what is no class unless the data set says so."""
_SUM = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores (n, c) in the order of `classes`, the labels (n,), and how both were read."""

    classes: Classes
    scores: Scores
    labels: IntArray
    unused: tuple[int, ...]
    notes: tuple[Note, ...]
    numbered: bool = False


def score_columns(table: Table, columns: Columns, classes: Classes) -> Scored | None:
    """The scores of every class in a table, None where it has none.

    Raises `TMVError` where a class has no column, or where it cannot be told which columns are classes.
    """
    numeric = [i for i in columns.others if all_numbers(table, i)]
    found = _known(table, columns, numeric, classes) if classes.names else _unknown(table, columns, numeric)
    if found is None:
        return None
    order, known, labels, notes = found
    values = np.stack([numbers(table, index) for index in order], axis=1)
    unused = tuple(i for i in columns.others if i not in order)
    join = Join.of(known)
    heads = bare_heads([table.header[index] for index in order])
    numbered = all(join.by_number(value) for value in (*heads, *table.column(columns.label)))
    return Scored(
        classes=known, scores=read_scores(values, table), labels=labels, unused=unused, notes=notes, numbered=numbered
    )


_Found = tuple[list[int], Classes, IntArray, tuple[Note, ...]]


# --- the classes are known ----------------------------------------------------------------------------------


def _known(table: Table, columns: Columns, numeric: Sequence[int], classes: Classes) -> _Found | None:
    """Columns of the data set's own classes, by name or by number."""
    join = Join.of(classes)
    place = _places(table, columns, join)
    if not place:
        return None
    missing = [name for i, name in enumerate(classes.names) if i not in place]
    if missing:
        raise TMVError(
            f"{table.name} has no column of scores for {len(missing):,} of {len(classes.names):,} classes: "
            f"{and_more(missing)}."
        )
    order = [place[i] for i in range(len(classes.names))]
    words = [i for i in order if i not in numeric]
    if words:
        numbers(table, words[0])  # raises with the line
    labels, notes = _labels(table, columns, join, order)
    return order, classes, labels, notes


def _places(table: Table, columns: Columns, join: Join) -> dict[int, int]:
    """Class -> column: by the header as it stands, else without the word that all of them share."""
    heads = {i: table.header[i] for i in columns.others}
    by_name = _by(heads, join.name, table)
    if len(by_name) < len(join.classes.names):
        for group in _shared(table, columns):
            other = _by(group, join.name, table)
            by_name = other if len(other) > len(by_name) else by_name
    if by_name or not join.numbered:
        return by_name
    for group in (heads, *_shared(table, columns)):
        by_number = _by({i: h for i, h in group.items() if whole(h) is not None}, join, table)
        if len(by_number) == len(join.classes.names):
            return by_number
    return {}


def _by(heads: dict[int, str], place: Callable[[str], int | None], table: Table) -> dict[int, int]:
    found: dict[int, int] = {}
    for column, head in heads.items():
        position = place(head)
        if position is None:
            continue
        if position in found:
            raise TMVError(
                f"{table.name} has two columns of one class, {table.header[found[position]]!r} and "
                f"{table.header[column]!r}; drop one."
            )
        found[position] = column
    return found


def _shared(table: Table, columns: Columns) -> list[dict[int, str]]:
    """Columns whose headers share a word such as "prob_", with the headers without it."""
    found = []
    for index in columns.others:
        bare = bare_heads((table.header[index],))[0]
        if bare != table.header[index]:
            found.append((index, bare))
    return [dict(found)] if found else []


def _labels(table: Table, columns: Columns, join: Join, order: list[int]) -> tuple[IntArray, tuple[Note, ...]]:
    """Labels by the rule of the columns. Numbers beside named columns count the columns as they stand, so that the
    answer is the same whether or not the data set is known here."""
    values = table.column(columns.label)
    counted = join.numbered and all(whole(value) is not None for value in values)
    standing = sorted(order)
    if not counted or standing == order or any(whole(table.header[i]) is not None for i in order):
        return join.column(table, columns.label), ()
    place = {position: order.index(column) for position, column in enumerate(standing)}
    for row, value in enumerate(values):
        if (whole(value) or 0) not in place:
            raise TMVError(
                f"{table.place(row)} has the label {value!r}; there are {len(place):,} columns of classes, counted "
                "from 0."
            )
    labels = np.array([place[whole(value) or 0] for value in values], dtype=np.int64)
    said = (
        "Labels are numbers and were read as positions of the columns in their order (0 is "
        f"“{table.header[standing[0]]}”); in the data set's own list 0 is “{join.classes.names[0]}”."
    )
    return labels, (Note(said, "labels_by_column", "warning"),)


# --- the classes are not known ------------------------------------------------------------------------------


def _unknown(table: Table, columns: Columns, numeric: Sequence[int]) -> _Found | None:
    """Columns that bear the names of labels; others only where the scores themselves say so."""
    if len(numeric) < 2 and columns.answer is None:
        _complain_of_words(table, columns)
    if len(numeric) < 2:
        return None
    labels, label_notes = seen_classes(table, (columns.label,))
    join = Join.of(labels)
    heads, numeric = _heads(table, numeric)
    named = [i for i in numeric if join.name(heads[i]) is not None]
    counted = all(whole(value) is not None for value in table.column(columns.label))
    if not named and not counted and columns.answer is None:
        raise TMVError(
            f"{table.place(0)} has the label {table.rows[0][columns.label]!r}, and no column of scores bears the name "
            f"of any label: the columns of numbers are {and_more([table.header[i] for i in numeric])}."
        )
    if not named and not counted:
        return None
    open_ones = [i for i in numeric if i not in named and not _NO_CLASS.fullmatch(table.header[i].strip())]
    if columns.answer is not None and not named:
        return None  # the answers are there; numbers that bear no label's name are something else
    order = _chosen(table, named, open_ones, labels)
    if not order:
        return None
    known = Classes(names=tuple(heads[i] for i in order))
    rule = Join.of(known)
    notes = list(label_notes)
    if more := [i for i in order if i not in named] if named else []:
        names = and_more([heads[i] for i in more])
        said = f"Columns of scores that are the label of no image count as classes: {names}."
        notes.append(Note(said, "unlabelled_classes"))
    if counted and not named:
        said = f"Labels are numbers and were read as positions of the columns in their order: 0 is “{known.names[0]}”."
        notes.append(Note(said, "labels_by_column", "warning"))
    return order, known, rule.column(table, columns.label), tuple(notes)


def _complain_of_words(table: Table, columns: Columns) -> None:
    """A word in a column of numbers is a slip; its line is named."""
    for index in columns.others:
        if any(number(cell) is not None for cell in table.column(index)):
            numbers(table, index)


def _heads(table: Table, numeric: Sequence[int]) -> tuple[dict[int, str], list[int]]:
    """Headers, and the columns that can be classes: where several share a word such as "prob_", those without it."""
    bare = {i: bare_heads((table.header[i],))[0] for i in numeric}
    sharing = [i for i in numeric if bare[i] != table.header[i]]
    if len(sharing) > 1:
        return {i: bare[i] for i in sharing}, sharing
    return {i: table.header[i] for i in numeric}, list(numeric)


def _chosen(table: Table, named: list[int], open_ones: list[int], labels: Classes) -> list[int]:
    """Which columns are the classes: those named as labels; with the others where only then rows add up to 1. Where
    labels only count, there must be a column for each number, or rows that add up to 1."""
    if not open_ones:
        return named
    if not named and _adds_up(table, open_ones):
        return open_ones
    if not named and len(open_ones) == len(labels.names) and not _whole_numbers(table, open_ones):
        return open_ones
    if not named:
        raise _cannot_tell(table, open_ones)
    if not all(np.isfinite(numbers(table, index)).all() for index in (*named, *open_ones)):
        return sorted([*named, *open_ones])  # refused with the line by `read_scores`
    alone, together = (_adds_up(table, columns) for columns in (named, sorted([*named, *open_ones])))
    if alone:
        return named
    if together:
        return sorted([*named, *open_ones])
    raise _cannot_tell(table, open_ones)


def _cannot_tell(table: Table, open_ones: Sequence[int]) -> TMVError:
    names = and_more([table.header[i] for i in open_ones])
    return TMVError(
        f"{table.name} has columns of numbers that are the label of no image ({names}), and it cannot be told "
        "whether they are classes: say which data set it is with --data, or drop them."
    )


def _whole_numbers(table: Table, columns: Sequence[int]) -> bool:
    """Whether there is no fraction in any of these columns: numbers of classes, or places, rather than scores."""
    values = np.stack([numbers(table, index) for index in columns], axis=1)
    return bool(np.isfinite(values).all() and (values == np.round(values)).all())


def _adds_up(table: Table, columns: Sequence[int]) -> bool:
    values = np.stack([numbers(table, index) for index in columns], axis=1).astype(np.float64)
    sums = values.sum(axis=1)
    return bool((values >= 0).all() and (np.abs(sums - 1).max() <= _SUM or np.abs(sums / 100 - 1).max() <= _SUM))
