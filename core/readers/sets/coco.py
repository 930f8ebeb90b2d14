"""COCO captions: val2017/ and train2017/ with the captions of annotations/."""

from __future__ import annotations

from pathlib import Path

from core.readers.base import locate
from core.readers.captions import captioned, source_of
from core.readers.sets.base import GB, Archive, KnownSet
from core.types import Dataset, DatasetSpec

_COCO_YEAR = "2017"


def find_coco(data_dir: Path) -> Path | None:
    """The folder with annotations/captions_val2017.json and its pictures."""
    names = ("coco", "coco2017", "mscoco", "mscococaptions")
    return locate(data_dir, names, lambda root: bool(coco_splits(root)))


def coco_splits(root: Path) -> tuple[str, ...]:
    """Which of train and val of 2017 have both captions and pictures."""
    return tuple(
        split
        for split in ("train", "val")
        if _coco_file(root, split).is_file() and _coco_pictures(root, split).is_dir()
    )


def open_coco(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """One split of COCO 2017, its pictures in the order of the json."""
    return captioned(spec, split, source_of(_coco_file(root, split)), folder=_coco_pictures(root, split))


def _coco_file(root: Path, split: str) -> Path:
    return root / "annotations" / f"captions_{split}{_COCO_YEAR}.json"


def _coco_pictures(root: Path, split: str) -> Path:
    inner = root / "images" / f"{split}{_COCO_YEAR}"
    return inner if inner.is_dir() else root / f"{split}{_COCO_YEAR}"


SET = KnownSet(
    spec=DatasetSpec(
        name="coco",
        title="COCO captions",
        kind="captions",
        splits=("train", "val"),
        published_name="mscoco_captions",
        licence="captions CC BY 4.0; each image under its Flickr license",
        source_url="https://cocodataset.org",
        why="Everyday scenes, five captions each: retrieval. The default is val2017 (5,000 images); "
        "published figures use another 5,000, Karpathy's test split of 2014.",
        default_split="val",
        size="5,000 images with 25,014 captions, 1 GB",
        captions_per_picture=5,
        sizes=(("train", 118_287), ("val", 5_000)),
    ),
    layout="val2017 and annotations/captions_val2017.json",
    find=find_coco,
    splits=coco_splits,
    open=open_coco,
    archives=(
        Archive(
            url="http://images.cocodataset.org/zips/val2017.zip",
            md5="442b8da7639aecaf257c1dceb8ba8c80",
            inner="val2017",
            target="coco/val2017",
            size=815_585_330,
            most=3 * GB,
        ),
        Archive(
            url="http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
            md5="f4bbac642086de4f52a3fdda2de5fa2c",
            inner="annotations",
            target="coco/annotations",
            size=252_907_541,
            most=3 * GB,
        ),
    ),
)
"""Addresses and checksums as COCO's users state them."""
