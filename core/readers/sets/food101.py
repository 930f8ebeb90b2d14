"""Food-101: images/ of class folders and the official lists in meta/.

Class names are the whole official list, in the order of the raw names, whatever part of the set is on the disk:
choosing among 101 dishes is another task than among 23.
"""

from __future__ import annotations

import json
from pathlib import Path

from core.catalog.classes import clip_classnames
from core.errors import NotHere, TMVError
from core.readers.base import Classes, class_rows, labelled, locate, strangers_note
from core.readers.sets.base import GB, Archive, KnownSet, underscored
from core.stats.numbers import count, verb
from core.types import Dataset, DatasetSpec, Note

NAMES = clip_classnames("food101")


def find_food101(data_dir: Path) -> Path | None:
    """The folder with images/ and meta/."""
    return locate(data_dir, ("food101",), _is_food101)


def _is_food101(root: Path) -> bool:
    return (root / "images").is_dir() and (root / "meta").is_dir()


def food101_splits(root: Path) -> tuple[str, ...]:
    """The splits that have a list in meta/."""
    return tuple(split for split in ("train", "test") if _food_list(root, split))


def open_food101(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """The pictures of the official list; those of the list that are not on the disk are counted in a note."""
    listed = {f"{entry}.jpg" for entry in _food_entries(root, split)}
    names, labels = class_rows(root / "images", spec.raw_classnames)
    keep = [i for i, name in enumerate(names) if name in listed]
    notes = list(strangers_note(spec, root / "images"))
    if lost := len(listed) - len(keep):
        text = f"{count(lost, 'image')} of the official {split} list {verb(lost)} not here."
        notes.append(Note(text, "pictures_not_here"))
    rows = [names[i] for i in keep], [labels[i] for i in keep]
    return labelled(
        spec, split, root / "images", rows, Classes(curated=spec.classnames, raw=spec.raw_classnames), notes
    )


def _food_list(root: Path, split: str) -> Path | None:
    lists = (root / "meta" / f"{split}.txt", root / "meta" / f"{split}.json")
    return next((path for path in lists if path.is_file()), None)


def _food_entries(root: Path, split: str) -> list[str]:
    """Entries "class/number" of the official list."""
    path = _food_list(root, split)
    if path is None:
        raise NotHere(f"Food-101 needs meta/{split}.txt or meta/{split}.json in {root}; neither is there.")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            return text.split()
        return [str(entry) for entries in json.loads(text).values() for entry in entries]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TMVError(f"{path} is not Food-101's list of images ({error}); get it again.") from None


SET = KnownSet(
    spec=DatasetSpec(
        name="food101",
        title="Food-101",
        kind="classification",
        splits=("train", "test"),
        classnames=NAMES,
        raw_classnames=underscored(NAMES),
        prompt_set="food101",
        published_name="food101",
        licence="Foodspotting images: scientific fair use only",
        source_url="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        why="Fine-grained: dishes that look alike. The official test split of 25,250 is the default.",
        size="101,000 images, 5 GB",
        sizes=(("train", 75_750), ("test", 25_250)),
    ),
    layout="images/apple_pie and its like, and meta/test.txt",
    find=find_food101,
    splits=food101_splits,
    open=open_food101,
    archives=(
        Archive(
            url="http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz",
            md5="85eeb15f3717b99a5da872d97d918f87",
            inner="food-101",
            target="food-101",
            size=4_996_278_331,
            most=8 * GB,
        ),
    ),
)
"""The archive's address and checksum as torchvision 0.29 states them."""
