"""Whether what was read as classes are classes: one alone, names of splits, folders that hold folders."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import TMVError
from core.images.decode import unread_format
from core.readers.base import and_more, holds_pictures, list_folders, list_pictures, pictures_in, readable
from core.readers.folder_layout import Layout, Part
from core.readers.name_entries import fold
from core.readers.split_names import CONTAINERS, SIDES, SplitName, split_name
from core.stats.numbers import count
from core.types import Note

_LOOKED_INTO = 20


def class_findings(layout: Layout, part: Part) -> list[Note]:
    """Notes on the classes of one split. Raises `TMVError` where each "class" is a data set with splits of its own."""
    notes = [*_empty_note(layout, part), *_one_class(layout, part), *_split_classes(layout, part)]
    notes += [*_container_classes(layout), *_other_bytes(layout)]
    if not part.answers:
        notes += [*_inner_folders(layout, part), *_same_folders(layout, part), *_unlike_splits(layout)]
    return notes


def _empty_note(layout: Layout, part: Part) -> list[Note]:
    if not layout.empty:
        return []
    places = [folder / name for folder in part.folders for name in layout.empty if (folder / name).is_dir()]
    unread = [f"{place.name}/{file}" for place in places for file in list_pictures(place, unread=True)]
    text = f"Folders without images were left out: {and_more(layout.empty)}"
    if not unread:
        return [Note(f"{text}.", "empty_folders")]
    kinds = ", ".join(sorted({unread_format(name) or "broken links" for name in unread}))
    text += f"; {count(len(unread), 'file')} in them cannot be read ({kinds}): {and_more(unread)}."
    return [Note(text, "empty_folders", "warning")]


def _one_class(layout: Layout, part: Part) -> list[Note]:
    """Among one class every picture is right, whatever the model sees."""
    if len(layout.raw) != 1:
        return []
    text = f"There is one class only, {layout.raw[0]}, so every answer is right whatever the model says"
    folder = part.folders[0] / layout.raw[0]
    inner = _pictured(folder) if folder.is_dir() else []
    while len(inner) == 1:
        folder = folder / inner[0]
        inner = _pictured(folder)
    meant = f"; folder:{folder} looks meant, with the classes {and_more(inner)}" if inner else ""
    return [Note(f"{text}{meant}.", "one_class", "fault")]


def _split_classes(layout: Layout, part: Part) -> list[Note]:
    """Classes that have the names of splits. One such name among others is a thing: a train beside buses; less surely
    so where it holds folders of its own."""
    found = [split for name in layout.raw if (split := split_name(name))]
    alone = len(found) == len(layout.raw)
    deep = [split for split in found if split.exact and len(_inner_of(part, split)) > 1]
    if not found or not (alone or deep or len({split.split for split in found}) > 1):
        return []
    names = and_more([split.folder for split in found])
    text = (
        f"Classes have names of splits ({names}); where they are splits, give one of them alone, such as "
        f"folder:{part.folders[0] / found[0].folder}."
    )
    sure = alone and all(split.plain for split in found)
    return [Note(text, "split_classes", "fault" if sure else "warning")]


def _inner_of(part: Part, split: SplitName) -> list[str]:
    return [
        name for folder in part.folders if (folder / split.folder).is_dir() for name in _pictured(folder / split.folder)
    ]


def _container_classes(layout: Layout) -> list[Note]:
    """ "images" and "masks" are no things to tell apart."""
    kinds = [name for name in layout.raw if fold(name) in CONTAINERS or fold(name) in SIDES]
    if not kinds:
        return []
    if len(kinds) < len(layout.raw):
        return [Note(f"Read as a class like the others: {and_more(kinds)}.", "container_classes")]
    text = f"The classes are {and_more(kinds)}: folders of a data set, not things in its images."
    return [Note(text, "container_classes", "fault")]


def _other_bytes(layout: Layout) -> list[Note]:
    """Names of folders in another encoding, which no prompt can hold as they are."""
    strange = [name for name in layout.raw if readable(name) != name]
    if not strange:
        return []
    text = (
        f"Names of folders that are not UTF-8 go into prompts as their bytes: {and_more(strange)}; rename them, or "
        "give names with --classnames FILE."
    )
    return [Note(text, "names_not_utf8", "warning")]


# --- what lies in the class folders -----------------------------------------------------------------------


def _pictured(folder: Path) -> list[str]:
    return [name for name in list_folders(folder) if holds_pictures(folder / name)]


def _contained(folder: Path) -> Path:
    """The folder, or "images" in it where that is all it holds."""
    names = _pictured(folder)
    alone = len(names) == 1 and fold(names[0]) in CONTAINERS
    return folder / names[0] if alone and _pictured(folder / names[0]) else folder


def _inner_folders(layout: Layout, part: Part) -> list[Note]:
    """Class folders that hold folders only: these may be the classes, or splits."""
    folders = [folder / name for folder in part.folders for name in part.classes[:_LOOKED_INTO]]
    inner = {folder: _pictured(folder) for folder in folders if folder.is_dir() and not pictures_in(folder)}
    splits = {folder: names for folder, names in inner.items() if names and all(map(_is_split, names))}
    below = {place: _pictured(place) for place in (_contained(folder) for folder in inner if folder not in splits)}
    several = {folder: names for folder, names in below.items() if len(names) > 1}
    if len(layout.raw) < 2:
        return []
    again = {fold(name) for names in several.values() for name in names} & set(map(fold, layout.raw))
    return [*_inner_splits(layout, splits), *_inner_classes(several, sure=len(inner) < len(folders) and not again)]


def _inner_classes(several: dict[Path, list[str]], *, sure: bool) -> list[Note]:
    """`sure`: some class holds pictures directly, and none holds a folder with the name of another."""
    if not several:
        return []
    folder, names = max(several.items(), key=lambda item: len(item[1]))
    name = f"{folder.parent.name}/{folder.name}" if fold(folder.name) in CONTAINERS else folder.name
    text = (
        f"Folders inside class folders were read as part of these ({name}: {and_more(names)}); "
        f"folder:{folder} takes them for the classes."
    )
    return [Note(text, "folders_in_classes", "info" if sure else "warning")]


def _inner_splits(layout: Layout, splits: dict[Path, list[str]]) -> list[Note]:
    if not splits:
        return []
    folder, names = next(iter(splits.items()))
    deeper = [folder / name for folder, names in splits.items() for name in names]
    if len(splits) == len(layout.raw) and all(_pictured(place) for place in deeper):
        raise TMVError(
            f"{folder.parent} holds {and_more([place.name for place in splits])}, each with splits of its own "
            f"({and_more(names)}); give one of them, such as folder:{folder}."
        )
    text = (
        f"Class folders hold splits ({folder.name}: {and_more(names)}), which were read together; folder:{folder} "
        "reads these as splits."
    )
    return [Note(text, "splits_in_classes", "warning")]


def _is_split(name: str) -> bool:
    found = split_name(name)
    return found is not None and found.exact


def _same_folders(layout: Layout, part: Part) -> list[Note]:
    """Links that make one folder two classes."""
    seen: dict[tuple[int, int], str] = {}
    twice = []
    for folder in part.folders:
        for name in part.classes:
            if not (folder / name).is_dir():
                continue
            stat = os.stat(folder / name)  # noqa: PTH116
            first = seen.setdefault((stat.st_dev, stat.st_ino), name)
            twice += [f"{first} and {name}"] if first != name else []
    if not twice:
        return []
    text = f"One folder belongs to several classes, so its images have several labels: {and_more(twice)}."
    return [Note(text, "same_folder", "fault")]


def _unlike_splits(layout: Layout) -> list[Note]:
    """Splits that share no class are no splits of one data set."""
    parts = [(name, set(part.classes)) for name, part in layout.splits.items() if part.classes]
    strange = [name for name, own in parts if not any(own & other for n, other in parts if n != name)]
    if len(parts) < 2 or not strange:
        return []
    own = and_more(layout.splits[strange[0]].classes)
    text = (
        f"The split {strange[0]} shares no class with the others ({own}); the classes of all splits were put together."
    )
    return [Note(text, "splits_share_no_class", "warning")]
