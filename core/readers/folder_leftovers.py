"""What lies among the images of a folder and is none: archives, files of arrays and tables, links that lead nowhere,
images without an ending in their name. Whoever brought them meant them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.images.decode import is_picture_name
from core.readers.base import and_more, list_folders
from core.readers.beside import ARCHIVES, ARRAYS, LOOKED_INTO, other_files, some_files, suffix_of, without_ending
from core.readers.folder_layout import Layout, Part
from core.readers.label_table import tables_in
from core.types import Note

_TABLES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".xml"})


def leftovers(layout: Layout, part: Part) -> list[Note]:
    """Notes on what was left out beside the classes and, of the first class folders, in them."""
    places = list(dict.fromkeys((layout.root, *part.folders)))
    inner = [folder / name for folder in part.folders for name in part.classes[:LOOKED_INTO]]
    classes = [place for place in inner if place.is_dir()]
    read = {fold_name(name) for place in places for name in (place.name, *list_folders(place))}
    files = [entry for place in (*places, *classes) for entry in other_files(place)]
    archives = [e for e in files if suffix_of(e.name) in ARCHIVES and fold_name(e.name.split(".")[0]) not in read]
    arrays = [e for e in files if suffix_of(e.name) in ARRAYS]
    notes = []
    if archives:
        text = f"Archives beside the images were not read: {some_files(archives)}; unpack them to have them read."
        notes.append(Note(text, "archives_left_out"))
    if arrays:
        text = f"Files beside the images that are no image files were not read: {some_files(arrays)}."
        notes.append(Note(text, "arrays_left_out"))
    if dead := [entry for entry in files if entry.is_symlink() and not Path(entry.path).exists()]:
        notes.append(Note(f"Links that lead nowhere were left out: {some_files(dead)}.", "dead_links", "warning"))
    if unnamed := list(without_ending(files)):
        text = (
            f"Images without an ending in their name were left out: {and_more(unnamed)}; give them theirs (.jpg, .png)."
        )
        notes.append(Note(text, "no_ending", "warning"))
    return notes


def tables_beside(layout: Layout, part: Part) -> list[Note]:
    """Tables beside images that have no class: one called labels.csv that names none of them, or others."""
    places = list(dict.fromkeys((*part.folders, layout.root)))
    if unused := [table for place in places for table in tables_in(place)]:
        text = (
            f"{unused[0].name} names none of these images, so it was not used; expected lines such as "
            f"{_first_image(part.folders)},cat|dog."
        )
        return [Note(text, "table_not_used", "warning")]
    files = [entry for place in places for entry in other_files(place) if suffix_of(entry.name) in _TABLES]
    if not files:
        return []
    text = (
        f"Beside the images and not read: {some_files(files)}; labels are read from labels.csv (image,labels), "
        "captions with captions: instead of folder:."
    )
    return [Note(text, "table_beside")]


def fold_name(name: str) -> str:
    """A name for comparison: without case and marks."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _first_image(folders: Sequence[Path]) -> str:
    found = (entry.name for folder in folders for entry in os.scandir(folder) if is_picture_name(entry.name))
    return min(found, default="a.jpg")
