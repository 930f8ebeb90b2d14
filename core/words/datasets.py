"""What is said of a data set in a list: how much of it is here, and what its images carry."""

from __future__ import annotations

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


def on_disk_said(found: OnDisk) -> str:
    """ "1,800 of 60,000 images, 100 classes": what is here, in one line; why not, where it was not counted."""
    carried = [count(found.classes, "class", "classes")] if found.classes else []
    carried += [count(found.captions, "caption")] if found.captions else []
    if found.carries == "images":
        carried.append("no labels")
    return ", ".join(filter(None, (images_said(found), *carried)))
