"""Someone's own predictions: a table with one row a picture, or the JSON that an evaluation wrote.

A table is CSV, TSV or semicolons, UTF-8, with a header. It has a column for the picture (`image`, `id`, `file`, …),
one for the true class (`label`, `true`, …), and either one for the answer (`prediction`, …; `probability` beside it
if known) or one column of scores for every class, headed by the class names. Classes are names or numbers.
The JSON is CLIP_benchmark's (`metrics`, `model`, `pretrained`, `dataset`) or this program's own result document; it
has figures only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.readers.base import and_more, os_reason
from core.readers.brought import Classes, Predictions, read_scores
from core.readers.evaluations import documents
from core.types import FloatArray, IntArray, TMVError

LARGEST = 512 * 1024**2
MOST_ROWS = 2_000_000
IMAGE = ("image", "id", "image_id", "file", "filename", "file_name", "path", "picture", "key")
LABEL = ("label", "true", "true_label", "target", "class", "ground_truth", "gt", "y_true", "classname")
PREDICTION = ("prediction", "predicted", "pred", "answer", "predicted_label", "y_pred", "top1")
PROBABILITY = ("probability", "confidence", "score", "prob")


def read_predictions(path: Path, classes: Classes | None = None) -> tuple[Predictions, ...]:
    """`parse_predictions` of a file. Raises `TMVError` when it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise TMVError(f"{path.name} has more than {LARGEST // 1024**2} MB; split it, or leave the scores out.")
        content = path.read_bytes()
    except OSError as error:
        raise TMVError(f"The predictions {path} cannot be read: {os_reason(error)}.") from None
    return parse_predictions(content, path.name, classes)


def parse_predictions(content: bytes, name: str, classes: Classes | None = None) -> tuple[Predictions, ...]:
    """The predictions in a file of this name: one set from a table, one or more from a JSON document.

    `classes` are those of the data set, where it is known; else they are taken from the table. Raises `TMVError` with
    the line and the first thing that does not fit.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TMVError(f"{name} is not UTF-8 text; save it as CSV or JSON in UTF-8.") from None
    if "\0" in text:
        raise TMVError(f"{name} is not a text file; a CSV with a header, or a JSON document, is expected.")
    if text.lstrip()[:1] in ("{", "["):
        return documents(text, name)
    return (_table(text, name, classes or Classes()),)


# --- tables -----------------------------------------------------------------------------------------------


def _table(text: str, name: str, classes: Classes) -> Predictions:
    header, rows = _rows(text, name)
    picture, label = _column(header, IMAGE), _column(header, LABEL)
    answer, sure = _column(header, PREDICTION), _column(header, PROBABILITY)
    if picture is None or label is None:
        missing = (
            f"the picture ({and_more(IMAGE[:3])})" if picture is None else f"the true class ({and_more(LABEL[:3])})"
        )
        raise TMVError(f"{name} has no column for {missing}; its columns are {and_more(header)}.")
    ids = tuple(row[picture] for row in rows)
    _once(ids, name)
    others = [i for i in range(len(header)) if i not in (picture, label, answer)]
    if answer is None:
        return _with_scores(name, header, rows, ids, (label, others), classes)
    given = [[row[i] for row in rows] for i in (label, answer)]
    known = classes if classes.names else Classes(_seen(*given))
    labels, predicted = (_classes(column, known, name) for column in given)
    probability = None if sure is None else _numbers([row[sure] for row in rows], header[sure], name)
    return Predictions(name, ids, labels, predicted, probability, None, known.names)


def _rows(text: str, name: str) -> tuple[list[str], list[list[str]]]:
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max("\t;,", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TMVError(f"{name} is not a readable table: {error}.") from None
    table = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]
    if len(table) < 2 or len(table[0]) < 3:
        raise TMVError(
            f"{name} is no table of predictions: expected a header image,label,prediction and one row a picture."
        )
    if len(table) > MOST_ROWS:
        raise TMVError(f"{name} has more than {MOST_ROWS:,} rows; audit a part of it.")
    width = len(table[0])
    for line, row in enumerate(table[1:], 2):
        if len(row) != width:
            raise TMVError(f"Line {line} of {name} has {len(row)} columns where the header has {width}.")
    return table[0], table[1:]


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The column with one of these names, the earlier name first; upper and lower case and blanks do not matter."""
    spelled = [h.lower().replace(" ", "_").replace("-", "_") for h in header]
    return next((spelled.index(name) for name in names if name in spelled), None)


def _once(ids: Sequence[str], name: str) -> None:
    seen = set[str]()
    for line, picture in enumerate(ids, 2):
        if picture in seen:
            raise TMVError(f"Line {line} of {name} has the picture {picture!r} a second time; each may have one row.")
        seen.add(picture)


def _seen(*columns: Sequence[str]) -> tuple[str, ...]:
    """The classes of a table that nobody named: whole numbers give all up to the largest, names their sorted list."""
    every = set().union(*columns)
    if all(value.isdecimal() for value in every) and max(map(int, every)) < 100_000:
        return tuple(str(i) for i in range(max(map(int, every)) + 1))
    return tuple(sorted(every))


def _classes(values: Sequence[str], classes: Classes, source: str) -> IntArray:
    """Positions of class names, or of numbers where they are no names, (n,) int64."""
    place, c = classes.places, len(classes.names)
    found = np.empty(len(values), np.int64)
    for row, value in enumerate(values):
        position = place.get(value)
        if position is None and value.isdecimal() and int(value) < c:
            position = int(value)
        if position is None:
            raise TMVError(
                f"Line {row + 2} of {source} has the class {value!r}, which is none of the {c:,} classes: "
                f"{and_more(classes.names)}."
            )
        found[row] = position
    return found


def _numbers(values: Sequence[str], column: str, source: str) -> FloatArray:
    found = np.empty(len(values), np.float32)
    for row, value in enumerate(values):
        try:
            found[row] = float(value)
        except ValueError:
            raise TMVError(
                f"Line {row + 2} of {source} has {value!r} in the column {column!r}; a number is expected."
            ) from None
    return found


def _with_scores(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    ids: tuple[str, ...],
    columns: tuple[int, Sequence[int]],
    classes: Classes,
) -> Predictions:
    """A table whose remaining columns are the scores of the classes that head them."""
    label, others = columns
    heads = tuple(header[i] for i in others)
    if len(heads) < 2:
        raise TMVError(
            f"{name} has no column for the answer ({and_more(PREDICTION[:3])}) nor one of scores for each class; its "
            f"columns are {and_more(header)}."
        )
    values = np.stack([_numbers([row[i] for row in rows], header[i], name) for i in others], axis=1)
    known, order = _order(heads, classes, name)
    scores = read_scores(values[:, order], name)
    labels = _classes([row[label] for row in rows], known, name)
    return Predictions(name, ids, labels, scores.predicted, None, scores, known.names)


def _order(heads: tuple[str, ...], classes: Classes, name: str) -> tuple[Classes, NDArray[np.int64]]:
    """The classes and which column is whose: by name where the data set's names are known, else as they stand."""
    if not classes.names:
        return Classes(heads), np.arange(len(heads))
    if set(heads) == {str(i) for i in range(len(heads))} and len(heads) == len(classes.names):
        return classes, np.argsort([int(head) for head in heads])
    place, columns = classes.places, dict[int, int]()
    for column, head in enumerate(heads):
        if head in place:
            columns[place[head]] = column
    if missing := [c for i, c in enumerate(classes.names) if i not in columns]:
        raise TMVError(
            f"{name} has no column of scores for {len(missing):,} of {len(classes.names):,} classes: "
            f"{and_more(missing)}."
        )
    return classes, np.array([columns[i] for i in range(len(classes.names))])
