"""Shards that are called like a published data set: whether they are it, and the figures that stand beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

from core.catalog.benchmark_names import shards_named
from core.catalog.field import WORST_GROUP
from core.readers.datasets import DATASETS
from core.types import DatasetSpec, Note, Reference


def is_that_set(dataset: DatasetSpec, classnames: Sequence[str]) -> bool:
    """Whether images with these classes may be the published set that a data set is named after. Of shards only the
    folder's name says so, so the number of classes must be that of the set, and where the names of its classes are
    known here at least half of those that were brought must be among them; numbers for names tell nothing."""
    meant = shards_named(dataset.name.partition(":")[2]) if dataset.name.startswith("wds:") else None
    if meant is None:
        return True
    if meant.classes != len(classnames):
        return False
    return _named_alike(meant.published_name, tuple(classnames))


@lru_cache(maxsize=32)
def _named_alike(published_name: str, classnames: tuple[str, ...]) -> bool:
    known = _known_names(published_name)
    told = [_letters(name) for name in classnames if not name.strip().isdecimal()]
    if not known or not told:
        return True
    found = sum(name in known or any(name in other or other in name for other in known) for name in told)
    return 2 * found >= len(told)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


@cache
def _known_names(published_name: str) -> frozenset[str]:
    """The names of the classes of a published set, where the catalog has them."""
    return frozenset(
        _letters(name)
        for known in DATASETS
        if known.published_name == published_name
        for name in (*known.classnames, *known.raw_classnames)
    )


def of_these_images(
    references: Sequence[Reference], dataset: DatasetSpec, n: int, classnames: Sequence[str]
) -> tuple[tuple[Reference, ...], Note | None]:
    """The published figures of shards that are known by the name of their folder alone: none where they have other
    classes than the set of that name, and with a remark where they have other images; and the note that says so, or
    that the figure of the set is one that is not made here."""
    meant = shards_named(dataset.name.partition(":")[2]) if dataset.name.startswith("wds:") else None
    if meant is None:
        return tuple(references), None
    if not is_that_set(dataset, classnames):
        other = "others" if len(classnames) == meant.classes else f"{len(classnames):,}"
        said = (
            f"The folder is named as {meant.title} of CLIP_benchmark, which scores {meant.classes:,} classes; here are "
            f"{other}, so its published figures are not for these."
        )
        return (), Note(said, "other_classes", "warning")
    note = None
    if group := WORST_GROUP.get(meant.metric):
        said = f"The field publishes {group} of {meant.title}, which is not made here; these figures count all images."
        note = Note(said, "worst_group")
    if meant.n == n:
        return tuple(references), note
    whole = f"on all {meant.n:,} images, here are {n:,}"
    return tuple(replace(r, protocol="; ".join(filter(None, [r.protocol, whole]))) for r in references), note
