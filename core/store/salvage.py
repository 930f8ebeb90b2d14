"""Turn a damaged entry back into a run that has all its good chunks, so that only the rest is computed
again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import Damaged, TMVError
from core.store.checked import Piece
from core.store.chunks import RUN_FOLDER, Chunk, ChunkPlan, ChunkRun, chunk_path, read_plan
from core.store.finish import IMAGES, SHARDS, withdraw, write_header
from core.store.manifest import Block, Manifest
from core.system.files import delete, disk_guard
from core.types import FloatArray, Skipped


def salvage(folder: Path, manifest: Manifest) -> tuple[int, int]:
    """(chunks kept, chunks in all). Afterwards the entry is no longer complete; embedding it again goes on
    from here.

    Chunks of a run that is under way in the same folder stay as they are.
    """
    if (folder / SHARDS).is_dir():
        return _salvage_chunks(folder, manifest)
    with disk_guard(folder):
        run = ChunkRun.open(folder / RUN_FOLDER, plan_of_entry(manifest))
        if run.plan.chunk_rows == manifest.plan["chunk_rows"]:
            for index, chunk in _good_chunks(folder / IMAGES, manifest, run.plan):
                if not chunk_path(run.folder, run.plan, index).exists():
                    run.write(index, chunk)
    withdraw(folder)
    _only_run(folder)
    return run.plan.chunks - len(run.missing()), run.plan.chunks


def _salvage_chunks(folder: Path, manifest: Manifest) -> tuple[int, int]:
    """The chunks that the entry kept, without those that are not what was written."""
    withdraw(folder)
    delete(folder / RUN_FOLDER)
    (folder / SHARDS).rename(folder / RUN_FOLDER)
    _only_run(folder)
    try:
        run = ChunkRun(folder / RUN_FOLDER, read_plan(folder / RUN_FOLDER))
    except (FileNotFoundError, Damaged):
        run = ChunkRun.open(folder / RUN_FOLDER, plan_of_entry(manifest))
    run.drop_damaged()
    return run.plan.chunks - len(run.missing()), run.plan.chunks


def _only_run(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != RUN_FOLDER:
            delete(path)


def plan_of_entry(manifest: Manifest) -> ChunkPlan:
    """How the rows of an entry were cut."""
    plan = manifest.plan
    return ChunkPlan(
        parts=manifest.parts,
        dataset=manifest.dataset,
        split=manifest.split,
        n=plan["rows"],
        chunk_rows=plan["chunk_rows"],
        batch_rows=plan["batch_rows"],
    )


def pieces_of_images(manifest: Manifest) -> tuple[Piece, ...]:
    """The pieces of `images.npy`: its header and the blocks of vectors; none where they do not cover it."""
    header = io.BytesIO()
    write_header(header, manifest.n, manifest.d)
    head = header.getvalue()
    pieces = [Piece(start=0, bytes=len(head), sha256=hashlib.sha256(head).hexdigest())]
    try:
        plan = plan_of_entry(manifest)
    except (KeyError, TMVError):
        return ()
    for block, kept in _blocks(manifest, plan):
        start = pieces[-1].start + pieces[-1].bytes
        pieces.append(
            Piece(start=start, bytes=sum(len(rows) for rows in kept.values()) * manifest.d * 4, sha256=block.sha256)
        )
    return tuple(pieces) if pieces[-1].start + pieces[-1].bytes == manifest.files[IMAGES].bytes else ()


def _blocks(manifest: Manifest, plan: ChunkPlan) -> Iterator[tuple[Block, dict[int, range]]]:
    """Each block with the rows of it that its chunks have, counted from the block's first."""
    gone = np.asarray(sorted(manifest.skipped_rows), np.int64)
    for block in manifest.blocks:
        row, kept = 0, dict[int, range]()
        for index in range(block.first_chunk, block.first_chunk + block.chunks):
            rows = plan.rows(index)
            skipped = int(np.searchsorted(gone, rows.stop) - np.searchsorted(gone, rows.start))
            kept[index] = range(row, row + len(rows) - skipped)
            row = kept[index].stop
        yield block, kept


def _good_chunks(path: Path, manifest: Manifest, plan: ChunkPlan) -> Iterator[tuple[int, Chunk]]:
    """The chunks of every block whose vectors still have their checksum."""
    reasons = dict(zip(manifest.skipped_rows, manifest.skipped, strict=True))
    start = manifest.files[IMAGES].bytes - manifest.n * manifest.d * 4
    for block, kept in _blocks(manifest, plan):
        size = sum(len(rows) for rows in kept.values()) * manifest.d * 4
        vectors = _read_block(path, start, size, block, manifest.d)
        start += size
        for index, rows in kept.items() if vectors is not None else ():
            yield index, Chunk(vectors=vectors[rows.start : rows.stop], skipped=_gaps(plan, index, reasons))  # type: ignore[index]


def _gaps(plan: ChunkPlan, index: int, reasons: dict[int, Skipped]) -> tuple[tuple[int, Skipped], ...]:
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
