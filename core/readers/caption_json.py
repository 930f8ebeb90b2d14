"""Captions in JSON: COCO's form, Karpathy's, lists of records, lines of records, and picture -> captions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import TMVError
from core.images.decode import is_picture_name
from core.readers.base import canonical_split
from core.readers.caption_rows import (
    CAPTION_COLUMNS,
    NO_TEXT,
    PICTURE_COLUMNS,
    CaptionFile,
    CaptionRow,
    caption_columns,
    caption_note,
    column_name,
    picture_column,
    picture_name,
    said_rows,
    split_word,
)
from core.readers.text_files import text_lines

_EXPECTED = (
    "expected COCO's form, images (id, file_name) and annotations (image_id, caption), or records with an image "
    "(image, file_name) and its caption (caption, text)"
)
_SAMPLE = 50
_URLS = ("coco_url", "flickr_url", "url")
_SAID = frozenset(CAPTION_COLUMNS)
SEVERAL = "of an id that several images share"

Record = Mapping[str, Any]


def json_captions(source: str, text: str) -> CaptionFile:
    """Every caption of a JSON document or of JSON lines. Raises `TMVError` naming the file and what does not fit."""
    document = _document(source, text)
    try:
        return _captions(source, document)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise TMVError(f"{source} does not hold captions as expected ({error}): {_EXPECTED}.") from None


def _document(source: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once(source))
    except RecursionError as error:
        raise TMVError(f"{source} is not valid json: {error}.") from None
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(text_lines(text), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].lstrip().startswith("{") or not lines[0][1].rstrip().endswith("}"):
            raise TMVError(f"{source} is not valid json: {error}.") from None
    return [_line(source, number, line) for number, line in lines]


def _line(source: str, number: int, line: str) -> Any:
    try:
        return json.loads(line, object_pairs_hook=_once(source))
    except (ValueError, RecursionError) as error:
        raise TMVError(f"{source} line {number} is not valid json: {error}.") from None


def _once(source: str) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        """Python keeps the last of two equal keys in silence."""
        whole = dict(found)
        if len(whole) != len(found):
            twice = next(key for i, (key, _) in enumerate(found) if key in dict(found[:i]))
            raise TMVError(f"{source} names {twice!r} twice in one object; write a list of its captions instead.")
        return whole

    return pairs


def _captions(source: str, document: Any) -> CaptionFile:
    if isinstance(document, list):
        return _records(source, document)
    images, annotations = document.get("images"), document.get("annotations")
    if isinstance(images, list) and isinstance(annotations, list):
        return CaptionFile(rows=tuple(_coco(images, annotations)))
    if isinstance(images, list):
        return CaptionFile(rows=tuple(_karpathy(images)))
    pictures = [value for key, value in document.items() if column_name(key) in PICTURE_COLUMNS]
    if _is_record(document) and any(isinstance(value, str) for value in pictures):
        return _records(source, [document])
    if columns := _columns(document):
        return _records(source, columns)
    splits = {key: value for key, value in document.items() if canonical_split(key)}
    if splits and all(isinstance(value, list | dict) for value in splits.values()):
        return _of_splits(source, splits)
    lists = [value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(lists) == 1 and not any(is_picture_name(key) for key in document):
        return _records(source, lists[0])
    if any(is_picture_name(picture_name(key)) for key in document):
        return CaptionFile(rows=tuple(_mapping(document)))
    raise TypeError(f"it has {', '.join(map(repr, list(document)[:4])) or 'nothing'}")


def _of_splits(source: str, splits: Record) -> CaptionFile:
    """{"train": [...], "test": [...]}"""
    found = {key: _captions(source, value) for key, value in splits.items()}
    rows = [
        CaptionRow(
            picture=r.picture,
            caption=r.caption,
            split=split_word(key),
            where=f"{key} {r.where}".strip() if r.where else "",
            lost=r.lost,
        )
        for key, file in found.items()
        for r in file.rows
    ]
    return CaptionFile(rows=tuple(rows), notes=tuple(dict.fromkeys(n for file in found.values() for n in file.notes)))


def _mapping(document: Record) -> Iterator[CaptionRow]:
    """{"a.jpg": "text"} and {"a.jpg": ["text", ...]}"""
    for number, (name, value) in enumerate(document.items(), 1):
        yield from said_rows(picture_name(name), value, "", f"entry {number}")


# --- COCO -------------------------------------------------------------------------------------------------


def _coco(images: Sequence[Record], annotations: Sequence[Record]) -> Iterator[CaptionRow]:
    """Captions picture by picture, as listed; captions of unlisted pictures keep their id as a name."""
    if annotations and not any(annotation.keys() & _SAID for annotation in annotations):
        raise TypeError("its annotations have no caption")
    captions: dict[str, list[tuple[object, str]]] = {_id(image.get("id")): [] for image in images}
    names, several = _names(images)
    padded = _without_zeros(list(captions))
    for number, annotation in enumerate(annotations, 1):
        where = f"annotation {number}" + (f" (id {annotation['id']})" if "id" in annotation else "")
        key = _id(annotation.get("image_id"))
        key = key if key in captions else padded.get(key.lstrip("0"), key)
        captions.setdefault(key, []).append((annotation if annotation.keys() & _SAID else None, where))
    for key, found in captions.items():
        name = names.get(key) or f"(image {key or 'without id'})"
        if key in several and found:
            yield from (
                CaptionRow(picture=several[key], caption="", split="", where=where, lost=SEVERAL) for _, where in found
            )
        elif not found:
            yield CaptionRow(picture=name, caption="")
        for value, where in found if key not in several else ():
            yield from said_rows(name, value, "", where)


def _names(images: Sequence[Record]) -> tuple[dict[str, str], dict[str, str]]:
    """id -> file name (of an address where there is none); ids of several pictures -> these, in words."""
    names: dict[str, str] = {}
    several: dict[str, str] = {}
    for image in images:
        key = _id(image.get("id"))
        name = picture_name(next((image[k] for k in ("file_name", "filename", *_URLS) if image.get(k)), ""))
        if not key and not name:
            raise TypeError("an image has neither id nor file_name")
        if name and names.setdefault(key, name) != name:
            several[key] = f"(image {key}: {names[key]} or {name})"
    return names, several


def _id(value: object) -> str:
    """Ids as text, so that 5, 5.0 and "5" are one."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _without_zeros(keys: Sequence[str]) -> dict[str, str]:
    """Numbers without leading zeros -> the key, where only one is meant."""
    found: dict[str, str] = {}
    twice = set[str]()
    for key in keys:
        if key.isdigit() and found.setdefault(key.lstrip("0"), key) != key:
            twice.add(key.lstrip("0"))
    return {number: key for number, key in found.items() if number not in twice}


def _karpathy(images: Sequence[Record]) -> Iterator[CaptionRow]:
    """Karpathy's splits: images with filename, filepath, split and sentences."""
    for number, image in enumerate(images, 1):
        name = picture_name(next((image[k] for k in ("filename", "file_name", *_URLS) if image.get(k)), ""))
        folder = str(image.get("filepath") or "").strip("/")
        if folder and folder.rsplit("/", 1)[-1] != name:
            name = f"{folder}/{name}"
        value = next((image[k] for k in ("sentences", "captions", "caption", "raw") if k in image), _MISSING)
        if value is _MISSING or not name:
            raise TypeError(f"image {number} has no {'sentences' if name else 'filename'}")
        yield from said_rows(name, value, split_word(image.get("split", "")), f"image {number}")


_MISSING = object()


# --- records ----------------------------------------------------------------------------------------------


def _is_record(document: Record) -> bool:
    names = [column_name(key) for key in document]
    return bool(set(names) & set(PICTURE_COLUMNS)) and bool(caption_columns(names))


def _columns(document: Record) -> list[Record]:
    """Columns as pandas writes them, {"image": [...], "caption": [...]} or {"image": {"0": ...}, ...}, as records."""
    if not _is_record(document):
        return []
    values = list(document.values())
    if not all(isinstance(v, type(values[0])) and len(v) == len(values[0]) for v in values):
        raise TypeError("its columns are of different length")
    rows = values[0] if isinstance(values[0], dict) else range(len(values[0]))
    return [{key: column[row] for key, column in document.items()} for row in rows]


def _records(source: str, records: Sequence[Record]) -> CaptionFile:
    names = list(dict.fromkeys(key for record in records for key in record))
    short = [column_name(name) for name in names]
    sample = [[record.get(name) for name in names] for record in records[:_SAMPLE]]
    picture, captions = picture_column(short, sample), caption_columns(short)
    if picture is None or not captions:
        lacking = "an image" if picture is None else "a caption"
        raise TypeError(f"its records have {', '.join(names[:6]) or 'nothing'}, none of them {lacking}")
    split = names[short.index("split")] if "split" in short else ""
    rows = [
        row
        for number, record in enumerate(records, 1)
        for row in _record(record, names[picture], [names[i] for i in captions], split, f"record {number}")
    ]
    return CaptionFile(rows=tuple(rows), notes=tuple(caption_note(short, captions, source.rsplit("/", 1)[-1])))


def _record(record: Record, picture: str, captions: Sequence[str], split: str, where: str) -> Iterator[CaptionRow]:
    name, word = picture_name(record.get(picture)), split_word(record.get(split, "")) if split else ""
    there = [key for key in captions if key in record]
    if not there:
        yield CaptionRow(picture=name, caption="", split=word, where=where, lost=NO_TEXT)
    for key in there:
        yield from said_rows(name or "(no image)", record[key], word, where)
