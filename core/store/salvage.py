"""Turn a damaged entry back into a run that has all its good chunks, so that only the rest is computed
again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.files import delete, disk_guard
from core.store.chunks import RUN_FOLDER, Chunk, Plan, Run, chunk_path
from core.store.finish import IMAGES, withdraw
from core.store.manifest import Block, Manifest
from core.types import FloatArray, Skipped


def salvage(folder: Path, manifest: Manifest) -> tuple[int, int]:
    """(chunks kept, chunks in all). Afterwards the entry is no longer complete; embedding it again goes on
    from here.

    Chunks of a run that is under way in the same folder stay as they are.
    """
    with disk_guard(folder):
        run = Run.open(folder / RUN_FOLDER, _plan(manifest))
        if run.plan.chunk_rows == manifest.plan["chunk_rows"]:
            for index, chunk in _good_chunks(folder / IMAGES, manifest, run.plan):
                if not chunk_path(run.folder, index).exists():
                    run.write(index, chunk)
    withdraw(folder)
    for path in folder.iterdir():
        if path != run.folder:
            delete(path)
    return run.plan.chunks - len(run.missing()), run.plan.chunks


def _plan(manifest: Manifest) -> Plan:
    plan = manifest.plan
    return Plan(
        manifest.parts, manifest.dataset, manifest.split, plan["rows"], plan["chunk_rows"], plan["batch_rows"]
    )


def _good_chunks(path: Path, manifest: Manifest, plan: Plan) -> Iterator[tuple[int, Chunk]]:
    """The chunks of every block whose vectors still have their checksum."""
    reasons = dict(zip(manifest.skipped_rows, manifest.skipped))
    start = manifest.files[IMAGES].bytes - manifest.n * manifest.d * 4
    for block in manifest.blocks:
        chunks = range(block.first_chunk, block.first_chunk + block.chunks)
        gaps = {index: _gaps(plan, index, reasons) for index in chunks}
        kept = {index: len(plan.rows(index)) - len(gaps[index]) for index in chunks}
        size = sum(kept.values()) * manifest.d * 4
        vectors = _read_block(path, start, size, block, manifest.d)
        start += size
        row = 0
        for index in chunks if vectors is not None else ():
            yield index, Chunk(vectors[row : row + kept[index]], gaps[index])  # type: ignore[index]
            row += kept[index]


def _gaps(plan: Plan, index: int, reasons: dict[int, Skipped]) -> tuple[tuple[int, Skipped], ...]:
    return tuple((row, reasons[row]) for row in plan.rows(index) if row in reasons)


def _read_block(path: Path, start: int, size: int, block: Block, width: int) -> FloatArray | None:
    try:
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(size)
    except OSError:
        return None
    good = len(data) == size and hashlib.sha256(data).hexdigest() == block.sha256
    return np.frombuffer(data, "<f4").reshape(-1, width) if good else None
