"""Captions in tables: csv and tsv with and without a header, Flickr30k's pipes, Flickr8k's "name.jpg#0<TAB>caption"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import TMVError
from core.images.decode import is_picture_name
from core.readers.caption_lines import Cells, Form, Row, form_of, is_header, table_rows
from core.readers.caption_rows import (
    CaptionFile,
    CaptionRow,
    caption_columns,
    caption_note,
    cell_captions,
    column_name,
    picture_column,
    picture_name,
    said_rows,
    split_word,
)
from core.readers.text_files import text_lines
from core.types import Note

_TOKEN_LINE = re.compile(r"(?P<picture>[^\t]+?)#\d+\t(?P<caption>.*)")
_COUNTED = re.compile(r"\s*(\d{1,2})\s+(\S.*)")
_NAMED_MARK = re.compile(r"sep=([,;|\t])")
_SAMPLE = 50


def table_captions(path: Path, text: str) -> CaptionFile:
    """Every caption of a table. Raises `TMVError` naming the line that does not fit."""
    lines = text_lines(text)
    named = _NAMED_MARK.fullmatch(lines[0].strip()) if lines else None
    if named:
        lines = ["", *lines[1:]]  # Excel's own first line; its number stays with it
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return CaptionFile(rows=())
    if _TOKEN_LINE.fullmatch(first):
        return CaptionFile(rows=tuple(_token_lines(path, lines)))
    form = Form(mark=named[1], spaced=f"{named[1]} " in first) if named else form_of(path, first)
    rows = list(table_rows(path, lines, form))
    return _captions(path, rows, form)


def _token_lines(path: Path, lines: Sequence[str]) -> Iterator[CaptionRow]:
    """Flickr8k.token.txt."""
    for number, line in enumerate(lines, 1):
        match = _TOKEN_LINE.fullmatch(line)
        if match:
            yield from said_rows(match["picture"], match["caption"], "", f"line {number}")
        elif line.strip():
            raise TMVError(f"{path} line {number} is not of the form name.jpg#0, a tab, and the caption.")


# --- columns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Positions of picture, captions and split, and how many columns there are."""

    picture: int
    captions: tuple[int, ...]
    split: int | None
    count: int

    @property
    def last_caption(self) -> int:
        return self.captions[-1]


def _captions(path: Path, rows: Sequence[Row], form: Form) -> CaptionFile:
    names = [column_name(cell) for cell in rows[0].cells]
    columns, notes = _columns(path, names, [row.cells for row in rows[1 : _SAMPLE + 1]]), list[Note]()
    body = rows[1:] if is_header(rows[0].cells) else rows
    notes += caption_note(names, columns.captions, path.name) if len(body) < len(rows) else _bare_note(path, rows, form)
    mended = list[int]()
    found = list[CaptionRow]()
    for row in body:
        found += _row(path, row, columns, form, mended)
    if mended:
        text = f"Rows of {path.name} that lacked a separator before the caption were mended: {_lines(mended)}."
        notes.append(Note(text, "rows_mended"))
    _refuse_bare_lists(path, found)
    return CaptionFile(rows=tuple(found), notes=tuple(notes))


def _columns(path: Path, names: list[str], sample: Sequence[Cells]) -> _Columns:
    """Without known names there is no header: the picture comes first, then the caption, or its number and it."""
    picture, captions = picture_column(names, sample), caption_columns(names)
    if picture is not None and captions:
        if names.count(names[picture]) > 1:
            raise TMVError(f"{path} has the column {names[picture]} twice; keep the one to read.")
        split = names.index("split") if "split" in names else None
        return _Columns(picture=picture, captions=tuple(captions), split=split, count=len(names))
    if picture is None and not captions and len(names) >= 2 and Path(names[0]).suffix:
        counted = len(names) > 2 and all(len(cells) > 2 and cells[1].strip().isdigit() for cells in (names, *sample))
        return (
            _Columns(picture=0, captions=(2,), split=None, count=3)
            if counted
            else _Columns(picture=0, captions=(1,), split=None, count=2)
        )
    raise TMVError(
        f"{path} has the columns {', '.join(names)}; expected one for the image (image, filename, path) "
        "and one for its caption (caption, text)."
    )


def _bare_note(path: Path, rows: Sequence[Row], form: Form) -> list[Note]:
    """Without a header a third column cannot be told from a caption with commas."""
    counts = {len(row.cells) for row in rows}
    if max(counts) == 2:
        return []
    text = f"{path.name} has no header: all behind the image's name is read as its caption, with {form.mark!r} in it."
    return [Note(text, "no_header", "warning" if len(counts) == 1 and len(rows) > 1 else "info")]


def _row(path: Path, row: Row, columns: _Columns, form: Form, mended: list[int]) -> Iterator[CaptionRow]:
    number, cells = row.number, row.cells
    if len(cells) <= max(columns.picture, columns.last_caption):
        cells = _mended(path, number, cells, columns)
        mended.append(number)
    if len(cells) > columns.count:
        cells = _joined(path, row, columns, form)
    picture = picture_name(cells[columns.picture]) or f"(no image in line {number})"
    word = split_word(cells[columns.split]) if columns.split is not None and columns.split < len(cells) else ""
    for place in columns.captions:
        yield from said_rows(picture, _said(path, number, cells[place]), word, f"line {number}")


def _said(path: Path, number: int, cell: str) -> object:
    try:
        cell = _bared(cell)
        found = cell_captions(cell)
    except ValueError as error:
        raise TMVError(f"{path} line {number} holds {error}.") from None
    return cell if found is None else found


def _mended(path: Path, number: int, cells: Cells, columns: _Columns) -> Cells:
    """Flickr30k's broken row: "2199200615.jpg| 4   A dog runs": the number and the caption in one cell."""
    match = _COUNTED.fullmatch(cells[-1]) if len(cells) == columns.count - 1 == columns.last_caption else None
    if not match or len(cells) < 2:
        raise TMVError(f"{path} line {number} has {len(cells)} columns, expected {columns.count}.")
    return [*cells[:-1], *match.groups()]


def _joined(path: Path, row: Row, columns: _Columns, form: Form) -> Cells:
    """A caption with commas that nobody quoted: what is too much belongs to it, where the rest then fits."""
    number, cells = row.number, row.cells
    plain = row.line.split(form.mark)  # nobody quoted, so quotes and spaces in it are its own
    if len(plain) >= len(cells) and '"' not in plain[columns.picture]:
        cells = plain
    extra, at = len(cells) - columns.count, columns.last_caption
    caption = form.mark.join(cells[at : at + extra + 1])
    whole = [*cells[:at], caption, *cells[at + extra + 1 :]]
    misplaced = at < columns.count - 1 and not is_picture_name(picture_name(whole[columns.picture]))
    if misplaced or len(columns.captions) > 1:
        raise TMVError(
            f"{path} line {number} has {len(cells)} columns, expected {columns.count}; put a caption with "
            f"{form.mark!r} in quotes."
        )
    return whole


def _bared(caption: str) -> str:
    """Of ' "Two, no three"', quoted behind a space, the text."""
    text = caption.strip()
    inner = text[1:-1].replace('""', "")
    if caption[:1] != " " or len(text) < 2 or text[0] != '"' or text[-1] != '"' or '"' in inner:
        return caption
    return text[1:-1].replace('""', '"')


def _refuse_bare_lists(path: Path, rows: Sequence[CaptionRow]) -> None:
    """ "[a dog, a cat]" in every cell is a list that cannot be taken apart without guessing."""
    said = [row for row in rows if row.caption]
    if len(said) > 1 and all(row.caption[0] == "[" and row.caption[-1] == "]" for row in said):
        where = f"{path} {said[0].where}"
        raise TMVError(f"{where}: every caption stands in [ ]; a list of captions needs quotes around each of them.")


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"line {number}" for number in numbers[:3])
    return shown if len(numbers) <= 3 else f"{shown} and {len(numbers) - 3:,} more"
