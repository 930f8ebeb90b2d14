"""A table of predictions as text: its rows with their lines, its numbers, and which column is what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.readers.base import and_more
from core.types import FloatArray

MOST_ROWS = 2_000_000
IMAGE = (
    "image",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image_path",
    "image_file",
    "image_name",
    "imagename",
    "img",
    "img_path",
    "img_name",
    "picture",
    "photo",
    "path",
    "file",
    "fname",
    "image_id",
    "sample",
    "key",
    "id",
)
LABEL = (
    "true_label",
    "true_labels",
    "true_class",
    "true_name",
    "true_class_name",
    "label_true",
    "y_true",
    "ytrue",
    "y_test",
    "ground_truth",
    "groundtruth",
    "gt_label",
    "gt_class",
    "gt",
    "truth",
    "actual",
    "actual_label",
    "actual_class",
    "expected",
    "gold",
    "gold_label",
    "reference",
    "references",
    "target",
    "targets",
    "target_label",
    "target_class",
    "true",
    "label",
    "labels",
    "class",
    "classname",
    "class_name",
    "class_label",
    "class_id",
    "y",
)
ANSWER = (
    "prediction",
    "predictions",
    "predicted",
    "predicted_label",
    "predicted_labels",
    "predicted_class",
    "predicted_name",
    "predicted_class_name",
    "pred",
    "preds",
    "pred_label",
    "pred_labels",
    "pred_class",
    "pred_name",
    "y_pred",
    "ypred",
    "yhat",
    "y_hat",
    "answer",
    "top1",
    "top_1",
    "top1_class",
    "top1_label",
    "top1_pred",
)
PROBABILITY = ("probability", "confidence", "prob", "conf", "score")
_DELIMITERS = "\t;,|"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_WRAPPED = re.compile(
    r"\[?(?:tensor|(?:np|numpy)\.\w+|array)\(\[?(?P<number>[+-]?[\d.]+(?:e[+-]?\d+)?)\]?(?:,[^)]*)?\)\]?", re.IGNORECASE
)
_REMARKS = re.compile(r"(?:(?:sep=.|#(?![^\r\n]*[\t;,|])[^\r\n]*)?(?:\r\n|\r|\n))+", re.IGNORECASE)
_RANK = re.compile(
    r"(?P<word>(?:pred(?:iction|icted)?|top|answer|guess)(?:_?(?:class|label|name))?)_?(?P<rank>\d{1,2})(?:_?(?:class|label|name))?"
)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`header` (k,) and `rows` (n, k) of stripped cells; `lines` (n,) where each row begins, counted in `unit`."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    unit: str = "Line"

    def column(self, index: int) -> tuple[str, ...]:
        """(n,) the cells of one column."""
        return tuple(row[index] for row in self.rows)

    def place(self, row: int) -> str:
        """ "Line 3 of mine.csv", for messages."""
        return f"{self.unit} {self.lines[row]:,} of {self.name}"


def read_table(text: str, name: str) -> Table:
    """The table in a text. Raises `TMVError` with the line of the first thing that does not fit."""
    text = _without_remarks(text)
    found = [(line, row) for line, row in _records(text, name) if any(row) and not _is_rule(row)]
    if len(found) < 2 or len(found[0][1]) < 2:
        raise TMVError(
            f"{name} is no table of predictions: expected a header image,label,prediction and one row per image."
        )
    if len(found) > MOST_ROWS:
        raise TMVError(f"{name} has more than {MOST_ROWS:,} rows; audit a part of it.")
    header, width = found[0][1], len(found[0][1])
    for line, row in found[1:]:
        if len(row) != width:
            raise TMVError(f"Line {line:,} of {name} has {len(row)} columns where the header has {width}.")
    for head in header:
        if head and header.count(head) > 1:
            raise TMVError(f"{name} has two columns called {head!r}; rename or drop one.")
    lines, rows = zip(*found[1:], strict=True)
    return Table(name=name, header=tuple(header), rows=tuple(map(tuple, rows)), lines=lines)


def records_table(records: Sequence[Mapping[str, object]], name: str) -> Table:
    """A list of JSON records as a table, its columns in the order of their first appearance."""
    records = [_flat(record) for record in records]
    header = tuple(dict.fromkeys(str(key) for record in records for key in record))
    rows = tuple(tuple(_cell(record.get(key)) for key in header) for record in records)
    return Table(name=name, header=header, rows=rows, lines=tuple(range(1, len(rows) + 1)), unit="Record")


def _flat(record: Mapping[str, object]) -> Mapping[str, object]:
    """{"scores": {"cat": 0.9}} as {"scores.cat": 0.9}."""
    if not any(isinstance(value, dict) for value in record.values()):
        return record
    parts = [
        {f"{k}.{name}": cell for name, cell in v.items()} if isinstance(v, dict) else {k: v} for k, v in record.items()
    ]
    return {key: value for part in parts for key, value in part.items()}


def _cell(value: object) -> str:
    if isinstance(value, list) and len(value) == 1:
        return _cell(value[0])
    return "" if value is None else _plain(str(value))


def _plain(cell: str) -> str:
    """A cell without blanks around it, and a number as Python writes one from an array: "tensor(3)" is "3"."""
    wrapped = _WRAPPED.fullmatch(cell.strip())
    return wrapped["number"] if wrapped else cell.strip()


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each record; only CR, LF and CRLF end a line."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = table.line_num + 1
        try:
            row = next(table, None)
        except csv.Error as error:
            opened = "a quote opens here and does not close" if "unexpected end" in str(error) else str(error)
            raise TMVError(f"Line {line:,} of {name} is not readable as a table: {opened}.") from None
        if row is None:
            return
        yield line, [_plain(cell) for cell in row]


def _is_rule(row: Sequence[str]) -> bool:
    """Whether a row only draws a line below the header, as Markdown and databases print it."""
    return all(re.fullmatch(r":?-{3,}:?|", cell) for cell in row)


def _without_remarks(text: str) -> str:
    """The text with remarks above its header emptied: Excel's "sep=;", lines that begin with "#"."""
    found = _REMARKS.match(text)
    return re.sub(r"[^\r\n]", "", found[0]) + text[found.end() :] if found else text


def _delimiter(text: str) -> str:
    """The mark that cuts the header into most columns; of equals the rarer one."""
    first = next((line for line in re.split(r"\r\n|\r|\n", text) if line.strip()), "")
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))


# --- which column is what -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Positions in the header: the picture (None where the table has no name for it), the true class, the answer and
    its probability (None where not given), and all others."""

    image: int | None
    label: int
    answer: int | None
    sure: int | None
    others: tuple[int, ...]


def find_columns(table: Table) -> Columns:
    """Tell columns by their names, the plainer name first. Raises `TMVError` where the true class is missing."""
    spelled = _spelled(table)

    def find(names: Sequence[str]) -> int | None:
        return next((spelled.index(name) for name in names if name in spelled), None)

    image, label, answer, sure = (find(names) for names in (IMAGE, LABEL, ANSWER, PROBABILITY))
    if (ranked := _ranked(table, spelled)) is not None and (answer is None or answer in ranked):
        answer = ranked[0]
    if label is None:
        raise TMVError(
            f"{table.name} has no column for the true class (label, true_class, y_true); its columns are "
            f"{and_more(table.header)}."
        )
    taken = {image, label, answer, sure if answer is not None else None}
    others = tuple(i for i in range(len(spelled)) if i not in taken)
    return Columns(image=image, label=label, answer=answer, sure=sure if answer is not None else None, others=others)


def has_labels(table: Table) -> bool:
    """Whether a column has a name for the true class."""
    return bool(set(_spelled(table)) & set(LABEL))


def _spelled(table: Table) -> list[str]:
    return [re.sub(r"[\s\-.]+", "_", head.lower()).strip("_") for head in table.header]


def _ranked(table: Table, spelled: Sequence[str]) -> list[int] | None:
    """Columns of answers from the best on ("pred_1", "pred_2" ...), where no row says one twice; so they are no scores
    of classes, which may be called alike but have fractions, or the same number twice."""
    series: dict[str, dict[int, int]] = {}
    for index, head in enumerate(spelled):
        if found := _RANK.fullmatch(head):
            series.setdefault(found["word"], {})[int(found["rank"])] = index
    for ranks in series.values():
        first = min(ranks)
        if len(ranks) < 2 or first > 1 or set(ranks) != set(range(first, first + len(ranks))):
            continue
        order = [ranks[rank] for rank in sorted(ranks)]
        if _are_answers([[row[index] for index in order] for row in table.rows]):
            return order
    return None


def _are_answers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether these cells name or number classes, each once a row, and are no shares that add up to 1 or 100."""
    values = [[number(cell) for cell in row] for row in rows]
    plain = all(value is None or value == round(value) for row in values for value in row if value == value)
    shares = all(None not in row and sum(v or 0 for v in row) in (1, 100) for row in values)
    return plain and not shares and all(len(set(row)) == len(row) for row in rows)


# --- numbers ------------------------------------------------------------------------------------------------


def number(cell: str) -> float | None:
    """ "0.93", "0,93" and "93 %" as numbers; None for what is none (also "" and words)."""
    text = cell.replace("\u2212", "-").replace("\u00a0", " ").strip()
    share = text.endswith("%")
    text = text.removesuffix("%").strip()
    if _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text) and not _NOT_FINITE.fullmatch(text):
        return None
    return float(text) / 100 if share else float(text)


def numbers(table: Table, index: int) -> FloatArray:
    """(n,) float32 of one column. Raises `TMVError` with the line of the first cell that is no number."""
    found = np.empty(len(table.rows), np.float32)
    for row, cell in enumerate(table.column(index)):
        value = number(cell)
        if value is None:
            raise TMVError(
                f"{table.place(row)} has {cell!r} in the column {table.header[index]!r}; a number is expected."
            )
        found[row] = value
    return found


def all_numbers(table: Table, index: int) -> bool:
    """Whether every cell of a column is a number."""
    return all(number(cell) is not None for cell in table.column(index))
