"""Data sets by name: those that are known, and generic records for people's own."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from core.catalog.benchmark_names import shards_named
from core.errors import TMVError, unknown
from core.readers.remote_names import address_of
from core.readers.sets import SETS
from core.readers.sets.demo import DEMO_SPECS
from core.store.own_names import OWN_PREFIXES, is_remote
from core.types import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = (*DEMO_SPECS, *(known.spec for known in SETS))


def find_dataset(name: str) -> DatasetSpec:
    """The record of a catalog name, or a generic one for `folder:PATH`, `captions:PATH`, `wds:PATH`.

    Shards in a folder that CLIP_benchmark names so have the published figures of its set. A generic record knows
    neither splits nor classes (they are on the disk): `core.readers.describe_dataset`
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
    title = address_of(path).name if is_remote(name) else PurePath(path).name or path
    kind: Literal["classification", "captions"] = "classification"
    if name.startswith("captions:"):
        kind = "captions"
    meant = shards_named(path) if name.startswith("wds:") else None
    return DatasetSpec(
        name=name,
        title=title,
        kind=kind,
        splits=(),
        why="Own images.",
        default_split="",
        published_name=meant.published_name if meant is not None else "",
    )
