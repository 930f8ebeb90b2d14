"""Files of captions: COCO's and Karpathy's json, csv and tsv, Flickr8k's and Flickr30k's own text files.

Each becomes a list of `CaptionRow`. Picture names are taken as written; `captions.py` finds the pictures.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.readers.base import canonical_split, os_reason
from core.types import TMVError

SUFFIXES = (".json", ".csv", ".tsv", ".txt", ".token")
MAX_BYTES = 2 * 1024**3
_SEARCHED_BYTES = 256 * 1024**2
_PICTURE_COLUMNS = (
    "image", "image_name", "imagename", "filename", "file_name", "file", "filepath", "file_path", "path",
    "picture", "img", "image_path", "photo",
)  # fmt: skip
_CAPTION_COLUMNS = ("caption", "captions", "text", "sentence", "title", "comment", "description", "raw")
_TOKEN_LINE = re.compile(r"^(?P<picture>[^\t]+?)#\d+\t(?P<caption>.*)$")
_FIELD_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """One caption of one picture; `split` is "" where the file does not say. Empty captions stay."""

    picture: str
    caption: str
    split: str = ""


def read_caption_file(path: Path) -> list[CaptionRow]:
    """Every caption of the file, in its order; pictures without any have one row with an empty caption.

    Raises `TMVError` naming the line or the key that does not fit.
    """
    text = _text(path)
    rows = _from_json(path, text) if path.suffix.lower() == ".json" else _from_table(path, text)
    if not rows:
        raise TMVError(f"{path} holds no captions.")
    return rows


def is_caption_json(path: Path) -> bool:
    """Whether a json file of any name holds captions, in COCO's form or Karpathy's."""
    if path.stat().st_size > _SEARCHED_BYTES:
        return False
    content = path.read_bytes()
    return b'"images"' in content and (b'"caption"' in content or b'"sentences"' in content)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TMVError(f"{path} is too large for captions (more than {MAX_BYTES // 2**30} GiB).")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TMVError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    except OSError as error:
        raise TMVError(f"{path} cannot be read: {os_reason(error)}.") from None


# --- json -------------------------------------------------------------------------------------------------

def _from_json(path: Path, text: str) -> list[CaptionRow]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TMVError(f"{path} is not valid json: {error}.") from None
    try:
        return list(_coco(document) if "annotations" in document else _karpathy(document))
    except (KeyError, TypeError, AttributeError) as error:
        raise TMVError(
            f"{path} does not hold captions as expected: COCO's json has images (id, file_name) and "
            f"annotations (image_id, caption); this one lacks {error}."
        ) from None


def _coco(document: dict[str, Any]) -> Iterator[CaptionRow]:
    """Captions picture by picture, as listed; captions of unlisted pictures keep their id as a name."""
    captions: dict[Any, list[str]] = {image["id"]: [] for image in document["images"]}
    for annotation in document["annotations"]:
        captions.setdefault(annotation["image_id"], []).append(_clean(annotation["caption"]))
    names = {image["id"]: str(image["file_name"]) for image in document["images"]}
    for number, texts in captions.items():
        for caption in texts or [""]:
            yield CaptionRow(names.get(number, f"(picture {number})"), caption)


def _karpathy(document: dict[str, Any]) -> Iterator[CaptionRow]:
    """Karpathy's splits: images with filename, split and sentences; "restval" belongs to train."""
    for image in document["images"]:
        name = "/".join(filter(None, [str(image.get("filepath", "")), str(image["filename"])]))
        split = str(image.get("split", ""))
        split = "train" if split == "restval" else split
        for sentence in image["sentences"] or [{"raw": ""}]:
            yield CaptionRow(name, _clean(sentence["raw"]), split)


def _clean(caption: object) -> str:
    if not isinstance(caption, str):
        raise TypeError("a caption that is text")
    return " ".join(caption.split())


# --- tables -----------------------------------------------------------------------------------------------

def _from_table(path: Path, text: str) -> list[CaptionRow]:
    first = text.lstrip().split("\n", 1)[0]
    if _TOKEN_LINE.match(first):
        return list(_token_lines(path, text))
    csv.field_size_limit(_FIELD_LIMIT)
    delimiter = _delimiter(path, first)
    spaced = f"{delimiter} " in first
    try:
        table = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=spaced)
        rows = [(table.line_num, cells) for cells in table if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise TMVError(
            f"{path} is not a readable table: {error}; a longer cell than that is usually a quote left open."
        ) from None
    return list(_table_rows(path, rows, delimiter)) if rows else []


def _token_lines(path: Path, text: str) -> Iterator[CaptionRow]:
    """Flickr8k.token.txt: "name.jpg#0<TAB>caption"."""
    for number, line in enumerate(text.splitlines(), 1):
        match = _TOKEN_LINE.match(line)
        if match:
            yield CaptionRow(match["picture"], _clean(match["caption"]))
        elif line.strip():
            raise TMVError(f"{path} line {number} is not of the form name.jpg#0, a tab, and the caption.")


def _delimiter(path: Path, first: str) -> str:
    if path.suffix.lower() == ".tsv" or "\t" in first:
        return "\t"
    return next((mark for mark in "|;" if mark in first and "," not in first), ",")


def _table_rows(path: Path, rows: Sequence[tuple[int, list[str]]], delimiter: str) -> Iterator[CaptionRow]:
    header = [cell.strip().lower() for cell in rows[0][1]]
    picture, caption, split = _columns(path, header)
    named = header[picture] in _PICTURE_COLUMNS
    for number, cells in rows[1:] if named else rows:
        if len(cells) <= max(picture, caption):
            raise TMVError(f"{path} line {number} has {len(cells)} columns, expected {len(header)}.")
        if caption == len(header) - 1 and len(cells) > len(header):
            # A caption with commas that nobody quoted: it is the last column, so the rest belongs to it.
            cells = [*cells[:caption], delimiter.join(cells[caption:])]
        word = cells[split].strip() if split is not None else ""
        split_word = canonical_split(word) or word.lower()
        yield CaptionRow(cells[picture].strip(), _clean(cells[caption]), split_word)


def _columns(path: Path, header: list[str]) -> tuple[int, int, int | None]:
    """Positions of picture, caption and split. Two columns without known names have no header."""
    picture = next((header.index(name) for name in _PICTURE_COLUMNS if name in header), None)
    caption = next((header.index(name) for name in _CAPTION_COLUMNS if name in header), None)
    if picture is not None and caption is not None:
        return picture, caption, header.index("split") if "split" in header else None
    if picture is None and caption is None and len(header) >= 2 and Path(header[0]).suffix:
        return 0, 1, None
    raise TMVError(
        f"{path} has the columns {', '.join(header)}; expected one for the picture (image, filename, path) "
        "and one for its caption (caption, text)."
    )
