"""How much of a data set is on this disk: counted, never guessed, and bounded where a folder is very large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from core.errors import TMVError
from core.readers.base import first_picture, list_folders, pictures_under
from core.readers.datasets import find_dataset
from core.readers.folder_layout import read_layout
from core.readers.opening import data_folder, dataset_state, demo_folder, describe_dataset, open_dataset
from core.readers.own_places import own_place
from core.readers.remote_outline import old_will_do
from core.readers.sets import BY_NAME
from core.readers.stamps import as_last_read, file_stamp
from core.store.own_names import is_own_data, is_remote
from core.system.memo import Latest
from core.types import Carries, Dataset, DatasetSpec, OnDisk, State

MOST_IMAGES, MOST_FILES, MOST_BYTES = 50_000, 200, 200_000_000
_COUNTED = Latest(256)
"""What was counted last, while no folder of it has changed."""


def on_disk(name: str, data_dir: Path | None = None, cache_dir: Path | None = None) -> OnDisk:
    """What is here of a data set, as counted last where nothing has changed since."""
    if is_remote(name):
        with old_will_do():
            return _count(name, data_dir, cache_dir)
    place = _place(name, data_dir, cache_dir)
    files = tuple(file_stamp(file) for file in _files(place)) if place else ()
    key = (name, place, files)
    return as_last_read(key, lambda: _count(name, data_dir, cache_dir), _COUNTED)


def _place(name: str, data_dir: Path | None, cache_dir: Path | None) -> Path | None:
    if is_own_data(name):
        return own_place(name, data_folder(data_dir))
    return BY_NAME[name].find(data_folder(data_dir)) if name in BY_NAME else demo_folder(name, cache_dir)


def _files(place: Path) -> Iterator[Path]:
    """Lists and archives whose content is counted: files directly in the folder and one folder deeper."""
    if not place.is_dir():
        yield place
        return
    for folder in (place, *(place / name for name in list_folders(place)[:MOST_FILES])):
        files = (f for f in folder.iterdir() if f.suffix.lower() in (".csv", ".tsv", ".json", ".jsonl", ".txt", ".tar"))
        yield from islice(files, MOST_FILES)


def _count(name: str, data_dir: Path | None, cache_dir: Path | None) -> OnDisk:
    spec, state = find_dataset(name), dataset_state(name, data_dir, cache_dir)
    whole = sum(n for split, n in spec.sizes if split != "all")
    carries: Carries = "captions" if spec.kind == "captions" else "classes"
    nothing = OnDisk(name=name, title=spec.title, carries="" if is_own_data(name) else carries, state=state)
    if state.state != "ready":
        return replace(nothing, classes=len(spec.classnames), whole=whole)
    try:
        described = describe_dataset(name, data_dir, cache_dir)
        if is_remote(name):
            return _rows_counted(described, nothing, lambda split: open_dataset(name, split, data_dir, cache_dir))
        if name.startswith("folder:") and (large := _large_folder(described, nothing, data_dir)):
            return large
        if why := _too_large(name, data_dir):
            return replace(nothing, carries=carries, splits=described.splits, state=State(state="ready", why=why))
        return _rows_counted(described, nothing, lambda split: open_dataset(name, split, data_dir, cache_dir))
    except TMVError as error:
        return replace(nothing, state=State(state="absent", why=str(error)))


def _rows_counted(spec: DatasetSpec, found: OnDisk, read: Callable[[str], Dataset]) -> OnDisk:
    """Counts over the splits that hold different images: fixed halves of "all" are the same ones again."""
    apart = ("all",) if "all" in spec.splits else spec.splits
    parts = [read(split) for split in apart]
    first = next((rows for rows in parts if rows.split == spec.default_split), parts[0])
    labelled = any(rows.labels is not None or rows.label_pairs is not None for rows in parts)
    captions = sum(len(rows.captions) for rows in parts)
    sizes = dict(spec.sizes)
    return replace(
        found,
        carries="captions" if captions else "classes" if labelled else "images",
        splits=spec.splits,
        images=sum(map(len, parts)),
        whole=sum(sizes.get(split, 0) for split in apart),
        classes=len(first.classnames) if labelled else 0,
        captions=captions,
        sample=first.ids[len(first) // 2],
        sample_split=first.split,
    )


def _large_folder(spec: DatasetSpec, found: OnDisk, data_dir: Path | None) -> OnDisk | None:
    """What a look at the first MOST_IMAGES tells of a folder that holds more; None where it does not."""
    place = own_place(spec.name, data_folder(data_dir))
    if sum(1 for _ in islice(pictures_under(place), MOST_IMAGES + 1)) <= MOST_IMAGES:
        return None
    layout = read_layout(place)
    part, sample = layout.splits.get(spec.default_split), ""
    if part is not None and part.classes and len(part.folders) == 1:
        classname = part.classes[len(part.classes) // 2]
        sample = f"{classname}/{first_picture(part.folders[0] / classname)}"
    return replace(
        found,
        carries="classes" if spec.classnames else "images",
        splits=spec.splits,
        images=MOST_IMAGES,
        more=True,
        classes=len(spec.classnames),
        sample=sample,
        sample_split=spec.default_split if sample else "",
    )


def _too_large(name: str, data_dir: Path | None) -> str:
    """Why captions or shards are not counted in passing; "" where they are."""
    if not name.startswith(("captions:", "wds:")):
        return ""
    sizes = [f.stat().st_size for f in _files(own_place(name, data_folder(data_dir))) if f.is_file()]
    tars = name.startswith("wds:")
    if len(sizes) >= MOST_FILES:
        return f"more than {MOST_FILES} files, so its images are counted when it is embedded"
    if sum(sizes) > (MOST_BYTES * 100 if tars else MOST_BYTES):
        return "very large, so its images are counted when it is embedded"
    return ""
