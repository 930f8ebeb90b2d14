"""`folder:PATH`: people's own pictures in class folders.

Understood are PATH/CLASS/picture, PATH/SPLIT/CLASS/picture (SPLIT: train, val, test or any name that speaks of one),
either of them one folder deeper, and pictures without any class folder, which can be searched but not scored. Class
folders without splits also get the fixed halves "train" and "test" of `hashed_half`, so that a probe has something
honest to learn from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.catalog.class_words import class_words
from core.readers.base import (
    Classes,
    FilePictures,
    and_more,
    choose_split,
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
from core.readers.split_names import measured_first
from core.readers.stamps import as_last_read
from core.types import Dataset, DatasetSpec, Note

_LISTS = re.compile(
    r"(class(es|names|_names|-names|_index|_list|_labels)?|labels?|label_names|label_map|names|categor(ies|y_names)|words"
    r"|synsets?|synset_words|loc_synset_mapping|imagenet_class(es|_index)|class_to_idx|idx_to_class|id2label|cat_to_name"
    r"|class_dict|wnid_to_(name|label|class|words))\.(txt|csv|tsv|json)",
    re.IGNORECASE,
)

FolderRows = tuple[list[str], list[int]]


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
    rows = _part_rows(layout, part)
    if not rows[0]:
        return _unlabelled(full, chosen, part, layout)
    notes = [
        *layout.notes,
        *class_findings(layout, part),
        *_stray_note(part),
        *_list_note(layout, path),
        *class_words(full.raw_classnames).notes,
    ]
    if half:
        keep = hashed_half(*rows, half)
        rows = [rows[0][i] for i in keep], [rows[1][i] for i in keep]
        text = "This folder has no split of its own: train and test are fixed halves by file name."
        notes.append(Note(text, "fixed_halves"))
    return labelled(
        full, chosen, _root(layout, part), rows, Classes(curated=full.classnames, raw=full.raw_classnames), notes
    )


def _root(layout: Layout, part: Part) -> Path:
    return part.folders[0] if len(part.folders) == 1 else layout.root


def _part_rows(layout: Layout, part: Part) -> FolderRows:
    """Pictures with a class, relative to `_root`, and the position of their class."""
    if part.answers:
        place = {name: position for position, name in enumerate(layout.raw)}
        names = [name for name in list_pictures(part.folders[0]) if name in part.answers]
        return names, [place[part.answers[name]] for name in names]
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
        notes=(note, *layout.notes, *unread_note(names)),
    )


def _stray_note(part: Part) -> Sequence[Note]:
    """Pictures of a labelled split that have no class."""
    if part.answers:
        stray = [name for name in list_pictures(part.folders[0]) if name not in part.answers]
        text = "Images that the list of classes does not name were left out"
    else:
        stray = [name for folder in part.folders for name in pictures_in(folder)]
        text = "Images outside any class folder were left out"
    return [Note(f"{text}: {and_more(stray)}.", "pictures_left_out", "warning")] if stray else []


def _list_note(layout: Layout, path: Path) -> Sequence[Note]:
    """A list of class names beside the pictures is offered, never used by itself."""
    inner = (folder for part in layout.splits.values() for folder in part.folders)
    places = dict.fromkeys((path, layout.root, *inner))
    found = [file for place in places for file in sorted(place.iterdir()) if _LISTS.fullmatch(file.name)]
    if not found:
        return []
    text = f"{and_more([file.name for file in found])} beside the images was not used: --classnames {found[0]} "
    return [Note(f"{text}takes class names from it.", "list_beside")]
