"""One caption of one picture as a file gives it, and what counts as a caption in a cell or a JSON value."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from core.images.decode import is_picture_name
from core.readers.base import canonical_split
from core.types import Note

PICTURE_COLUMNS = (
    "image",
    "image_name",
    "imagename",
    "filename",
    "file_name",
    "file",
    "filepath",
    "file_path",
    "path",
    "picture",
    "img",
    "image_path",
    "photo",
    "image_file",
    "image_filename",
    "img_name",
    "img_path",
    "image_id",
    "img_id",
    "coco_url",
    "flickr_url",
    "image_url",
    "url",
)
CAPTION_COLUMNS = (
    "caption",
    "captions",
    "text",
    "sentence",
    "title",
    "comment",
    "description",
    "raw",
    "sentences",
    "texts",
    "comments",
    "caption_text",
    "caption_str",
    "reference_strs",
    "references",
)
NULL, EMPTY, NO_TEXT = "null", "empty", "no text"
_NOTHING = frozenset({"", "nan", "NaN", "null", "NULL", "None", "<NA>", "#N/A", "N/A", "n/a"})
"""What programs write into a cell for nothing; none of it is a sentence."""
_NUMBERED = re.compile(rf"(?:{'|'.join(CAPTION_COLUMNS)})[ _-]?(\d+)")
_SENTENCE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_LIST = re.compile(rf"(?:array\()?[\[({{]\s*(?:(?:{_SENTENCE.pattern})[\s,]*)*[\])}}](?:,\s*dtype=\w+)?\)?", re.DOTALL)
_LIST_BEGINS = re.compile(r"""(?:array\()?\[\s*['"]""")
_LIST_MARKS = frozenset("[({ab")
_BYTES = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_SPOKEN = re.compile(r"(.+\.\w+)#r?\d+\w?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionRow:
    """One caption of one picture; `split` is "" where the file does not say.

    `where` says where it stands in the file ("line 5"); "" for a picture that is listed without any. A row without a
    caption says in `lost` why.
    """

    picture: str
    caption: str
    split: str = ""
    where: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionFile:
    """The rows of a file in its order, and what is to be said of how it was read."""

    rows: tuple[CaptionRow, ...]
    notes: tuple[Note, ...] = ()


def said_rows(picture: str, value: object, split: str, where: str) -> Iterator[CaptionRow]:
    """A row for each caption in `value`: a text, a list of texts, or records that hold them."""
    if isinstance(value, str) and (text := " ".join(value.split())) not in _NOTHING:  # nearly every row
        yield CaptionRow(picture=picture, caption=text, split=split, where=where)
        return
    found = list(_texts(value))
    if not found:
        yield CaptionRow(picture=picture, caption="", split=split)
    for caption in found:
        lost = "" if isinstance(caption, str) and caption.strip() not in _NOTHING else _why(caption)
        yield CaptionRow(
            picture=picture, caption="" if lost else " ".join(str(caption).split()), split=split, where=where, lost=lost
        )


def _texts(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        key = next((name for name in ("raw", *CAPTION_COLUMNS) if name in value), None)
        yield from _texts(value[key]) if key else [value]
    else:
        yield value


def _why(caption: object) -> str:
    if caption is None or caption != caption:  # NaN is what pandas writes for nothing
        return NULL
    if isinstance(caption, str):
        return NULL if caption.strip() else EMPTY
    return NO_TEXT


# --- a list in a cell -------------------------------------------------------------------------------------


def cell_captions(cell: str) -> list[object] | None:
    """The captions of a cell that holds a list of them, as JSON, Python, NumPy or Postgres write it; None for others.

    Raises `ValueError` for a list that is broken off or of another form.
    """
    text = cell.strip()
    if text[:1] not in _LIST_MARKS:
        return None
    if _BYTES.fullmatch(text):
        return [ast.literal_eval(text).decode("utf-8", "replace")]
    if text[:1] not in ("[", "(", "{") and not text.startswith("array("):
        return None
    if text == "[]":
        return []
    for read in (json.loads, _python_list):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list) and all(isinstance(item, str) or item is None for item in found):
            return list(found)
        if isinstance(found, dict):
            raise ValueError("a dictionary, expected a caption or a list of captions")
    if _LIST_BEGINS.match(text):
        raise ValueError("a list of captions that is not whole")
    return None


def _python_list(text: str) -> object:
    """Sentences in quotes, with or without commas between: Python itself would join those without."""
    if not _LIST.fullmatch(text):
        return ast.literal_eval(text) if text[:1] in ("{", "[") else None
    return [ast.literal_eval(match[0]) for match in _SENTENCE.finditer(text)]


# --- columns ----------------------------------------------------------------------------------------------


def column_name(name: object) -> str:
    """ "Image Name" -> "image_name"."""
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())


def caption_columns(names: Sequence[str]) -> list[int]:
    """Positions of the columns to read: the best known name, however often it stands there; else numbered ones."""
    for known in CAPTION_COLUMNS:
        if known in names:
            numbered = [i for i, name in enumerate(names) if _numbered(name) == known]
            return [i for i, name in enumerate(names) if name == known] + numbered
    return [i for i, name in enumerate(names) if _NUMBERED.fullmatch(name)]


def _numbered(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return name[: match.start(1)].rstrip(" _-") if match else ""


def caption_note(names: Sequence[str], chosen: Sequence[int], source: str) -> list[Note]:
    """Which columns were read, where others could have been meant."""
    others = [n for i, n in enumerate(names) if i not in chosen and (n in CAPTION_COLUMNS or _NUMBERED.fullmatch(n))]
    if not others and len(chosen) == 1:
        return []
    used = ", ".join(dict.fromkeys(names[i] for i in chosen))
    also = f"; also there: {', '.join(others)} (to use another, name it caption and drop this one)" if others else ""
    columns = "column" if len(chosen) == 1 else "columns"
    return [Note(f"Captions are from the {columns} {used} of {source}{also}.", "caption_column")]


def picture_column(names: Sequence[str], sample: Sequence[Sequence[object]]) -> int | None:
    """The column of pictures: the first known name whose cells (rows of `sample`) are names of pictures, else the
    first known name."""
    known = [names.index(name) for name in PICTURE_COLUMNS if name in names]
    for place in known:
        cells = [row[place] for row in sample if place < len(row)]
        if cells and sum(is_picture_name(picture_name(cell)) for cell in cells) * 2 > len(cells):
            return place
    return known[0] if known else None


def picture_name(value: object) -> str:
    """A picture's name as a cell or JSON value gives it: Flickr8k's "#0" goes, of an address its last part stays."""
    if isinstance(value, dict):
        value = next((value[k] for k in ("path", "file_name", "filename", "url") if value.get(k)), "")
    name = "" if value is None else str(value).strip()
    if name.startswith(("http://", "https://")):
        return unquote(urlsplit(name).path.rsplit("/", 1)[-1])
    spoken = _SPOKEN.fullmatch(name) if "#" in name else None
    return spoken[1] if spoken and is_picture_name(spoken[1]) else name


def split_word(value: object) -> str:
    """ "valid" -> "val"; "restval", which Karpathy made of COCO's, belongs to train."""
    word = str(value).strip() if value is not None else ""
    return "train" if word.lower() == "restval" else canonical_split(word) or word.lower()
