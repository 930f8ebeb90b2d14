"""ImageNet-mini (Kaggle's imagenetmini-1000): train/ and val/ of wnid folders."""

from __future__ import annotations

from pathlib import Path

from core.catalog.classes import imagenet_classnames
from core.readers.base import Classes, class_rows, labelled, list_folders, locate, strangers_note
from core.readers.sets.base import KnownSet
from core.types import Dataset, DatasetSpec

_IMAGENET_FOLDERS = {"train": ("train",), "val": ("val", "validation", "valid")}


def find_imagenet_mini(data_dir: Path) -> Path | None:
    """The folder with train/ and val/ of wnid folders (Kaggle's imagenetmini-1000)."""
    names = ("imagenetmini", "imagenetmini1000", "imagenet1000mini")
    return locate(data_dir, names, lambda root: bool(imagenet_mini_splits(root)))


def imagenet_mini_splits(root: Path) -> tuple[str, ...]:
    """Which of train and val hold wnid folders."""
    return tuple(split for split in _IMAGENET_FOLDERS if _imagenet_folder(root, split))


def open_imagenet_mini(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """One split; folders that are no wnid of ImageNet-1k are named in a note."""
    folder = _imagenet_folder(root, split)
    assert folder is not None  # the split was chosen among those found
    notes = strangers_note(spec, folder)
    rows = class_rows(folder, spec.raw_classnames)
    return labelled(spec, split, folder, rows, Classes(curated=spec.classnames, raw=spec.raw_classnames), notes)


def _imagenet_folder(root: Path, split: str) -> Path | None:
    for word in _IMAGENET_FOLDERS[split]:
        folder = root / word
        if folder.is_dir() and any(name in imagenet_classnames() for name in list_folders(folder)):
            return folder
    return None


SET = KnownSet(
    spec=DatasetSpec(
        name="imagenet_mini",
        title="ImageNet-mini",
        kind="classification",
        splits=("train", "val"),
        classnames=tuple(imagenet_classnames().values()),
        raw_classnames=tuple(imagenet_classnames()),
        prompt_set="imagenet",
        published_name="imagenet1k",
        licence="ImageNet terms: research, not commercial",
        source_url="https://www.kaggle.com/datasets/ifigotin/imagenetmini-1000",
        why="Like a benchmark, and diverse: all 1,000 ImageNet classes with few images each. Published "
        "figures are for the whole of ImageNet-1k, so a difference of some points is no fault.",
        default_split="val",
        size="about 39,000 images, 4 GB",
        sizes=(("train", 34_745), ("val", 3_923)),
    ),
    layout="train/n01440764 and val/n01440764 and their like",
    find=find_imagenet_mini,
    splits=imagenet_mini_splits,
    open=open_imagenet_mini,
    by_hand=(
        "Kaggle hands it out after sign-in: download https://www.kaggle.com/datasets/ifigotin/imagenetmini-1000 "
        "and unpack it as imagenet-mini/train and imagenet-mini/val in the data folder"
    ),
)
