"""What is known of a data set by name: its record, and how it is found, read and fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.types import Dataset, DatasetSpec

GB = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One file to fetch: `inner` is the folder in it that becomes `target` under the data folder.

    `size` is its length in bytes, about; `most` the most bytes that it may unpack to.
    """

    url: str
    md5: str
    inner: str
    target: str
    size: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSet:
    """A data set: `find(data folder)` its folder, None where it is not here; the `splits` of a folder; `open(spec,
    split, folder)` the rows of one. `layout` says in words what is looked for, `archives` where to fetch it, and
    `by_hand` how to get it where no program may."""

    spec: DatasetSpec
    layout: str
    find: Callable[[Path], Path | None]
    splits: Callable[[Path], tuple[str, ...]]
    open: Callable[[DatasetSpec, str, Path], Dataset]
    archives: tuple[Archive, ...] = ()
    by_hand: str = ""


def underscored(names: tuple[str, ...]) -> tuple[str, ...]:
    """Folder names that are the curated ones with underscores, in the same order (CIFAR-100, Food-101)."""
    return tuple(name.replace(" ", "_") for name in names)
