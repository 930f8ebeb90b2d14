"""Data sets that have a public source: fetched, verified, unpacked into the layout that the readers know."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import NotHere, TMVError
from core.readers.archives import unpack
from core.readers.base import os_reason
from core.readers.datasets import find_dataset
from core.readers.sets import BY_NAME
from core.readers.sets.base import Archive
from core.system.download import fetch
from core.system.progress import Progress


def download_dataset(name: str, data_dir: Path, progress: Progress | None = None) -> None:
    """Fetch and unpack a known set under `data_dir`; parts that are there already stay as they are.

    `progress(done, total)` counts bytes over all its archives (unpacking counts once more for each). Raises
    `NotHere` for a set without a public source, `TMVError` without a network or room.
    """
    spec = find_dataset(name)
    if name not in BY_NAME or not BY_NAME[name].archives:
        raise NotHere(f"{spec.title} has no public address to download from; see {spec.source_url or name}.")
    archives = BY_NAME[name].archives
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
