"""Some chunks of a run: the work of one process, of one machine, of one card."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np

from core.embedding.backends import Backend
from core.embedding.batches import Batch
from core.store import Chunk, ChunkRun
from core.types import Dataset, Encoder


def compute_chunks(
    encoder: Encoder, dataset: Dataset, run: ChunkRun, chunks: Sequence[int], backend: Backend
) -> Generator[int]:
    """Compute and write these chunks. Gives the rows of each batch as it is finished, and 0 whenever half a second
    brought none. Closing it stops the work; what is written stays."""
    chunk_of = {rows: index for index in chunks for rows in run.plan.batches(index)}
    parts: dict[int, list[Batch]] = {}
    with closing(backend.encode(encoder, dataset, list(chunk_of))) as batches:
        for batch in batches:
            if batch is None:
                yield 0
                continue
            index = chunk_of[batch.rows]
            parts.setdefault(index, []).append(batch)
            if len(parts[index]) == len(run.plan.batches(index)):
                run.write(index, _chunk(parts.pop(index)))
            yield len(batch.rows)


def _chunk(batches: list[Batch]) -> Chunk:
    batches.sort(key=lambda batch: batch.rows.start)
    with_vectors = [batch.vectors for batch in batches if len(batch.vectors)] or [batches[0].vectors]
    records = [batch.records for batch in batches]
    return Chunk(
        vectors=np.concatenate(with_vectors),
        skipped=tuple(gap for batch in batches for gap in batch.skipped),
        records=b"".join(records) if all(records) else b"",
    )
