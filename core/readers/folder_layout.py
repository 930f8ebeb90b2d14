"""Which of the layouts a folder has: classes alone, splits of classes, either of them one folder deeper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import NotHere, TMVError
from core.images.decode import unread_format
from core.readers.base import (
    and_more,
    hidden_folders,
    holds_pictures,
    links_up,
    list_folders,
    list_pictures,
    pictures_in,
)
from core.readers.beside import kinds_in
from core.readers.folder_splits import Disk, check_together, container, inner_splits, inside, named_splits, splits_at
from core.readers.label_table import LabelTable, read_label_table, tables_in
from core.readers.name_entries import fold
from core.readers.split_names import split_name
from core.readers.stamps import about_to_read, as_last_read
from core.readers.text_files import read_text
from core.stats.numbers import count
from core.types import Note

_DEEPEST = 3
_LARGEST = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One split: the `folders` in which its class folders begin (several where they are one split), the `classes`
    among these, and the list that says the classes of each picture where no folder does (empty where there is none);
    `table` is the file it is from, where that is a table of labels."""

    folders: tuple[Path, ...]
    classes: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    table: Path | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What was found under `root`: splits by name ("all" where there are none), all classes, and what to say of it."""

    root: Path
    splits: Mapping[str, Part]
    raw: tuple[str, ...]
    empty: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def halves(self) -> bool:
        """Whether the fixed halves are offered."""
        return "all" in self.splits and bool(self.raw)

    @property
    def several(self) -> bool:
        """Whether an image may have none or several labels: where some image of any split has several."""
        return any(len(labels) > 1 for part in self.splits.values() for labels in part.answers.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The splits one may ask for."""
        return (*self.splits, "train", "test") if self.halves else tuple(self.splits)

    @property
    def labelled(self) -> tuple[str, ...]:
        """The splits whose pictures have classes."""
        return tuple(name for name, part in self.splits.items() if part.classes)


def read_layout(root: Path) -> Layout:
    """Find out which of the layouts `root` has; reads folder names, not pictures. Raises `NotHere` or `TMVError`."""
    return as_last_read(("layout", root), lambda: _read_layout(root))


def _read_layout(root: Path) -> Layout:
    if not root.exists():
        raise NotHere(f"There is no folder {root}; give the path of a folder of images.")
    if not root.is_dir():
        raise TMVError(f"{root} is a file; folder: needs the folder that holds the class folders.")
    disk = Disk()
    place, splits, notes = _place(disk, root, 0)
    parts = {name: _part(disk, root, place, folders) for name, folders in splits.items()}
    if not any(part.classes or disk.flat(folder) for part in parts.values() for folder in part.folders):
        raise NotHere(_nothing(root))
    raw = tuple(sorted({name for part in parts.values() for name in part.classes}))
    empty = _empty_folders([folder for part in parts.values() for folder in part.folders], raw)
    notes = (*notes, *_inside_notes(place, splits, parts), *_beside(disk, place, splits), *_hidden(parts))
    return Layout(root=place, splits=parts, raw=raw, empty=empty, notes=notes)


def _place(disk: Disk, root: Path, depth: int) -> tuple[Path, dict[str, tuple[str, ...]], tuple[Note, ...]]:
    """The folder in which splits or classes begin, its splits, and what was chosen on the way."""
    found = splits_at(disk, root)
    nested = [(split.folder, names) for split in found if (names := inner_splits(disk, root / split.folder))]
    if nested and len(disk.pictured(root)) > 1:
        folder, names = nested[0]
        raise TMVError(
            f"{root / folder} holds splits itself ({and_more(names)}); give folder:{root / folder} for its images."
        )
    deeper = inside(disk, root / nested[0][0]) if nested else None if found else _wrapped(disk, root)
    if deeper is not None and depth < _DEEPEST:
        place, splits, notes = _place(disk, deeper, depth + 1)
        return place, splits, (_deeper_note(disk, root, deeper), *notes)
    splits = named_splits(found)
    together = [folder for folders in splits.values() if len(folders) > 1 for folder in folders]
    rows = {folder: list_pictures(inside(disk, root / folder)) for folder in together}
    check_together(splits, rows)
    return root, splits or {"all": ()}, _split_notes(splits)


def _deeper_note(disk: Disk, root: Path, deeper: Path) -> Note:
    inner = deeper.relative_to(root).as_posix()
    others = [name for name in disk.pictured(root) if name != inner.split("/")[0]]
    left = f"; {and_more(others)} beside it was left out" if others else ""
    return Note(f"The images were read from the folder {inner}{left}.", "found_deeper")


def _wrapped(disk: Disk, root: Path) -> Path | None:
    """The one folder in which everything lies: "images", or one that holds splits or has the name of its parent."""
    if disk.flat(root):
        return None
    names = disk.pictured(root)
    if (holder := container(names)) is not None:
        return root / holder
    if len(names) != 1:
        return None
    only = root / names[0]
    again = fold(names[0]) == fold(root.name) and bool(disk.pictured(only))
    return only if again or splits_at(disk, only) else None


# --- one split --------------------------------------------------------------------------------------------


def _part(disk: Disk, root: Path, place: Path, folders: Sequence[str]) -> Part:
    found = tuple(inside(disk, place / folder) for folder in folders) or (place,)
    classes = {name for folder in found for name in disk.pictured(folder)}
    answers: Mapping[str, tuple[str, ...]] = {}
    table = None
    if not classes and len(found) == 1:
        table = _table(root, place, [place / folder for folder in folders], found[0])
        answers = table.labels if table else {}
        if not table and folders:
            answers = _answers([place / folders[0], found[0]], pictures_in(found[0]))
    named = {name for names in answers.values() for name in names}
    return Part(
        folders=found,
        classes=tuple(sorted(classes or named)),
        answers=answers,
        table=table.file if table else None,
        notes=table.notes if table else (),
    )


def _table(root: Path, place: Path, folders: Sequence[Path], found: Path) -> LabelTable | None:
    """The table of labels of one split: beside its images, or above them for all splits."""
    above = [folder for folder in (*folders, place, root) if found != folder and found.is_relative_to(folder)]
    prefixes = [f"{found.relative_to(folder).as_posix()}/" for folder in above]
    if not any(tables_in(folder) for folder in (found, *above)):
        return None
    return read_label_table([found, *above], pictures_in(found), prefixes)


def _answers(places: Sequence[Path], pictures: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Picture -> class, from a list such as Tiny-ImageNet's val_annotations.txt: name, tab, class."""
    wanted = set(pictures)
    for file in dict.fromkeys(file for place in places for file in sorted(place.glob("*annotations*.txt"))):
        about_to_read(file)
        rows = [line.split("\t") for line in read_text(file, _LARGEST).lines()]
        told = {row[0]: row[1].strip() for row in rows if len(row) > 1 and row[0] in wanted}
        found: dict[str, tuple[str, ...]] = {name: (label,) for name, label in told.items() if label}
        if 2 * len(found) > len(wanted):
            return found
    return {}


# --- what is said -----------------------------------------------------------------------------------------


def _split_notes(splits: Mapping[str, Sequence[str]]) -> tuple[Note, ...]:
    notes = []
    for name, folders in splits.items():
        if len(folders) > 1:
            notes.append(Note(f"{' and '.join(folders)} were both read as the split {name}.", "splits_together"))
    told = {folder: name for name, folders in splits.items() for folder in folders}
    guessed = [f for f in told if not ((found := split_name(f)) and found.exact and not f.lower().startswith("fold"))]
    if splits and (guessed or not {"train", "val", "test"} & splits.keys()):
        names = ", ".join(f"{folder} as {name}" if folder != name else name for folder, name in told.items())
        text = f"Folders were read as splits, not classes, by their names: {names}; --split chooses one."
        notes.append(Note(text, "splits_by_name"))
    return tuple(notes)


def _inside_notes(place: Path, splits: Mapping[str, Sequence[str]], parts: Mapping[str, Part]) -> list[Note]:
    """Splits whose class folders, or pictures, begin a folder deeper."""
    deeper = [
        found.relative_to(place).as_posix()
        for name, folders in splits.items()
        # Without splits there are no names, and the one folder is the place itself.
        for folder, found in zip(folders, parts[name].folders, strict=False)
        if found != place / folder
    ]
    return [Note(f"The images were read from the folders {and_more(deeper)}.", "found_deeper")] if deeper else []


def _beside(disk: Disk, place: Path, splits: Mapping[str, Sequence[str]]) -> list[Note]:
    """What lies beside the splits and belongs to none."""
    if "all" in splits:
        return []
    taken = {folder for folders in splits.values() for folder in folders}
    others = [name for name in disk.pictured(place) if name not in taken]
    notes = []
    if others:
        text = f"Folders of images beside the splits were left out: {and_more(others)}"
        notes.append(Note(f"{text}; folder:{place / others[0]} reads that one alone.", "beside_the_splits"))
    if disk.flat(place):
        text = f"Images beside the splits were left out: {and_more(pictures_in(place))}."
        notes.append(Note(text, "pictures_left_out", "warning"))
    return notes


def _empty_folders(folders: Sequence[Path], raw: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({name for folder in folders for name in list_folders(folder)} - set(raw)))


def _hidden(parts: Mapping[str, Part]) -> list[Note]:
    folders = [folder for part in parts.values() for folder in part.folders]
    hidden = [name for folder in folders for name in hidden_folders(folder) if holds_pictures(folder / name)]
    upward = [name for folder in folders for name in links_up(folder)]
    notes = []
    if hidden:
        text = f"Hidden folders were left out: {and_more(hidden)}; rename them to have them read."
        notes.append(Note(text, "hidden_folders", "warning"))
    if upward:
        text = f"Links back to a folder above are no classes and were left out: {and_more(upward)}."
        notes.append(Note(text, "links_up"))
    return notes


def _nothing(root: Path) -> str:
    """Why a folder without pictures is refused, with a hint from what lies in it instead."""
    unread = list_pictures(root, unread=True)
    if unread:
        kinds = ", ".join(sorted({unread_format(name) or "broken links" for name in unread}))
        text = f"{count(len(unread), 'file')} that cannot be read ({kinds}): {and_more(unread)}"
        return f"There are no images that can be read under {root}, only {text}; save them as JPEG or PNG."
    names = [entry.name for entry in root.iterdir() if not entry.name.startswith(".")]
    suffixes = {Path(name).suffix.lower() for name in names}
    hint = "put images into one folder for each class."
    if ".tar" in suffixes:
        hint = f"it holds tar files: for webdataset shards write wds:{root}."
    elif suffixes & {".zip", ".gz", ".tgz"}:
        hint = "it holds archives: unpack them first."
    elif held := kinds_in(root):
        hint = f"it holds {held}."
    elif suffixes & {".json", ".csv", ".tsv"}:
        hint = f"for images with captions write captions:{root}."
    return f"There are no images under {root}; {hint}"
