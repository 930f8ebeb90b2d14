"""ImageNet-mini, Food-101 and EuroSAT in the layouts that they are handed out in.

Class names are the whole official list, in the order of the raw names, whatever part of the set is on the
disk: choosing among 101 dishes is another task than among 23.
"""

from __future__ import annotations

import json
from pathlib import Path

from core.catalog.classes import EUROSAT_CURATED, imagenet_classnames
from core.errors import NotHere, TMVError
from core.readers.base import Classes, and_more, class_rows, hashed_half, labelled, list_folders, locate, strangers_note
from core.readers.split_names import split_name
from core.types import Dataset, DatasetSpec, Note

_IMAGENET_FOLDERS = {"train": ("train",), "val": ("val", "validation", "valid")}


# --- ImageNet-mini ----------------------------------------------------------------------------------------


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


# --- EuroSAT ----------------------------------------------------------------------------------------------


def find_eurosat(data_dir: Path) -> Path | None:
    """The folder with the ten class folders: eurosat/2750 (torchvision) or any like it."""
    names = ("eurosat", "eurosatrgb", "2750")
    return locate(data_dir, names, _is_eurosat)


def eurosat_splits(root: Path) -> tuple[str, ...]:
    """All three are always there: they are made of one list of files."""
    return ("train", "test", "all")


def open_eurosat(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """ "all", or one of the fixed halves (`hashed_half`)."""
    names, labels = class_rows(root, spec.raw_classnames)
    if split != "all":
        keep = hashed_half(names, labels, split)
        names, labels = [names[i] for i in keep], [labels[i] for i in keep]
    what = "every picture" if split == "all" else "a fixed half of each class, by hashes of the file names"
    notes = [Note(f"EuroSAT has no official split: {split} is {what}.", "fixed_halves"), *strangers_note(spec, root)]
    notes += _beside_note(root)
    return labelled(
        spec, split, root, (names, labels), Classes(curated=spec.classnames, raw=spec.raw_classnames), notes
    )


def _beside_note(root: Path) -> list[Note]:
    """The other splits, where somebody made some and the one that is read is no more than that."""
    others = [name for name in list_folders(root.parent) if name != root.name and _is_eurosat(root.parent / name)]
    if not others or split_name(root.name) is None:
        return []
    text = (
        f"Only the pictures in {root.name} were read; beside it, and not read: {and_more(others)}. "
        f"folder:{root.parent} reads them as splits."
    )
    return [Note(text, "part_read", "warning")]


def _is_eurosat(root: Path) -> bool:
    return any((root / name).is_dir() for name in EUROSAT_CURATED)


# --- Food-101 ---------------------------------------------------------------------------------------------


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
    if len(keep) < len(listed):
        text = f"{len(listed) - len(keep):,} pictures of the official {split} list are not here."
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
        raise TMVError(f"{path} is not Food-101's list of pictures ({error}); get it again.") from None
