"""What is said of a data set in a list: how much of it is here, and what its images carry."""

from __future__ import annotations

from typing import Protocol

from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.numbers import count
from core.types import OnDisk

KINDS = {"classes": "image classification", "captions": "captions", "images": "images without labels", "": ""}
STATES = {"ready": "ready", "downloadable": "can be downloaded", "absent": "not here"}


def images_said(found: OnDisk) -> str:
    """ "1,800 of 60,000 images", "more than 50,000 images"; "" where they were not counted."""
    return counted(found.images, found.whole, more=found.more)


def counted(images: int | None, whole: int = 0, *, more: bool = False) -> str:
    """So many `images` are here, of those that the published set has as a `whole` where that is known and not less."""
    if images is None:
        return ""
    if more:
        return f"more than {count(images, 'image')}"
    return f"{images:,} of {count(whole, 'image')}" if 0 < images < whole else count(images, "image")


class Measured(Protocol):
    """A result on `n` images of one split."""

    @property
    def dataset(self) -> str:
        """The data set it is of."""

    @property
    def split(self) -> str:
        """The split it is of."""

    @property
    def n(self) -> int:
        """How many images it rests on."""


def measured(result: Measured) -> str:
    """ "300 of 13,500 images": how much of a split a number rests on, where the published set has another size."""
    return part_of(result.dataset, result.split, result.n)


def part_of(dataset: str, split: str, n: int) -> str:
    """The same of any count of images."""
    return counted(n, published_size(dataset, split))


def published_size(dataset: str, split: str) -> int:
    """How many images the published split of a known data set has; 0 where that is not known."""
    try:
        return dict(find_dataset(dataset).sizes).get(split, 0)
    except TMVError:
        return 0


def choice_said(title: str, found: OnDisk) -> str:
    """ "birds · 240 images": a data set as it is listed to choose from, with what was counted of it here."""
    return " · ".join(filter(None, (title, images_said(found) if found.state.state == "ready" else "")))


def on_disk_said(found: OnDisk) -> str:
    """ "1,800 of 60,000 images, 100 classes": what is here, in one line; why not, where it was not counted."""
    carried = [count(found.classes, "class", "classes")] if found.classes else []
    carried += [count(found.captions, "caption")] if found.captions else []
    if found.carries == "images":
        carried.append("no labels")
    return ", ".join(filter(None, (images_said(found), *carried)))
