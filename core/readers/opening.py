"""Every data set by its name: `open_dataset`, what is here, and how to get what is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.demo.sets import DEMO_SETS, DEMO_VERSION, is_written, write_demo_set
from core.errors import NotHere, TMVError, unknown
from core.readers.base import Classes, choose_split, class_rows, labelled, list_folders
from core.readers.captions import describe_captions, open_captions
from core.readers.datasets import find_dataset
from core.readers.folder import describe_folder, open_folder
from core.readers.own_places import own_place
from core.readers.remote_sets import describe_remote, open_remote, read_there
from core.readers.sets import BY_NAME
from core.readers.shard_sets import own_templates
from core.readers.shards import find_shards
from core.readers.webdataset import describe_shards, open_shards
from core.store.own_names import is_remote
from core.system.progress import Progress
from core.types import Dataset, DatasetSpec, State

DATA_VARIABLE, CACHE_VARIABLE = "TMV_DATA", "TMV_CACHE"
_Opener = Callable[[DatasetSpec, str | None, Path], Dataset]
_Describer = Callable[[DatasetSpec, Path], DatasetSpec]
_OWN: dict[str, tuple[_Opener, _Describer]] = {
    "folder": (open_folder, describe_folder),
    "captions": (open_captions, describe_captions),
    "wds": (open_shards, describe_shards),
}


def data_folder(data_dir: Path | None = None) -> Path:
    """The folder of data sets: the argument, or TMV_DATA, or data/ here."""
    return Path(data_dir or os.environ.get(DATA_VARIABLE) or "data").expanduser()


def cache_folder(cache_dir: Path | None = None) -> Path:
    """The cache: the argument, or TMV_CACHE, or cache/ here."""
    return Path(cache_dir or os.environ.get(CACHE_VARIABLE) or "cache").expanduser()


def open_dataset(
    name: str, split: str | None = None, data_dir: Path | None = None, cache_dir: Path | None = None
) -> Dataset:
    """The rows of one split (the default one when not given); lists names, reads no picture.

    Raises `UnknownName` for an unknown set or split, `NotHere` for one that is not on this disk (with how to
    get it), `TMVError` for files that are not what they should be.
    """
    spec = find_dataset(name)
    if name in DEMO_SETS:
        return _open_demo(spec, split, demo_folder(name, cache_dir))
    if name not in BY_NAME:
        opener, _ = _OWN[name.split(":", 1)[0]]
        if is_remote(name):
            return _with_rows(open_remote(spec, split, opener, cache_folder(cache_dir)))
        return _with_rows(opener(spec, split, own_place(name, data_folder(data_dir))))
    reader = BY_NAME[name]
    root = reader.find(data_folder(data_dir))
    if root is None:
        raise NotHere(_missing(spec, data_folder(data_dir)))
    return _with_rows(reader.open(spec, choose_split(spec, split, reader.splits(root), root), root))


def describe_dataset(name: str, data_dir: Path | None = None, cache_dir: Path | None = None) -> DatasetSpec:
    """The record with the splits that are on this disk; for own data also its default split and class names.

    A known set that is not here keeps its catalog record.
    """
    spec = find_dataset(name)
    if name in DEMO_SETS:
        return spec
    if is_remote(name):
        return describe_remote(spec, _OWN[name.split(":", 1)[0]][1], cache_folder(cache_dir))
    if name not in BY_NAME:
        return _OWN[name.split(":", 1)[0]][1](spec, own_place(name, data_folder(data_dir)))
    root = BY_NAME[name].find(data_folder(data_dir))
    there = BY_NAME[name].splits(root) if root else ()
    if not there:
        return spec
    return replace(spec, splits=there, default_split=choose_split(spec, None, there, data_folder(data_dir)))


def brought_templates(name: str, data_dir: Path | None = None, cache_dir: Path | None = None) -> tuple[str, ...]:
    """The templates that lie beside the shards of `wds:PATH`; () where none do. Raises `NotHere` without the shards."""
    if is_remote(name):
        return read_there(name, cache_folder(cache_dir), own_templates)
    path = own_place(name, data_folder(data_dir))
    if not path.exists():
        find_shards(path)  # a pattern; raises where nothing fits it
    return own_templates(path)


def dataset_state(name: str, data_dir: Path | None = None, cache_dir: Path | None = None) -> State:
    """Whether the set can be opened here; looks at folders, opens no picture."""
    spec = find_dataset(name)
    if name in DEMO_SETS:
        if is_written(name, demo_folder(name, cache_dir)):
            return State(state="ready", why="generated on this machine")
        return State(state="downloadable", why="drawn on this machine at first use, in seconds, without a network")
    try:
        there = describe_dataset(name, data_dir, cache_dir)
        found = name not in BY_NAME or BY_NAME[name].find(data_folder(data_dir)) is not None
    except TMVError as error:
        return State(state="absent", why=str(error))
    if found:
        return State(state="ready", why=f"splits here: {', '.join(there.splits)}")
    return State(
        state="downloadable" if BY_NAME[name].archives else "absent", why=_missing(spec, data_folder(data_dir))
    )


def demo_folder(name: str, cache_dir: Path | None = None) -> Path:
    """Where a demo set lies once it is drawn."""
    return cache_folder(cache_dir) / "demo" / DEMO_VERSION / name


def make_demo(name: str, cache_dir: Path | None = None, progress: Progress | None = None) -> None:
    """Draw a demo set (about ten seconds); does nothing when it is there. Raises `UnknownName`."""
    if name not in DEMO_SETS:
        raise unknown("demo set", name, DEMO_SETS)
    write_demo_set(name, demo_folder(name, cache_dir), progress)


def _open_demo(spec: DatasetSpec, split: str | None, folder: Path) -> Dataset:
    if not is_written(spec.name, folder):
        raise NotHere(f"{spec.name} is not drawn yet; open the dashboard, or run python -m core embed.")
    chosen = choose_split(spec, split, spec.splits, folder)
    if spec.kind == "captions":
        return replace(open_captions(spec, chosen, folder), spec=spec)
    rows = class_rows(folder / chosen, spec.raw_classnames)
    return labelled(spec, chosen, folder / chosen, rows, Classes(curated=spec.classnames, raw=spec.raw_classnames))


def _with_rows(dataset: Dataset) -> Dataset:
    """Refuse an empty split, whatever the reader: nothing later could be computed from it."""
    if not len(dataset):
        raise NotHere(f"There are no images in the split {dataset.split!r} of {dataset.spec.name}.")
    return dataset


def _missing(spec: DatasetSpec, folder: Path) -> str:
    known = BY_NAME[spec.name]
    if known.archives:
        how = f"download it under Data & models ({spec.size}), or put it there from {spec.source_url}"
    else:
        how = known.by_hand
    if (there := _folder_of(spec.name, folder)) is not None:
        own = (
            f"if its captions are there, give captions:{there}"
            if spec.kind == "captions"
            else (f"if these are its images in class folders, give folder:{there}")
        )
        return f"{spec.title} is not in {there} in a layout that is known ({known.layout}); {own}, or {how}."
    return f"{spec.title} is not in {folder} (set {DATA_VARIABLE} to another folder); {how}."


def stands_there(name: str, data_dir: Path | None = None) -> bool:
    """Whether something lies where the pictures of a data set should be, whatever it is."""
    if name in DEMO_SETS or is_remote(name):
        return False
    if name in BY_NAME:
        return _folder_of(name, data_folder(data_dir)) is not None
    return own_place(name, data_folder(data_dir)).exists()


def _folder_of(name: str, folder: Path) -> Path | None:
    """The folder that bears the name of a known set, well-kept or not."""
    names = list_folders(folder) if folder.is_dir() else []
    return next((folder / found for found in names if _spelled(found).startswith(_spelled(name))), None)


def _spelled(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
