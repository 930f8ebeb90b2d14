"""The field: published zero-shot figures of 121 open_clip checkpoints on 38 data sets, and their retrieval recalls.

Figures: open_clip (MIT) at commit 89fb801, `docs/openclip_results.csv`, `docs/openclip_retrieval_results.csv` and
`docs/model_profile.csv`. Sizes, classes, metrics and chance levels of the data sets: DataComp (MIT) at commit 4a8df19,
`tasklist.yml`. The groups of data sets are ours.

`checkpoints.csv` has a line a checkpoint (parameters in millions, GFLOPs for one image and one text), `sets.csv` a line
a data set, `accuracy.csv` and `recall.csv` a line a checkpoint and a column a figure, 0-1, four decimals as published.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.catalog.families import data_group_of, family_of, training_data_of
from core.catalog.licences import commercial_use, licence_of
from core.errors import TMVError
from core.stats.intervals import Float64Array

SOURCE = "mlfoundations/open_clip@89fb801 docs/openclip_results.csv"
RECALL_SOURCE = "mlfoundations/open_clip@89fb801 docs/openclip_retrieval_results.csv"
SETS_SOURCE = "mlfoundations/datacomp@4a8df19 tasklist.yml"
PROTOCOL = "zero-shot with the data set's templates in English (CLIP_benchmark), as open_clip publishes it"
MEASURED = {"F1-macro_all": "f1_macro"}
"""What our own metrics call a figure of the field, where that is another name."""
WORST_GROUP = {
    "acc_worst_region": "the accuracy of its worst region",
    "acc_top5_wg": "the top-5 accuracy of its worst income group",
    "acc_wg": "the accuracy of its worst region",
}
"""Figures that are not made here, since they need a group for each image (DataComp reads it from the .npy of its
shards: eval_utils/wilds_eval.py and fairness_eval.py)."""
BINOMIAL = ("acc1", "mean_per_class_recall", "mean_recall@1")
RECALLS = "retrieval"
"""What the twelve retrieval recalls are asked for by: a group beside those of the 38 data sets."""
"""Metrics that are, or are close to, a share of `n` images: a binomial interval says how exact they are."""
_HERE = Path(__file__).parent
_PREFIX = re.compile(r"^(vtab|wilds|fairness|misc|retrieval)/")
_RECALL_SETS = {"flickr30k": ("Flickr30k", 1_000), "mscoco_captions": ("COCO", 5_000)}
_WAYS = {"image": "caption to image", "text": "image to caption"}
_NAMED_SAMPLES = re.compile(r"_s(\d+)([bm])_")
_SAMPLES: Mapping[str, float] = {
    "openai": 12.8,  # CLIP paper: 32 epochs of 400 million pairs
    "laion400m_e31": 12.4,  # epochs of 400 million pairs
    "laion400m_e32": 12.8,
    "laion2b_e16": 32.0,  # epochs of 2 billion pairs
    "metaclip_400m": 12.8,  # MetaCLIP paper: as CLIP
    "metaclip_fullcc": 12.8,
    "dfn2b": 12.8,  # DFN paper, table 4
    "dfn5b": 39.0,
    "webli": 40.0,  # SigLIP paper: 40 billion examples
}
"""Billions of image-text pairs seen in training, where the name does not say it ("_s34b_")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A model of the field. Parameters in millions (image and text side with them), GFLOPs for one image and one text,
    `width` of its vectors."""

    architecture: str
    pretrained: str
    parameters: float
    image_parameters: float
    text_parameters: float
    gflops: float
    image_size: int
    width: int

    @property
    def name(self) -> str:
        """As models are named everywhere: `ViT-B-32/openai`."""
        return f"{self.architecture}/{self.pretrained}"

    @property
    def family(self) -> str:
        """ "SigLIP", "LAION", ..."""
        return family_of(self.name)

    @property
    def training_data(self) -> str:
        """What it was trained on; "" where that is not recorded."""
        return training_data_of(self.pretrained)

    @property
    def data_group(self) -> str:
        """Whose data these are: "LAION", "DataComp", ..."""
        return data_group_of(self.pretrained)

    @property
    def licence(self) -> str:
        """Of its weights, in words."""
        return licence_of(self.name)

    @property
    def commercial_use(self) -> str:
        """Whether the licence allows it: "allowed", "forbidden", "not recorded"."""
        return commercial_use(self.licence)

    @property
    def samples(self) -> float | None:
        """Billions of pairs seen in training, as its name or its paper says; None where neither does."""
        if found := _NAMED_SAMPLES.search(f"{self.pretrained}_"):
            return int(found[1]) / (1 if found[2] == "b" else 1000)
        return _SAMPLES.get(self.pretrained)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSet:
    """A data set of the field: `n` images in `classes` classes (0: none), `chance` the level of guessing (None: not
    published), `metric` what its figure is."""

    name: str
    title: str
    group: str
    n: int
    classes: int
    metric: str
    chance: float | None

    @property
    def short(self) -> str:
        """The name without the collection it came with: "cifar100" for `vtab/cifar100`."""
        return _PREFIX.sub("", self.name)

    @property
    def measured(self) -> str:
        """The name of our own metric that its figure is; its own where there is none (a worst group)."""
        return MEASURED.get(self.metric, self.metric)

    @property
    def binomial(self) -> bool:
        """Whether its figure has a binomial interval of `n` images."""
        return self.metric in BINOMIAL or self.recall

    @property
    def recall(self) -> bool:
        """Whether its figure is one of the twelve retrieval recalls, which the mean over all data sets leaves out. Its
        `n` counts images: the captions of one image are not independent."""
        return "_retrieval_recall@" in self.metric


@cache
def checkpoints() -> tuple[Checkpoint, ...]:
    """All 121, in the order of the published table."""
    return tuple(
        Checkpoint(
            architecture=row["architecture"],
            pretrained=row["pretrained"],
            parameters=float(row["parameters_m"]),
            image_parameters=float(row["image_parameters_m"]),
            text_parameters=float(row["text_parameters_m"]),
            gflops=float(row["gflops"]),
            image_size=int(row["image_size"]),
            width=int(row["embed_dim"]),
        )
        for row in _rows("checkpoints.csv")
    )


@cache
def field_sets() -> tuple[FieldSet, ...]:
    """All 38, in the order of the published table."""
    return tuple(
        FieldSet(
            name=row["name"],
            title=row["title"],
            group=row["group"],
            n=int(row["n"]),
            classes=int(row["classes"] or 0),
            metric=row["metric"],
            chance=float(row["chance"]) if row["chance"] else None,
        )
        for row in _rows("sets.csv")
    )


@cache
def recall_sets() -> tuple[FieldSet, ...]:
    """The twelve retrieval recalls of two data sets, in the order of the published table."""
    return tuple(map(_recall_set, recall()))


def _recall_set(column: str) -> FieldSet:
    data, metric = column.split(" ")
    title, n = _RECALL_SETS[data]
    side, _, k = metric.partition("_retrieval_recall@")
    return FieldSet(
        name=f"{data}/{metric}",
        title=f"{title}, {_WAYS[side]}, recall@{k}",
        group=RECALLS,
        n=n,
        classes=0,
        metric=metric,
        chance=None,
    )


@cache
def every_set() -> tuple[FieldSet, ...]:
    """The 38 data sets, then the retrieval recalls."""
    return (*field_sets(), *recall_sets())


@cache
def groups() -> Mapping[str, tuple[FieldSet, ...]]:
    """Group -> its data sets, in the order of the table."""
    return {g: tuple(s for s in field_sets() if s.group == g) for g in dict.fromkeys(s.group for s in field_sets())}


@cache
def accuracy() -> Float64Array:
    """The figures (121, 38), 0-1, rows as `checkpoints`, columns as `field_sets`. Not to be written to."""
    rows = _rows("accuracy.csv")
    names = [each.name for each in field_sets()]
    found: Float64Array = np.array([[float(row[name]) for name in names] for row in rows])
    if [f"{row['architecture']}/{row['pretrained']}" for row in rows] != [each.name for each in checkpoints()]:
        raise TMVError("The tables of the field do not have the same checkpoints in the same order; install it again.")
    found.setflags(write=False)
    return found


@cache
def recall() -> Mapping[str, Float64Array]:
    """ "flickr30k image_retrieval_recall@1" -> (121,) of the retrieval recalls, 0-1."""
    rows = _rows("recall.csv")
    return {name: np.array([float(row[name]) for row in rows]) for name in list(rows[0])[2:]}


@cache
def figures_of_all() -> Float64Array:
    """Every published figure (121, 50), columns as `every_set`. Not to be written to."""
    found = np.column_stack([accuracy(), *recall().values()])
    found.setflags(write=False)
    return found


def find_set(name: str) -> FieldSet:
    """A data set or a retrieval recall by its name, with or without its collection, or by its title; raises
    `TMVError`."""
    wanted = name.strip().casefold()
    for each in every_set():
        if wanted in (each.name.casefold(), each.short.casefold(), each.title.casefold()):
            return each
    known = ", ".join(each.short for each in every_set())
    raise TMVError(f'No data set of the field is called "{name}"; there are: {known}.')


def find_sets(name: str) -> tuple[FieldSet, ...]:
    """Those of a group ("satellite"), one by its name, all recalls ("retrieval"), or all 38 data sets ("" and "all");
    raises `TMVError`."""
    wanted = name.strip().casefold()
    if wanted in ("", "all"):
        return field_sets()
    if wanted == RECALLS:
        return recall_sets()
    found = next((sets for group, sets in groups().items() if group.casefold() == wanted), None)
    if found is not None:
        return found
    try:
        return (find_set(name),)
    except TMVError as error:
        raise TMVError(f"{error} Groups are: {', '.join((*groups(), RECALLS))}.") from None


def find_checkpoint(name: str) -> Checkpoint | None:
    """The checkpoint of a model's name, None where the field has none of it."""
    return next((each for each in checkpoints() if each.name == name), None)


def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
