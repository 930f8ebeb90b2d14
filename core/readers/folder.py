"""`folder:PATH`: people's own pictures in class folders.

Understood are PATH/CLASS/picture, PATH/SPLIT/CLASS/picture (SPLIT: train, val or test, or a longer word for
it), and pictures without any class folder, which can be searched but not scored. Class folders without splits
also get the fixed halves "train" and "test" of `hashed_half`, so that a probe has something honest to learn
from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog.classes import words_of
from core.readers.base import (
    Classes,
    FilePictures,
    and_more,
    canonical_split,
    choose_split,
    class_rows,
    hashed_half,
    holds_pictures,
    labelled,
    list_folders,
    list_pictures,
    pictures_in,
    readable,
)
from core.readers.stamps import as_last_read
from core.types import Dataset, DatasetSpec, NotHere, TMVError

_DEFAULTS = ("test", "val", "all", "train")


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found: `splits` name -> folder ("all" -> PATH where there are none), and all classes."""

    root: Path
    splits: dict[str, Path]
    raw: tuple[str, ...]
    empty: tuple[str, ...]

    @property
    def halves(self) -> bool:
        """Whether the fixed halves are offered."""
        return "all" in self.splits and bool(self.raw)

    @property
    def names(self) -> tuple[str, ...]:
        """The splits one may ask for."""
        return (*self.splits, "train", "test") if self.halves else tuple(self.splits)


def describe_folder(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with splits, default split and class names filled in from the disk."""
    layout = read_layout(path)
    default = next(split for split in _DEFAULTS if split in layout.splits)
    curated = tuple(words_of(readable(name)) for name in layout.raw)
    raw = tuple(map(readable, layout.raw))
    return replace(spec, splits=layout.names, default_split=default, classnames=curated, raw_classnames=raw)


def open_folder(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    full = describe_folder(spec, path)
    chosen = choose_split(full, split, read_layout(path).names, path)
    return as_last_read((full, chosen, path), lambda: _read_rows(full, chosen, path))


def _read_rows(full: DatasetSpec, chosen: str, path: Path) -> Dataset:
    layout = read_layout(path)
    half = chosen if layout.halves and chosen != "all" else None
    folder = layout.splits["all" if half else chosen]
    rows = class_rows(folder, layout.raw)
    if not rows[0]:
        return _unlabelled(full, chosen, folder)
    notes = [*_class_notes(layout, full), *_stray_note(folder)]
    if half:
        keep = hashed_half(*rows, half)
        rows = [rows[0][i] for i in keep], [rows[1][i] for i in keep]
        notes.append("This folder has no split of its own: train and test are fixed halves by file name.")
    return labelled(full, chosen, folder, rows, Classes(full.classnames, full.raw_classnames), notes)


def read_layout(root: Path) -> Layout:
    """Find out which of the layouts `root` has; reads folder names, not pictures."""
    return as_last_read(("layout", root), lambda: _read_layout(root))


def _read_layout(root: Path) -> Layout:
    if not root.exists():
        raise NotHere(f"There is no folder {root}; give the path of a folder of pictures.")
    if not root.is_dir():
        raise TMVError(f"{root} is a file; folder: needs the folder that holds the class folders.")
    splits = _split_folders(root) or {"all": root}
    folders = {name for folder in splits.values() for name in list_folders(folder)}
    full = {n for n in folders if any((f / n).is_dir() and holds_pictures(f / n) for f in splits.values())}
    if not full and not any(pictures_in(folder) for folder in splits.values()):
        raise NotHere(_nothing(root))
    return Layout(root, splits, tuple(sorted(full)), tuple(sorted(folders - full)))


def _split_folders(root: Path) -> dict[str, Path]:
    """The split folders; none if another folder holds pictures: then "train" is a class, of vehicles say."""
    folders = list_folders(root)
    named = [name for name in folders if canonical_split(name)]
    others = [name for name in folders if not canonical_split(name)]
    if not named or any(pictures_in(root / name) for name in others):
        return {}
    splits: dict[str, Path] = {}
    for name in named:
        split = canonical_split(name) or name
        if holds_pictures(root / name):
            splits[split if split not in splits else name.lower()] = root / name
    return {split: splits[split] for split in sorted(splits, key=_split_order)}


def _split_order(split: str) -> tuple[int, str]:
    order = ("train", "val", "test")
    return (order.index(split) if split in order else len(order), split)


def _unlabelled(spec: DatasetSpec, split: str, folder: Path) -> Dataset:
    names = list_pictures(folder)
    note = "There are no class folders here: these pictures can be searched, not scored."
    return Dataset(
        spec, split, tuple(map(readable, names)), FilePictures(folder, tuple(names)), None,
        spec.classnames, spec.raw_classnames, notes=(note,),
    )  # fmt: skip


def _class_notes(layout: Layout, spec: DatasetSpec) -> list[str]:
    notes = []
    if layout.empty:
        notes.append(f"Folders without pictures were left out: {and_more(layout.empty)}.")
    twice = [name for name, count in Counter(spec.classnames).items() if count > 1]
    if twice:
        notes.append(f"Several folders share a class name: {and_more(twice)}.")
    return notes


def _stray_note(folder: Path) -> Sequence[str]:
    stray = pictures_in(folder)
    return [f"Pictures outside any class folder were left out: {and_more(stray)}."] if stray else []


def _nothing(root: Path) -> str:
    """Why a folder without pictures is refused, with a hint from what lies in it instead."""
    names = [entry.name for entry in root.iterdir() if not entry.name.startswith(".")]
    suffixes = {Path(name).suffix.lower() for name in names}
    hint = "put pictures into one folder for each class."
    if ".tar" in suffixes:
        hint = f"it holds tar files: for webdataset shards write wds:{root}."
    elif suffixes & {".zip", ".gz", ".tgz"}:
        hint = "it holds archives: unpack them first."
    elif suffixes & {".json", ".csv", ".tsv"}:
        hint = f"for pictures with captions write captions:{root}."
    return f"There are no pictures under {root}; {hint}"
