"""A user's own class names: a file with one name a line, or a table of folder and name."""

from __future__ import annotations

import csv
import difflib
from collections import Counter
from pathlib import Path
from typing import Protocol

from core.readers.base import and_more, os_reason
from core.types import TMVError

_LARGEST = 10_000_000
_HEADERS = {"raw", "folder", "class", "raw_classname", "wnid", "label", "name"}


class HasClasses(Protocol):
    """A `Dataset` or an `EmbeddingSet`: curated and raw names of the same classes, in the same order."""

    @property
    def classnames(self) -> tuple[str, ...]: ...

    @property
    def raw_classnames(self) -> tuple[str, ...]: ...


def read_classnames(path: Path, dataset: HasClasses) -> tuple[str, ...]:
    """Names for the classes of `dataset`, (c,) in their order, from `path`.

    One name a line means: in the order of `dataset.raw_classnames`. A csv or tsv "folder,name" is joined by
    folder (or by the curated name), in any order, and must name every class once. Raises `TMVError` with the
    first thing that does not fit.
    """
    c = len(dataset.raw_classnames)
    if not c:
        raise TMVError(f"This data set has no classes, so class names from {path} cannot be used.")
    lines = _lines(path)
    pairs = _pairs(path, lines, dataset)
    if pairs is not None:
        return _joined(path, pairs, dataset)
    if len(lines) != c:
        raise TMVError(
            f"{path} has {len(lines)} names for {c} classes; give one name a line in the order "
            f"{and_more(dataset.raw_classnames)}, or a csv of folder,name."
        )
    return tuple(lines)


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST:
            raise TMVError(f"{path} is too large for a file of class names.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TMVError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise TMVError(f"The class names {path} cannot be read: {os_reason(error)}.") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pairs(path: Path, lines: list[str], dataset: HasClasses) -> list[tuple[str, str]] | None:
    """(folder, name) for each line, or None when the file is a plain list.

    It is a table when every line has two columns and some first column is a class: "crane, bird" alone in a
    plain list does not make one.
    """
    delimiter = "\t" if any("\t" in line for line in lines) else ","
    table = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = [[cell.strip() for cell in row] for row in table]
    if not rows or any(len(row) < 2 for row in rows):
        return None
    known = {*dataset.raw_classnames, *dataset.classnames}
    if not any(row[0] in known for row in rows):
        if path.suffix.lower() in (".csv", ".tsv"):
            raise TMVError(f"{path} names none of the classes in its first column; {_example(dataset)}")
        return None
    body = rows[1:] if rows[0][0].lower() in _HEADERS and rows[0][0] not in known else rows
    # A name with commas that nobody quoted: what follows the folder is the name.
    return [(row[0], ", ".join(row[1:]).strip()) for row in body]


def _joined(path: Path, pairs: list[tuple[str, str]], dataset: HasClasses) -> tuple[str, ...]:
    folders = _folders_by_name(dataset)
    names: dict[str, str] = {}
    for key, name in pairs:
        if key not in folders:
            close = difflib.get_close_matches(key, list(folders), n=1)
            hint = f"did you mean {close[0]}?" if close else _example(dataset)
            raise TMVError(f"{path} names {key!r}, which is none of the classes; {hint}")
        if not name:
            raise TMVError(f"{path} gives no name for {key!r}.")
        if folders[key] in names:
            raise TMVError(f"{path} names {key!r} twice.")
        names[folders[key]] = name
    missing = [raw for raw in dataset.raw_classnames if raw not in names]
    if missing:
        whole = len(dataset.raw_classnames)
        raise TMVError(f"{path} lacks {len(missing)} of {whole} classes: {and_more(missing)}.")
    return tuple(names[raw] for raw in dataset.raw_classnames)


def _folders_by_name(dataset: HasClasses) -> dict[str, str]:
    """Folder or curated name -> folder; curated names that stand for two folders are of no use here."""
    counts = Counter(dataset.classnames)
    pairs = zip(dataset.raw_classnames, dataset.classnames)
    curated = {name: raw for raw, name in pairs if counts[name] == 1}
    return curated | {raw: raw for raw in dataset.raw_classnames}


def _example(dataset: HasClasses) -> str:
    return f"the classes are {and_more(dataset.raw_classnames)}."
