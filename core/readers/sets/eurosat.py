"""EuroSAT: ten class folders, cut into fixed halves."""

from __future__ import annotations

from pathlib import Path

from core.catalog.classes import EUROSAT_CURATED
from core.readers.base import Classes, and_more, class_rows, hashed_half, labelled, list_folders, locate, strangers_note
from core.readers.sets.base import GB, Archive, KnownSet
from core.readers.split_names import split_name
from core.types import Dataset, DatasetSpec, Note

SPLITS_SAID = (
    "It has no official split, so ours is fixed: in each class the images are ordered by the SHA-256 of "
    "their file name; the first half is train, the rest test. Published figures use all 27,000 images "
    '(split "all" here) or a test part of their own, 5,000 in the CLIP paper.'
)


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
    what = "every image" if split == "all" else "a fixed half of each class, by hashes of the file names"
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
        f"Only the images in {root.name} were read; beside it, and not read: {and_more(others)}. "
        f"folder:{root.parent} reads them as splits."
    )
    return [Note(text, "part_read", "warning")]


def _is_eurosat(root: Path) -> bool:
    return any((root / name).is_dir() for name in EUROSAT_CURATED)


SET = KnownSet(
    spec=DatasetSpec(
        name="eurosat",
        title="EuroSAT",
        kind="classification",
        splits=("train", "test", "all"),
        classnames=tuple(EUROSAT_CURATED.values()),
        raw_classnames=tuple(EUROSAT_CURATED),
        prompt_set="eurosat",
        published_name="eurosat",
        licence="MIT",
        source_url="https://github.com/phelber/EuroSAT",
        why=f"Satellite images, out of distribution for CLIP. {SPLITS_SAID}",
        size="27,000 images of 64 x 64, 94 MB",
        sizes=(("all", 27_000), ("train", 13_500), ("test", 13_500)),
    ),
    layout="2750/AnnualCrop and its like",
    find=find_eurosat,
    splits=eurosat_splits,
    open=open_eurosat,
    archives=(
        Archive(
            url="https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
            "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
            md5="c8fa014336c82ac7804f0398fcb19387",
            inner="2750",
            target="eurosat/2750",
            size=94_280_567,
            most=1 * GB,
        ),
    ),
)
"""The archive's address and checksum as torchvision 0.29 states them."""
