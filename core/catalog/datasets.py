"""The data sets that the product knows by name, and generic records for people's own."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from core.catalog.classes import EUROSAT_CURATED, clip_classnames, imagenet_classnames
from core.demo.sets import class_folders, classnames
from core.errors import TMVError, unknown
from core.types import DatasetSpec

OWN_PREFIXES = ("folder:", "captions:", "wds:")
DEMO_LICENCE = "CC BY-SA 4.0 (glyphs by OpenMoji)"
_EUROSAT_SPLIT = (
    "It has no official split, so ours is fixed: in each class the pictures are ordered by the SHA-256 of "
    "their file name; the first half is train, the rest test. Published figures use all 27,000 pictures "
    '(split "all" here) or a test part of their own, 5,000 in the CLIP paper.'
)


def _demo_objects() -> DatasetSpec:
    return DatasetSpec(
        name="demo-objects",
        title="Demo objects",
        kind="classification",
        splits=("train", "test"),
        classnames=classnames("demo-objects"),
        raw_classnames=class_folders("demo-objects"),
        prompt_set="photo",
        licence=DEMO_LICENCE,
        why="Forty things drawn in several styles and places: classification with no download.",
        size="2,000 generated pictures",
    )


def _demo_satellite() -> DatasetSpec:
    return DatasetSpec(
        name="demo-satellite",
        title="Demo satellite",
        kind="classification",
        splits=("train", "test"),
        classnames=classnames("demo-satellite"),
        raw_classnames=class_folders("demo-satellite"),
        prompt_set="eurosat",
        licence=DEMO_LICENCE,
        why="Ten land uses seen from above, unlike anything the demo models were trained on.",
        size="700 generated pictures",
    )


def _demo_captions() -> DatasetSpec:
    return DatasetSpec(
        name="demo-captions",
        title="Demo captions",
        kind="captions",
        splits=("val",),
        licence=DEMO_LICENCE,
        default_split="val",
        why="Scenes with five sentences each, some true of many pictures: retrieval with no download.",
        size="1,000 generated pictures",
    )


def _cifar100() -> DatasetSpec:
    names = clip_classnames("cifar100")
    return DatasetSpec(
        name="cifar100",
        title="CIFAR-100",
        kind="classification",
        splits=("train", "test"),
        classnames=names,
        raw_classnames=_underscored(names),
        prompt_set="cifar100",
        published_name="cifar100",
        licence="none stated; cite Krizhevsky 2009",
        source_url="https://www.cs.toronto.edu/~kriz/cifar.html",
        why="General, small pictures, many classes. The official test split of 10,000 is the default.",
        size="60,000 pictures of 32 x 32, 169 MB",
    )


def _imagenet_mini() -> DatasetSpec:
    names = imagenet_classnames()
    return DatasetSpec(
        name="imagenet_mini",
        title="ImageNet-mini",
        kind="classification",
        splits=("train", "val"),
        classnames=tuple(names.values()),
        raw_classnames=tuple(names),
        prompt_set="imagenet",
        published_name="imagenet1k",
        licence="ImageNet terms: research, not commercial",
        source_url="https://www.kaggle.com/datasets/ifigotin/imagenetmini-1000",
        why="Like a benchmark, and diverse: all 1,000 ImageNet classes with few pictures each. Published "
        "figures are for the whole of ImageNet-1k, so a difference of some points is no fault.",
        default_split="val",
        size="about 39,000 pictures, 4 GB",
    )


def _food101() -> DatasetSpec:
    names = clip_classnames("food101")
    return DatasetSpec(
        name="food101",
        title="Food-101",
        kind="classification",
        splits=("train", "test"),
        classnames=names,
        raw_classnames=_underscored(names),
        prompt_set="food101",
        published_name="food101",
        licence="Foodspotting pictures: scientific fair use only",
        source_url="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        why="Fine-grained: dishes that look alike. The official test split of 25,250 is the default.",
        size="101,000 pictures, 5 GB",
    )


def _eurosat() -> DatasetSpec:
    return DatasetSpec(
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
        why=f"Satellite pictures, out of distribution for CLIP. {_EUROSAT_SPLIT}",
        size="27,000 pictures of 64 x 64, 94 MB",
    )


def _coco() -> DatasetSpec:
    return DatasetSpec(
        name="coco",
        title="COCO captions",
        kind="captions",
        splits=("train", "val"),
        published_name="mscoco_captions",
        licence="captions CC BY 4.0; each picture under its Flickr licence",
        source_url="https://cocodataset.org",
        why="Everyday scenes, five captions each: retrieval. The default is val2017 (5,000 pictures); "
        "published figures use another 5,000, Karpathy's test split of 2014.",
        default_split="val",
        size="5,000 pictures with 25,014 captions, 1 GB",
        captions_per_picture=5,
    )


def _underscored(names: tuple[str, ...]) -> tuple[str, ...]:
    """Folder names of CIFAR-100 and Food-101 are the curated ones with underscores, in the same order."""
    return tuple(name.replace(" ", "_") for name in names)


DATASETS: tuple[DatasetSpec, ...] = (
    _demo_objects(),
    _demo_satellite(),
    _demo_captions(),
    _cifar100(),
    _imagenet_mini(),
    _food101(),
    _eurosat(),
    _coco(),
)

OFFICIAL_SIZES: dict[tuple[str, str], int] = {
    ("cifar100", "train"): 50_000,
    ("cifar100", "test"): 10_000,
    ("food101", "train"): 75_750,
    ("food101", "test"): 25_250,
    ("eurosat", "all"): 27_000,
    ("eurosat", "train"): 13_500,
    ("eurosat", "test"): 13_500,
    ("coco", "train"): 118_287,
    ("coco", "val"): 5_000,
    ("imagenet_mini", "train"): 34_745,
    ("imagenet_mini", "val"): 3_923,
}
"""(data set, split) -> pictures in the whole of it; fewer on disk is a part and gets a note."""


def find_dataset(name: str) -> DatasetSpec:
    """The record of a catalog name, or a generic one for `folder:PATH`, `captions:PATH`, `wds:PATH`.

    A generic record knows neither splits nor classes (they are on the disk): `core.readers.describe_dataset`
    fills them in. Raises `UnknownName` with the closest names.
    """
    if name.startswith(OWN_PREFIXES):
        return _own(name)
    for spec in DATASETS:
        if spec.name == name:
            return spec
    raise unknown("data set", name, [*(spec.name for spec in DATASETS), *(f"{p}PATH" for p in OWN_PREFIXES)])


def own_path(name: str) -> str:
    """The PATH of `folder:PATH`, `captions:PATH` or `wds:PATH`, as written."""
    return name.split(":", 1)[1]


def _own(name: str) -> DatasetSpec:
    path = own_path(name)
    if not path.strip():
        raise TMVError(f"{name!r} has no path; write for example {name}/data/birds.")
    title = PurePath(path).name or path
    kind: Literal["classification", "captions"] = "classification"
    if name.startswith("captions:"):
        kind = "captions"
    return DatasetSpec(name=name, title=title, kind=kind, splits=(), why="Own pictures.", default_split="")
