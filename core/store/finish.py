"""From finished chunks to an entry: stream the vectors into one array, then rows, then the manifest.

Where the vectors are too many to be copied, the chunks become the entry: their folder is renamed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np

from core.errors import TMVError
from core.store.chunks import PLAN, RUN_FOLDER, ChunkRun, chunk_path, parse_chunk
from core.store.manifest import MANIFEST, Block, KeyParts, Manifest, StoredFile, write_manifest
from core.store.rows import Rows, write_rows
from core.system.files import delete, replacing, sha256_file, sweep_half_written
from core.types import FloatArray, ModelCard, Note, Skipped, expect_shape

IMAGES, TEXTS = "images.npy", "texts.npy"
SHARDS = "images"
"""The folder of the chunks of an entry that keeps them."""
KEEP_CHUNKS_FROM = 8 << 30
"""Bytes of vectors that are no longer copied into one file."""
MOST_BLOCKS = 256
_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVectors:
    """What became of a run's chunks: n vectors of width d and the rows without one; the files that hold them."""

    n: int
    d: int
    skipped: tuple[tuple[int, Skipped], ...]
    blocks: tuple[Block, ...] = ()
    files: Mapping[str, StoredFile] = field(default_factory=dict)


def write_images(folder: Path, run: ChunkRun) -> WrittenVectors:
    """Every chunk, checked once more: into `images.npy` (n, d) float32, one in memory at a time, or from
    `KEEP_CHUNKS_FROM` bytes on left as it lies.

    Raises `Damaged` or `FileNotFoundError` when a chunk is not good, and `TMVError` when no row has a vector.
    """
    n, d = _shape(run)
    sweep_half_written(folder)
    return _checked_chunks(run, n, d) if 4 * n * d >= KEEP_CHUNKS_FROM else _one_file(folder, run, n, d)


def _checked_chunks(run: ChunkRun, n: int, d: int) -> WrittenVectors:
    """The chunks as files of the entry, read once, several at a time."""

    def look(index: int) -> tuple[str, StoredFile, tuple[tuple[int, Skipped], ...]]:
        path = chunk_path(run.folder, run.plan, index)
        content = path.read_bytes()
        skipped = parse_chunk(content, run.plan, index, path).skipped
        record = StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        return f"{SHARDS}/{path.relative_to(run.folder).as_posix()}", record, skipped

    with ThreadPoolExecutor(_THREADS) as pool:
        seen = list(pool.map(look, range(run.plan.chunks)))
    files = {f"{SHARDS}/{PLAN}": stored_file(run.folder / PLAN), **{name: record for name, record, _ in seen}}
    return WrittenVectors(n=n, d=d, skipped=tuple(gap for _, _, gaps in seen for gap in gaps), files=files)


def _one_file(folder: Path, run: ChunkRun, n: int, d: int) -> WrittenVectors:
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
    files = {IMAGES: stored_file(folder / IMAGES)}
    return WrittenVectors(n=n, d=d, skipped=tuple(skipped), blocks=tuple(blocks), files=files)


def _shape(run: ChunkRun) -> tuple[int, int]:
    shapes = [(head.kept, head.d) for head in run.heads()]
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
    parts: KeyParts,
    rows: Rows,
    card: ModelCard,
    notes: Sequence[Note],
    data_notes: Sequence[Note] = (),
) -> Manifest:
    """Write the rows and, last, the manifest; chunks that were copied are no longer needed and go. `parts` say of which
    content the run's rows turned out to be."""
    write_rows(folder, rows)
    others = [*rows.files(), *([TEXTS] if rows.image_index is not None else [])]
    plan = run.plan
    manifest = Manifest(
        parts=parts,
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
        files={**vectors.files, **{name: stored_file(folder / name) for name in others}},
        skipped=tuple(skip for _, skip in vectors.skipped),
        skipped_rows=tuple(row for row, _ in vectors.skipped),
        notes=tuple(notes),
        data_notes=tuple(data_notes),
        blocks=vectors.blocks,
        plan={"rows": plan.n, "chunk_rows": plan.chunk_rows, "batch_rows": plan.batch_rows},
    )
    if IMAGES not in vectors.files:
        delete(folder / SHARDS)
        run.folder.rename(folder / SHARDS)
    write_manifest(folder, manifest)
    run.discard()
    return manifest


def put_back(folder: Path) -> None:
    """Make the chunks that an entry was about to keep a run again, where it was killed before its manifest."""
    if (folder / SHARDS / PLAN).is_file() and not (folder / MANIFEST).exists() and not (folder / RUN_FOLDER).exists():
        (folder / SHARDS).rename(folder / RUN_FOLDER)


def withdraw(folder: Path) -> None:
    """Take an entry out of service before its files are replaced: without a manifest nobody reads it."""
    delete(folder / MANIFEST)


def stored_file(path: Path) -> StoredFile:
    """Size and checksum of a file as it lies on the disk."""
    return StoredFile(bytes=path.stat().st_size, sha256=sha256_file(path))
