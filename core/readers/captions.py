"""`captions:PATH` and COCO: pictures with sentences.

PATH is a file of captions or a folder that holds one. Its pictures are looked for beside the file, in the
folders there, and (for files in a folder "annotations") one level up. A picture without a caption, and a
caption without a picture, are left out and counted in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import NotHere, TMVError
from core.readers.base import FilePictures, and_more, canonical_split, choose_split, list_folders, part_note, readable
from core.readers.caption_files import SUFFIXES, is_caption_json, other_format, read_caption_file
from core.readers.caption_notes import caption_findings, file_findings
from core.readers.caption_pictures import Lookup, find_pictures, none_found, split_of
from core.readers.caption_rows import CaptionRow
from core.readers.split_names import measured_first
from core.types import Dataset, DatasetSpec, Note

_PEEKED = 5_000_000
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_CAPTION_NAME = re.compile(r"caption|token|results|sentence|metadata", re.IGNORECASE)


# --- own captions -----------------------------------------------------------------------------------------


def describe_captions(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with the splits of the files that are there."""
    return _described(spec, _split_rows(path))


def open_captions(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    splits = _split_rows(path)
    full = _described(spec, splits)
    chosen = choose_split(full, split, full.splits, path)
    named = {row.picture for other, source in splits.items() if other != chosen for row in source.rows}
    return captioned(full, chosen, splits[chosen], named=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionSource:
    """The rows of one split, the file that they are from, and what is to be said of it."""

    file: Path
    rows: tuple[CaptionRow, ...]
    notes: tuple[Note, ...] = ()


def _described(spec: DatasetSpec, splits: dict[str, CaptionSource]) -> DatasetSpec:
    default = min(splits, key=measured_first)
    return replace(spec, splits=tuple(splits), default_split=default)


def _split_rows(path: Path) -> dict[str, CaptionSource]:
    """What is read for each split: a file of its own, or its rows of the one file that is read."""
    files = _caption_files(path)
    by_name = {_split_of_file(file, path): file for file in files}
    if len(files) > 1 and None not in by_name and len(by_name) == len(files):
        return {split: source_of(file) for split, file in by_name.items() if split}
    file, *others = files
    read = source_of(file)
    if others:
        unused = and_more([str(other.relative_to(path)) for other in others])
        said = f"Captions are from {file.name}; also there: {unused} (captions:{path}/FILE reads another)."
        read = replace(read, notes=(Note(said, "caption_file"), *read.notes))
    splits = sorted({row.split for row in read.rows})
    if splits == [""]:
        in_name = file.suffix.lower() == ".json" or file.parent not in (path, path.parent)
        return {(_split_of_file(file, path) if in_name else None) or "all": read}
    return {
        split or "all": replace(read, rows=tuple(row for row in read.rows if row.split == split)) for split in splits
    }


def source_of(file: Path) -> CaptionSource:
    """The rows of a file of captions, and what is to be said of it. Raises `TMVError` where it cannot be read."""
    found = read_caption_file(file)
    return CaptionSource(file=file, rows=found.rows, notes=found.notes)


def _split_of_file(file: Path, path: Path) -> str | None:
    """The split that its name tells, else that of its folder below `path`."""
    inside = path.is_dir() and file.parent not in (path, path / "annotations")
    return split_of(file.stem) or (canonical_split(file.parent.name) if inside else None)


def _caption_files(path: Path) -> list[Path]:
    """The files of captions, best first: named after captions before others, then json, csv, tsv, text."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotHere(f"There is no {path}; give a COCO json, a csv of image and caption, or their folder.")
    for folder in (path / "annotations", path):
        if found := _best_files(folder):
            return found
    in_splits = [_best_files(path / name)[:1] for name in list_folders(path) if canonical_split(name)]
    if any(in_splits):
        return [file for files in in_splits for file in files]
    others = sorted(f for f in path.glob("*") if other_format(f) and f.is_file())
    if others:
        said = f"{others[0].name} is {other_format(others[0])}, which is not read here"
        raise TMVError(f"There is no caption file in {path} ({said}); save it as csv or jsonl of image and caption.")
    inner = [name for name in list_folders(path) if _best_files(path / name)]
    where = f"; {inner[0]} holds one: captions:{path / inner[0]}" if inner else ""
    raise NotHere(
        f"There is no caption file in {path}{where}; expected a COCO json (there or in annotations), or a csv or "
        "tsv with a column for the image and one for its caption."
    )


def holds_captions(folder: Path) -> bool:
    """Whether a folder is one of captions: its file reads as such, or is named after them where it is large."""
    try:
        file = _caption_files(folder)[0]
        if file.stat().st_size > _PEEKED:
            return bool(_CAPTION_NAME.search(file.stem))
        return any(row.caption for row in source_of(file).rows)
    except (TMVError, OSError):
        return False


def _best_files(folder: Path) -> list[Path]:
    """The files of captions in a folder; where some are named so, only those."""
    found = sorted((f for f in folder.glob("*") if _looks_like_captions(f)), key=_preference)
    return [file for file in found if _CAPTION_NAME.search(file.stem)] or found


def _looks_like_captions(file: Path) -> bool:
    suffix = file.suffix.lower()
    if file.name.startswith(".") or suffix not in SUFFIXES or not file.is_file():
        return False
    if suffix == ".json":
        return bool(_CAPTION_NAME.search(file.stem)) or is_caption_json(file)
    return suffix in (".csv", ".tsv", ".jsonl", ".ndjson") or bool(_CAPTION_NAME.search(file.stem))


def _preference(file: Path) -> tuple[bool, int, str]:
    return not _CAPTION_NAME.search(file.stem), SUFFIXES.index(file.suffix.lower()), file.name


# --- rows -------------------------------------------------------------------------------------------------


def captioned(
    spec: DatasetSpec, split: str, source: CaptionSource, folder: Path | None = None, named: Iterable[str] = ()
) -> Dataset:
    """Join captions to the pictures of `folder` (found when not given), in the order of the first rows.

    `named` are pictures that other splits of the same set name: they do not count as left without a caption.
    """
    rows = source.rows
    wanted = list(dict.fromkeys(row.picture for row in rows))
    _refuse_silence(source)
    found = Lookup(folder, wanted) if folder else find_pictures(source.file, wanted, split)
    kept = [(found[row.picture], row.caption) for row in rows if row.caption and found[row.picture]]
    if not kept:
        raise NotHere(none_found(source.file, wanted))
    names = list(dict.fromkeys(name for name, _ in kept))
    position = {name: i for i, name in enumerate(names)}
    captions = tuple(caption for _, caption in kept)
    index = np.asarray([position[name] for name, _ in kept], dtype=np.int64)
    elsewhere = found.of_others(named)
    findings = (
        *source.notes,
        *file_findings(rows, found, elsewhere),
        *caption_findings(captions, index),
        *part_note(spec, split, len(names)),
    )
    return Dataset(
        spec=spec,
        split=split,
        ids=tuple(map(readable, names)),
        pictures=FilePictures(root=found.root, names=tuple(names)),
        captions=captions,
        image_index=index,
        notes=findings,
    )


def _refuse_silence(source: CaptionSource) -> None:
    """A file whose captions are all null, empty or numbers says nothing of its pictures."""
    rows: Sequence[CaptionRow] = source.rows
    if not any(row.caption for row in rows):
        lost = next((row for row in rows if row.lost), None)
        why = f": {lost.where} is {lost.lost}" if lost else ""
        raise TMVError(f"{source.file} holds no caption that is text{why}; expected sentences.")
    if all(_NUMBER.fullmatch(row.caption) for row in rows if row.caption):
        first = next(row for row in rows if row.caption)
        raise TMVError(
            f"{source.file} has numbers alone for captions ({first.where or first.picture}: {first.caption}); expected "
            "sentences. Classes of images belong into labels.csv beside them, opened as folder:."
        )
