"""Data sets that have a public source: fetched, verified, unpacked into the layout that the readers know."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from core.catalog.datasets import find_dataset
from core.errors import NotHere, TMVError
from core.readers.archives import unpack
from core.readers.base import os_reason
from core.system.download import fetch
from core.system.progress import Progress

_GB = 1_000_000_000


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


DOWNLOADS: dict[str, tuple[Archive, ...]] = {
    "cifar100": (
        Archive(
            url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
            md5="eb9058c3a382ffc7106e4002c42a8d85",
            inner="cifar-100-python",
            target="cifar-100-python",
            size=169_001_437,
            most=1 * _GB,
        ),
    ),
    "food101": (
        Archive(
            url="http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz",
            md5="85eeb15f3717b99a5da872d97d918f87",
            inner="food-101",
            target="food-101",
            size=4_996_278_331,
            most=8 * _GB,
        ),
    ),
    "eurosat": (
        Archive(
            url="https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
            "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
            md5="c8fa014336c82ac7804f0398fcb19387",
            inner="2750",
            target="eurosat/2750",
            size=94_280_567,
            most=1 * _GB,
        ),
    ),
    "coco": (
        Archive(
            url="http://images.cocodataset.org/zips/val2017.zip",
            md5="442b8da7639aecaf257c1dceb8ba8c80",
            inner="val2017",
            target="coco/val2017",
            size=815_585_330,
            most=3 * _GB,
        ),
        Archive(
            url="http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
            md5="f4bbac642086de4f52a3fdda2de5fa2c",
            inner="annotations",
            target="coco/annotations",
            size=252_907_541,
            most=3 * _GB,
        ),
    ),
}
"""Addresses and checksums as torchvision 0.29 (CIFAR-100, Food-101, EuroSAT) and COCO's users state them."""


def download_dataset(name: str, data_dir: Path, progress: Progress | None = None) -> None:
    """Fetch and unpack a known set under `data_dir`; parts that are there already stay as they are.

    `progress(done, total)` counts bytes over all its archives (unpacking counts once more for each). Raises
    `NotHere` for a set without a public source, `TMVError` without a network or room.
    """
    spec = find_dataset(name)
    if name not in DOWNLOADS:
        raise NotHere(f"{spec.title} has no public address to download from; see {spec.source_url or name}.")
    archives = DOWNLOADS[name]
    total = 2 * sum(archive.size for archive in archives)
    done = 0
    for archive in archives:
        if not (data_dir / archive.target).exists():
            _get(archive, data_dir, _shifted(progress, done, total))
        done += 2 * archive.size
        if progress:
            progress(done, total)


def _get(archive: Archive, data_dir: Path, progress: Progress | None) -> None:
    """One archive; the fetched file stays only until it is unpacked."""
    target = data_dir / archive.target
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = fetch(
            archive.url,
            data_dir / ".downloads" / Path(archive.url).name,
            checksum=f"md5:{archive.md5}",
            progress=_scaled(progress, 0, archive.size),
        )
        draft = target.parent / f".{target.name}.unpacked"
        shutil.rmtree(draft, ignore_errors=True)
        unpack(file, draft, most_bytes=archive.most, progress=_scaled(progress, archive.size, archive.size))
        _take(draft, archive, target)
    except OSError as error:
        raise TMVError(f"{target} could not be written: {os_reason(error)}.") from None
    file.unlink(missing_ok=True)


def _take(draft: Path, archive: Archive, target: Path) -> None:
    """Move the inner folder of what was unpacked into its place."""
    try:
        inner = draft / archive.inner
        if not inner.is_dir():
            raise TMVError(f"{Path(archive.url).name} lacks the folder {archive.inner}; nothing was kept.")
        inner.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _shifted(progress: Progress | None, start: int, total: int) -> Progress | None:
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(start + done, total)


def _scaled(progress: Progress | None, start: int, span: int) -> Progress | None:
    """Any done/total as bytes of the span `start` to `start + span`."""
    if progress is None:
        return None
    report = progress
    return lambda done, total: report(start + (span * done // total if total else 0), 0)
