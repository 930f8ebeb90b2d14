"""`folder:PATH`: people's own pictures in class folders.

Understood are PATH/CLASS/picture, PATH/SPLIT/CLASS/picture (SPLIT: train, val, test or any name that speaks of one),
either of them one folder deeper, pictures with a table of their labels (`core.readers.label_table`), of which an image
may have several, and pictures without any of it, which can be searched but not scored. Class
folders without splits also get the fixed halves "train" and "test" of `hashed_half`, so that a probe has something
honest to learn from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.catalog.class_words import class_words
from core.readers.base import (
    Classes,
    FilePictures,
    and_more,
    choose_split,
    class_note,
    class_rows,
    hashed_half,
    labelled,
    list_pictures,
    pictures_in,
    readable,
    unread_note,
)
from core.readers.folder_checks import class_findings
from core.readers.folder_layout import Layout, Part, read_layout
from core.readers.folder_leftovers import leftovers, tables_beside
from core.readers.label_table import several_note
from core.readers.split_names import measured_first
from core.readers.stamps import as_last_read
from core.types import Dataset, DatasetSpec, Note

_LISTS = re.compile(
    r"(class(es|names|_names|-names|_index|_list|_labels)?|labels?|label_names|label_map|names|categor(ies|y_names)|words"
    r"|synsets?|synset_words|loc_synset_mapping|imagenet_class(es|_index)|class_to_idx|idx_to_class|id2label|cat_to_name"
    r"|class_dict|wnid_to_(name|label|class|words))\.(txt|csv|tsv|json)",
    re.IGNORECASE,
)

_HALVES = Note("This folder has no split of its own: train and test are fixed halves by file name.", "fixed_halves")

FolderRows = tuple[list[str], list[int]]
Tagged = tuple[list[str], list[list[int]]]
"""Pictures, and the positions of the classes of each."""


def describe_folder(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with splits, default split and class names filled in from the disk."""
    layout = read_layout(path)
    default = min(layout.splits, key=measured_first)
    raw = tuple(map(readable, layout.raw))
    curated = class_words(raw).names
    return replace(spec, splits=layout.names, default_split=default, classnames=curated, raw_classnames=raw)


def open_folder(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    full = describe_folder(spec, path)
    chosen = choose_split(full, split, read_layout(path).names, path)
    return as_last_read((full, chosen, path), lambda: _read_rows(full, chosen, path))


def _read_rows(full: DatasetSpec, chosen: str, path: Path) -> Dataset:
    layout = read_layout(path)
    half = chosen if layout.halves and chosen != "all" else None
    part = layout.splits["all" if half else chosen]
    if layout.several and part.answers:
        return _several(full, chosen, path, layout, part)
    rows = _part_rows(layout, part)
    if not rows[0]:
        return _unlabelled(full, chosen, part, layout)
    notes = [
        *layout.notes,
        *part.notes,
        *class_findings(layout, part),
        *_stray_note(layout, part),
        *leftovers(layout, part),
        *_list_note(layout, path),
        *class_words(full.raw_classnames).notes,
    ]
    if half:
        keep = hashed_half(*rows, half)
        rows = [rows[0][i] for i in keep], [rows[1][i] for i in keep]
        notes.append(_HALVES)
    return labelled(
        full, chosen, _root(layout, part), rows, Classes(curated=full.classnames, raw=full.raw_classnames), notes
    )


def _several(full: DatasetSpec, split: str, path: Path, layout: Layout, part: Part) -> Dataset:
    """Rows of a split whose images may have none or several labels."""
    names, labels = _tagged(layout, part)
    notes = [*layout.notes, *part.notes, *_stray_note(layout, part), *leftovers(layout, part)]
    notes += _list_note(layout, path)
    if layout.halves and split != "all":
        keep = hashed_half(names, [0] * len(names), split)
        names, labels = [names[i] for i in keep], [labels[i] for i in keep]
        notes.append(_HALVES)
    if not names:
        return _unlabelled(full, split, part, layout)
    pairs = [(row, label) for row, found in enumerate(labels) for label in sorted(found)]
    present = [label for _, label in pairs]
    return Dataset(
        spec=full,
        split=split,
        ids=tuple(map(readable, names)),
        pictures=FilePictures(root=_root(layout, part), names=tuple(names)),
        label_pairs=np.asarray(pairs, dtype=np.int64).reshape(-1, 2),
        classnames=full.classnames,
        raw_classnames=full.raw_classnames,
        notes=(
            *notes,
            several_note([len(found) for found in labels]),
            *class_words(full.raw_classnames).notes,
            *class_note(present, len(layout.raw)),
            *unread_note(names),
        ),
    )


def _tagged(layout: Layout, part: Part) -> Tagged:
    place = {name: position for position, name in enumerate(layout.raw)}
    names = [name for name in list_pictures(part.folders[0]) if name in part.answers]
    return names, [[place[label] for label in part.answers[name]] for name in names]


def _root(layout: Layout, part: Part) -> Path:
    return part.folders[0] if len(part.folders) == 1 else layout.root


def _part_rows(layout: Layout, part: Part) -> FolderRows:
    """Pictures with a class, relative to `_root`, and the position of their class."""
    if part.answers:
        one = [(name, found[0]) for name, found in zip(*_tagged(layout, part), strict=True) if found]
        return [name for name, _ in one], [label for _, label in one]
    if len(part.folders) == 1:
        return class_rows(part.folders[0], layout.raw)
    names, labels = [], []
    for folder in part.folders:
        found, positions = class_rows(folder, layout.raw)
        names += [f"{folder.relative_to(layout.root).as_posix()}/{name}" for name in found]
        labels += positions
    order = sorted(range(len(names)), key=lambda i: (labels[i], names[i]))
    return [names[i] for i in order], [labels[i] for i in order]


def _unlabelled(spec: DatasetSpec, split: str, part: Part, layout: Layout) -> Dataset:
    root = _root(layout, part)
    if len(part.folders) == 1:
        names = list_pictures(root, unread=True)
    else:
        names = sorted(
            f"{folder.relative_to(root).as_posix()}/{name}"
            for folder in part.folders
            for name in list_pictures(folder, unread=True)
        )
    text = "There are no class folders here: these images can be searched, not scored"
    if layout.labelled:
        text += f"; with class folders: {', '.join(layout.labelled)} (--split {layout.labelled[0]})"
    note = Note(f"{text}.", "no_classes", "warning" if layout.labelled else "info")
    return Dataset(
        spec=spec,
        split=split,
        ids=tuple(map(readable, names)),
        pictures=FilePictures(root=root, names=tuple(names)),
        labels=None,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
        notes=(note, *layout.notes, *tables_beside(layout, part), *leftovers(layout, part), *unread_note(names)),
    )


def _stray_note(layout: Layout, part: Part) -> Sequence[Note]:
    """Pictures of a labelled split that have no class."""
    if part.answers:
        stray = [name for name in list_pictures(part.folders[0]) if name not in part.answers]
        if not layout.several:
            stray = sorted([*stray, *(name for name, labels in part.answers.items() if not labels)])
        text = "Images that the list of classes does not name were left out"
    else:
        stray = [name for folder in part.folders for name in pictures_in(folder)]
        text = "Images outside any class folder were left out"
    return [Note(f"{text}: {and_more(stray)}.", "pictures_left_out", "warning")] if stray else []


def _list_note(layout: Layout, path: Path) -> Sequence[Note]:
    """A list of class names beside the pictures is offered, never used by itself."""
    inner = (folder for part in layout.splits.values() for folder in part.folders)
    places = dict.fromkeys((path, layout.root, *inner))
    used = {part.table for part in layout.splits.values()}
    files = (file for place in places for file in sorted(place.iterdir()) if file not in used)
    found = [file for file in files if _LISTS.fullmatch(file.name)]
    if not found:
        return []
    text = f"{and_more([file.name for file in found])} beside the images was not used: --classnames {found[0]} "
    return [Note(f"{text}takes class names from it.", "list_beside")]
