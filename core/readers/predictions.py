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
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.readers.base import and_more, os_reason
from core.readers.score_table import Scores, read_scores
from core.types import FloatArray, IntArray, TMVError

LARGEST = 512 * 1024**2
MOST_ROWS = 2_000_000
IMAGE = ("image", "id", "image_id", "file", "filename", "file_name", "path", "picture", "key")
LABEL = ("label", "true", "true_label", "target", "class", "ground_truth", "gt", "y_true", "classname")
PREDICTION = ("prediction", "predicted", "pred", "answer", "predicted_label", "y_pred", "top1")
PROBABILITY = ("probability", "confidence", "score", "prob")
_FIGURES = {
    "acc1": "acc1", "acc5": "acc5", "mean_per_class_recall": "mean_per_class_recall",
    "lp_acc1": "acc1", "lp_acc5": "acc5", "lp_mean_per_class_recall": "mean_per_class_recall",
    "test_acc1": "acc1", "test_acc5": "acc5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was brought. With a table: `ids` (n,), `labels` (n,) and `predicted` (n,) int64 index `classnames` (c,),
    `probability` (n,) of the answer and `scores` of every class where they are known. With a document: `figures`
    (acc1, acc5, …; 0-1) and what it says of `model`, `pretrained`, `dataset`, `split`, `task` and `n`."""

    source: str
    ids: tuple[str, ...] = ()
    labels: IntArray | None = None
    predicted: IntArray | None = None
    probability: FloatArray | None = None
    scores: Scores | None = None
    classnames: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    pretrained: str = ""
    dataset: str = ""
    split: str = ""
    task: str = ""
    n: int | None = None

    def __post_init__(self) -> None:
        for array in (self.labels, self.predicted, self.probability):
            if array is not None:
                array.setflags(write=False)


def read_predictions(path: Path, classnames: Sequence[str] = ()) -> tuple[Predictions, ...]:
    """`parse_predictions` of a file. Raises `TMVError` when it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise TMVError(f"{path.name} has more than {LARGEST // 1024**2} MB; split it, or leave the scores out.")
        content = path.read_bytes()
    except OSError as error:
        raise TMVError(f"The predictions {path} cannot be read: {os_reason(error)}.") from None
    return parse_predictions(content, path.name, classnames)


def parse_predictions(content: bytes, name: str, classnames: Sequence[str] = ()) -> tuple[Predictions, ...]:
    """The predictions in a file of this name: one set from a table, one or more from a JSON document.

    `classnames` are the classes that names and numbers stand for, where the data set is known; else they are taken
    from the table. Raises `TMVError` with the line and the first thing that does not fit.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TMVError(f"{name} is not UTF-8 text; save it as CSV or JSON in UTF-8.") from None
    if "\0" in text:
        raise TMVError(f"{name} is not a text file; a CSV with a header, or a JSON document, is expected.")
    if text.lstrip()[:1] in ("{", "["):
        return _documents(text, name)
    return (_table(text, name, tuple(classnames)),)


# --- tables -----------------------------------------------------------------------------------------------


def _table(text: str, name: str, classnames: tuple[str, ...]) -> Predictions:
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
        return _with_scores(name, header, rows, ids, (label, others), classnames)
    given = [[row[i] for row in rows] for i in (label, answer)]
    names = classnames or _seen(*given)
    labels, predicted = (_classes(column, names, name) for column in given)
    probability = None if sure is None else _numbers([row[sure] for row in rows], header[sure], name)
    return Predictions(name, ids, labels, predicted, probability, None, names)


def _rows(text: str, name: str) -> tuple[list[str], list[list[str]]]:
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max("\t;,", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TMVError(f"{name} is not a readable table: {error}.") from None
    table = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]
    if len(table) < 2 or len(table[0]) < 3:
        raise TMVError(f"{name} is no table of predictions: a header image,label,prediction and one row for each picture "
                       "are expected.")  # fmt: skip
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


def _classes(values: Sequence[str], names: Sequence[str], source: str) -> IntArray:
    """Positions of class names, or of numbers where they are no names, (n,) int64."""
    place = {name: i for i, name in enumerate(names)}
    found = np.empty(len(values), np.int64)
    for row, value in enumerate(values):
        position = place.get(value)
        if position is None and value.isdecimal() and int(value) < len(names):
            position = int(value)
        if position is None:
            raise TMVError(f"Line {row + 2} of {source} has the class {value!r}, which is none of the {len(names):,} classes "
                           f"{and_more(names)}.")  # fmt: skip
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
    classnames: tuple[str, ...],
) -> Predictions:
    """A table whose remaining columns are the scores of the classes that head them."""
    label, others = columns
    heads = tuple(header[i] for i in others)
    if len(heads) < 2:
        raise TMVError(f"{name} has no column for the answer ({and_more(PREDICTION[:3])}), and no column of scores for each "
                       f"class; its columns are {and_more(header)}.")  # fmt: skip
    values = np.stack([_numbers([row[i] for row in rows], header[i], name) for i in others], axis=1)
    names, order = _order(heads, classnames, name)
    scores = read_scores(values[:, order], name)
    labels = _classes([row[label] for row in rows], names, name)
    return Predictions(name, ids, labels, scores.predicted, None, scores, names)


def _order(heads: tuple[str, ...], classnames: tuple[str, ...], name: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The classes and which column is whose: by name where the data set's names are known, else as they stand."""
    if not classnames or set(heads) == {str(i) for i in range(len(heads))}:
        if classnames and len(classnames) != len(heads):
            raise TMVError(f"{name} has scores for {len(heads):,} classes, the data set has {len(classnames):,}.")
        return classnames or heads, np.arange(len(heads))
    place = {head: i for i, head in enumerate(heads)}
    if missing := [c for c in classnames if c not in place]:
        raise TMVError(f"{name} has no column of scores for {len(missing):,} of {len(classnames):,} classes: "
                       f"{and_more(missing)}.")  # fmt: skip
    return classnames, np.array([place[c] for c in classnames])


# --- documents --------------------------------------------------------------------------------------------


def _documents(text: str, name: str) -> tuple[Predictions, ...]:
    try:
        value = json.loads(text)
    except ValueError:
        value = _lines(text, name)
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        value = value["results"]
    records = value if isinstance(value, list) else [value]
    found = tuple(_document(r, name) for r in records if isinstance(r, dict))
    if not found or not all(p.figures for p in found):
        raise TMVError(f"{name} holds no figures: CLIP_benchmark's JSON with metrics such as acc1, or a result document of "
                       "this program, is expected.")  # fmt: skip
    return found


def _lines(text: str, name: str) -> list[Any]:
    """One document a line, as some scripts append them."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise TMVError(f"{name} is not readable JSON: {error}.") from None


def _document(record: Mapping[str, Any], name: str) -> Predictions:
    metrics = record.get("metrics")
    values = metrics if isinstance(metrics, dict) else record
    figures = {ours: float(values[theirs]) for theirs, ours in _FIGURES.items() if _is_share(values.get(theirs))}
    figures |= {k: float(v) for k, v in values.items() if "_retrieval_recall@" in k and _is_share(v)}
    wanted = {
        key: record[key]
        for key in ("model", "pretrained", "dataset", "split", "task")
        if isinstance(record.get(key), str)
    }
    n = record.get("n")
    trained = "lp_acc1" in values or "test_acc1" in values
    wanted.setdefault("task", "linear_probe" if trained else "zeroshot_classification")
    wanted["dataset"] = _dataset(wanted.get("dataset", ""))
    return Predictions(name, figures=figures, n=n if isinstance(n, int) and n > 0 else None, **wanted)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def _dataset(name: str) -> str:
    """CLIP_benchmark's names of data sets: "wds/cifar100" and "wds_cifar100" are cifar100, "vtab/eurosat" is eurosat."""
    for prefix in ("wds/", "wds_", "vtab/", "vtab-", "vtab_"):
        name = name.removeprefix(prefix)
    return name.replace("/", "_") if name.startswith("vtab") else name
