"""What other tools call the data sets and models of our published figures.

CLIP_benchmark writes "wds/vtab/cifar100", "imagenet1k" and "mscoco_captions", open_clip "ViT-B-32-quickgelu", OpenAI
"ViT-B/32", the hub "openai/clip-vit-base-patch32".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from core.catalog.field import field_sets
from core.catalog.models import HUB, WEIGHT_ADDRESSES
from core.catalog.registry import published_weights
from core.types import DatasetSpec

_PREFIXES = (
    "webdatasets/",
    "wds/",
    "wds_",
    *(f"{group}{mark}" for group in ("vtab", "wilds", "fairness", "misc") for mark in "/-_"),
    "retrieval/",
)
_OWNERS = re.compile(r"(clip-benchmark|djghosh|laion)/(?=wds_)")
"""Whose copies of the data sets on the hub CLIP_benchmark and DataComp read."""
_ENDS = re.compile(r"[_-](test|val|validation)$|zeroshot$")
QUICK = "-quickgelu"
_OTHER_NAMES = {
    "imagenetv2": ("imagenet-v2",),
    "imagenet_sketch": ("imagenet-sketch",),
    "imagenet-r": ("imagenet_r",),
    "imagenet-a": ("imagenet_a",),
    "imagenet-o": ("imagenet_o",),
    "flowers": ("oxford_flowers", "flowers102", "oxford-flowers-102"),
    "pets": ("oxford_pets", "oxfordpets", "oxford-iiit-pet", "oxford_iiit_pet"),
    "cars": ("stanford_cars", "stanfordcars"),
    "fgvc_aircraft": ("fgvcaircraft", "fgvc-aircraft"),
    "clevr_count_all": ("clevrcount", "clevr"),
    "pcam": ("patchcamelyon",),
}
"""What others call sets of the field; MTEB ends them in "ZeroShot"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSet:
    """A data set as figures were published on it: `n` images and `classes` of its `split`, which our own set of that
    name need not have; `metric` is what its figures are. `names` are what tools call it, without their prefixes;
    `balanced` where all classes have as many images."""

    published_name: str
    title: str
    n: int
    split: str
    classes: int = 0
    captions: bool = False
    balanced: bool = False
    metric: str = "acc1"
    names: tuple[str, ...] = ()

    @property
    def spec(self) -> DatasetSpec:
        """A record to look published figures up with; it knows no pictures."""
        return DatasetSpec(
            name=self.published_name,
            title=self.title,
            kind="captions" if self.captions else "classification",
            splits=(self.split,),
            published_name=self.published_name,
            default_split=self.split,
        )


PUBLISHED_SETS: tuple[PublishedSet, ...] = (
    PublishedSet(
        published_name="imagenet1k",
        title="ImageNet-1k",
        n=50_000,
        split="val",
        classes=1000,
        balanced=True,
        names=("imagenet", "imagenet-1k", "imagenet1k-unverified", "ilsvrc2012", "imagenet2012", "imagenet-val"),
    ),
    PublishedSet(
        published_name="cifar100",
        title="CIFAR-100",
        n=10_000,
        split="test",
        classes=100,
        balanced=True,
        names=("cifar-100",),
    ),
    PublishedSet(
        published_name="food101",
        title="Food-101",
        n=25_250,
        split="test",
        classes=101,
        balanced=True,
        names=("food-101",),
    ),
    PublishedSet(published_name="eurosat", title="EuroSAT", n=5_400, split="test", classes=10),
    PublishedSet(
        published_name="mscoco_captions",
        title="COCO captions (Karpathy's test)",
        n=5_000,
        split="test",
        captions=True,
        names=("mscoco_2014_5k_test_image_text_retrieval", "mscoco_captions2014", "coco_captions", "mscoco"),
    ),
)
"""Sizes as CLIP_benchmark and DataComp evaluate them (mlfoundations/datacomp, tasklist.yml)."""


@cache
def published_set(name: str) -> PublishedSet | None:
    """The set of published figures that a tool's name means; None for a set without any."""
    plain = _OWNERS.sub("", name.strip().lower())
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    meant = {plain, _ENDS.sub("", plain)}
    for found in (*PUBLISHED_SETS, *_of_the_field()):
        if meant & {found.published_name, *found.names}:
            return found
    return None


@cache
def _of_the_field() -> tuple[PublishedSet, ...]:
    """The other data sets of the field that are classified by one label."""
    known = {each.published_name for each in PUBLISHED_SETS}
    return tuple(
        PublishedSet(
            published_name=each.short,
            title=each.title,
            n=each.n,
            split="test",
            classes=each.classes,
            metric=each.measured,
            names=_OTHER_NAMES.get(each.short, ()),
        )
        for each in field_sets()
        if each.short not in known and each.classes
    )


def shards_named(path: str) -> PublishedSet | None:
    """The set that shards in this folder are, where it is named as CLIP_benchmark names it: "wds_vtab-cifar100_test",
    "wds/vtab/cifar100", also with the folder of a split below."""
    parts = PurePath(path.replace("\\", "/")).parts
    if parts and parts[-1].lower() in ("test", "train", "val", "validation"):
        parts = parts[:-1]
    names = ["/".join(parts[-depth:]) for depth in (3, 2, 1) if depth <= len(parts)]
    return next(filter(None, map(published_set, names)), None)


def open_clip_name(model: str, pretrained: str) -> tuple[str, str]:
    """(architecture, pretrained) in open_clip's words of a model as any tool writes it; unchanged where it is unknown.

    "ViT-B/32" is OpenAI's "ViT-B-32", also with a name of the hub or both parts in one.
    """
    model, pretrained = model.strip(), pretrained.strip()
    both = re.fullmatch(r"([\w.-]+)[,: ]\s*([\w.-]+)", model) if not pretrained else None
    if both is not None and (pair := _listed(both[1], both[2])) in published_weights():
        return pair
    if (known := _OF_THE_HUB.get(model.removeprefix(HUB).lower())) is not None:
        return known
    if re.fullmatch(r"(ViT-[BLHg]/\d+|RN\d+(x\d+)?)(@\d+px)?", model):
        return model.replace("/", "-").replace("@336px", "-336").replace("@448px", "-448"), pretrained or "openai"
    architecture, slash, inside = model.rpartition("/")
    return _listed(architecture, inside) if slash and not pretrained else _listed(model, pretrained)


def _listed(architecture: str, pretrained: str) -> tuple[str, str]:
    """The pair as open_clip spells it, where that is clear but for upper and lower case and underscores."""
    wanted = _spelling(architecture), pretrained.lower()
    if (architecture, pretrained) in published_weights() or not pretrained:
        return architecture, pretrained
    same = [pair for pair in published_weights() if (_spelling(pair[0]), pair[1].lower()) == wanted]
    return same[0] if len(same) == 1 else (architecture, pretrained)


def _spelling(architecture: str) -> str:
    return architecture.lower().replace("_", "-")


def without_quickgelu(architecture: str) -> str:
    """open_clip lists weights trained with QuickGELU twice; published figures stand under one of the names."""
    return architecture.removesuffix(QUICK)


def _hub_names() -> dict[str, tuple[str, str]]:
    found = {
        "openai/clip-vit-base-patch32": ("ViT-B-32", "openai"),
        "openai/clip-vit-base-patch16": ("ViT-B-16", "openai"),
        "openai/clip-vit-large-patch14": ("ViT-L-14", "openai"),
        "openai/clip-vit-large-patch14-336": ("ViT-L-14-336", "openai"),
    }
    for name, address in WEIGHT_ADDRESSES.items():
        if address.endswith("/"):
            architecture, _, pretrained = name.partition("/")
            found[address.rstrip("/").lower()] = (architecture, pretrained)
    return found


_OF_THE_HUB = _hub_names()
