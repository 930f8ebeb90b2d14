"""From the text of a table to its rows of cells, each with the number of its line.

Lines end at CR, LF or CRLF alone. Quotes are read as csv does where they close before the next separator; elsewhere
they are part of the text, as captions that nobody quoted have them. A quote that stays open is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import TMVError
from core.images.decode import is_picture_name
from core.readers.caption_rows import caption_columns, column_name, picture_column, picture_name
from core.readers.text_files import text_lines

_AFTER_QUOTE = re.compile(r'"[ \t]+(?=[,;|\t]|$)')
_FIELD_LIMIT = 100_000

Cells = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What parts the cells of a table, and whether a space behind it belongs to it."""

    mark: str
    spaced: bool = False

    @property
    def quoted(self) -> bool:
        """Flickr30k's pipes with a space know no quoting: a quote there is a sign of the caption."""
        return not (self.mark == "|" and self.spaced)

    def split(self, line: str) -> Cells:
        """The cells of a line without quoting."""
        cells = line.split(self.mark)
        return [cell.lstrip(" ") for cell in cells] if self.spaced else cells

    def parse(self, lines: Iterator[str], strict: bool = True) -> tuple[Cells, int]:
        """The cells of the next row, and of how many lines it is. Raises `csv.Error`."""
        reader = csv.reader(lines, delimiter=self.mark, skipinitialspace=self.spaced, strict=strict)
        return next(reader), reader.line_num


def form_of(path: Path, first: str) -> Form:
    """The separator under which the first line has known columns, else begins with a picture; else the likeliest."""
    marks = [mark for mark in "\t,|;" if mark in first]
    for fits in (is_header, lambda cells: len(cells) > 1 and is_picture_name(picture_name(cells[0]))):
        for mark in marks:
            form = Form(mark=mark, spaced=f"{mark} " in first)
            if fits(_first_cells(form, first)):
                return form
    mark = "\t" if path.suffix.lower() == ".tsv" or "\t" in first else next(iter(marks), ",")
    return Form(mark=mark, spaced=f"{mark} " in first)


def _first_cells(form: Form, line: str) -> Cells:
    try:
        return form.parse(iter([line]))[0] if form.quoted else form.split(line)
    except csv.Error:
        return form.split(line)


def is_header(cells: Sequence[str]) -> bool:
    """Whether the cells of a first line name a column of pictures and one of captions."""
    names = [column_name(cell) for cell in cells]
    return picture_column(names, ()) is not None and bool(caption_columns(names))


# --- rows -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the number of its first line, that line, and its cells."""

    number: int
    line: str
    cells: Cells


def table_rows(path: Path, lines: Sequence[str], form: Form) -> Iterator[Row]:
    """Each row that is not empty. Raises `TMVError` with the line in which a quote stays open."""
    csv.field_size_limit(_FIELD_LIMIT)
    at = 0
    while at < len(lines):
        if form.quoted and '"' in lines[at]:
            cells, taken = _quoted_row(path, lines, at, form)
        else:
            cells, taken = form.split(lines[at]), 1
        if any(cell.strip() for cell in cells):
            yield Row(number=at + 1, line=lines[at], cells=cells)
        at += taken


def _quoted_row(path: Path, lines: Sequence[str], at: int, form: Form) -> tuple[Cells, int]:
    """A row with quotes in it, which may go on over the next lines, and of how many lines it is."""
    taken = 0

    def fed() -> Iterator[str]:
        nonlocal taken
        while at + taken < len(lines):
            taken += 1
            yield lines[at + taken - 1] + "\n"

    try:
        cells, count = form.parse(fed())
    except csv.Error:
        if taken == 1 and not _opens(lines[at], form):
            return _unquoted_row(lines[at], form), 1
        raise _left_open(path, at) from None
    if any("\n" in cell.strip("\n") and _holds_rows(cell, form) for cell in cells):
        raise _left_open(path, at)
    return [cell.removesuffix("\n") for cell in cells], count


def _opens(line: str, form: Form) -> bool:
    """Whether a quote is still open at the end of the line."""
    try:
        form.parse(iter([line]))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _unquoted_row(line: str, form: Form) -> Cells:
    """A row whose quotes are none of csv's: they are part of the text, unless only spaces follow them."""
    try:
        form.parse(iter([_AFTER_QUOTE.sub('"', line)]))
    except csv.Error:
        return form.split(line)
    return form.parse(iter([line]), strict=False)[0]


def _holds_rows(cell: str, form: Form) -> bool:
    """Whether a cell of several lines has swallowed others: one of them has a picture beside something else."""
    lines = [line.split(form.mark) for line in text_lines(cell)]
    return any(len(parts) > 1 and any(is_picture_name(part.strip(' "')) for part in parts) for parts in lines)


def _left_open(path: Path, at: int) -> TMVError:
    return TMVError(
        f"{path} line {at + 1}: a quote opens there and is not closed in its row; close it, or write two of them for "
        "a quote in the text."
    )
