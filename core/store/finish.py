"""From finished chunks to an entry: stream the vectors into one array, then rows, then the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np

from core.errors import TMVError
from core.store.chunks import ChunkRun, chunk_shape
from core.store.manifest import MANIFEST, Block, Manifest, StoredFile, write_manifest
from core.store.rows import Rows, write_rows
from core.system.files import delete, replacing, sha256_file, sweep_half_written
from core.types import FloatArray, ModelCard, Note, Skipped, expect_shape

IMAGES, TEXTS = "images.npy", "texts.npy"
MOST_BLOCKS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVectors:
    """What became of a run's chunks: n vectors of width d and the rows without one."""

    n: int
    d: int
    skipped: tuple[tuple[int, Skipped], ...]
    blocks: tuple[Block, ...]


def write_images(folder: Path, run: ChunkRun) -> WrittenVectors:
    """Chunks, checked once more and one in memory at a time, into `images.npy` (n, d) float32.

    Raises `Damaged` or `FileNotFoundError` when a chunk is not good, and `TMVError` when no row has a vector.
    """
    n, d = _shape(run)
    sweep_half_written(folder)
    group = -(-run.plan.chunks // MOST_BLOCKS)
    skipped, blocks, checksum = list[tuple[int, Skipped]](), list[Block](), hashlib.sha256()
    with replacing(folder / IMAGES) as file:
        write_header(file, n, d)
        for index, chunk in run.chunks():
            skipped += chunk.skipped
            file.write(chunk.vectors.data)
            checksum.update(chunk.vectors.data)
            if (index + 1) % group == 0 or index + 1 == run.plan.chunks:
                first = index // group * group
                blocks.append(Block(first_chunk=first, chunks=index + 1 - first, sha256=checksum.hexdigest()))
                checksum = hashlib.sha256()
    return WrittenVectors(n=n, d=d, skipped=tuple(skipped), blocks=tuple(blocks))


def _shape(run: ChunkRun) -> tuple[int, int]:
    shapes = [chunk_shape(run.folder, run.plan, index) for index in range(run.plan.chunks)]
    widths = {d for k, d in shapes if k}
    if not widths:
        raise TMVError(_nothing_left(run))
    if len(widths) > 1:
        raise TMVError(f"The chunks of {run.folder} have vectors of different widths {sorted(widths)}.")
    return sum(k for k, _ in shapes), widths.pop()


def _nothing_left(run: ChunkRun) -> str:
    _, first = next(run.chunks())
    reason = first.skipped[0][1]
    return (
        f"None of the {run.plan.n} images of {run.plan.dataset} ({run.plan.split}) could be used; "
        f"the first, {reason.id}: {reason.reason}"
    )


def write_header(file: IO[bytes], rows: int, width: int) -> None:
    """The head of a `.npy` file of (rows, width) little-endian float32."""
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, width)})


def write_texts(folder: Path, blocks: Iterable[FloatArray], m: int, d: int) -> None:
    """Blocks of text vectors, in the order of the captions, into `texts.npy` (m, d) float32."""
    written = 0
    with replacing(folder / TEXTS) as file:
        write_header(file, m, d)
        for block in blocks:
            expect_shape("a block of text vectors", block, ("m", d), np.float32)
            file.write(np.ascontiguousarray(block, "<f4").data)
            written += len(block)
        if written != m:
            raise TMVError(f"Expected the vectors of {m} captions, got {written}.")


def complete(
    folder: Path,
    run: ChunkRun,
    vectors: WrittenVectors,
    rows: Rows,
    card: ModelCard,
    notes: Sequence[Note],
    data_notes: Sequence[Note] = (),
) -> Manifest:
    """Write the rows and, last, the manifest; then the chunks are no longer needed and go."""
    write_rows(folder, rows)
    files = [IMAGES, *rows.files(), *([TEXTS] if rows.image_index is not None else [])]
    plan = run.plan
    manifest = Manifest(
        parts=plan.parts,
        dataset=plan.dataset,
        split=plan.split,
        n=vectors.n,
        m=len(rows.captions),
        d=vectors.d,
        logit_scale=card.logit_scale,
        score_function=card.score_function,
        logit_bias=card.logit_bias,
        device=card.device,
        versions=dict(card.versions),
        date=datetime.now(UTC).isoformat(),
        files={name: stored_file(folder / name) for name in files},
        skipped=tuple(skip for _, skip in vectors.skipped),
        skipped_rows=tuple(row for row, _ in vectors.skipped),
        notes=tuple(notes),
        data_notes=tuple(data_notes),
        blocks=vectors.blocks,
        plan={"rows": plan.n, "chunk_rows": plan.chunk_rows, "batch_rows": plan.batch_rows},
    )
    write_manifest(folder, manifest)
    run.discard()
    return manifest


def withdraw(folder: Path) -> None:
    """Take an entry out of service before its files are replaced: without a manifest nobody reads it."""
    delete(folder / MANIFEST)


def stored_file(path: Path) -> StoredFile:
    """Size and checksum of a file as it lies on the disk."""
    return StoredFile(bytes=path.stat().st_size, sha256=sha256_file(path))
