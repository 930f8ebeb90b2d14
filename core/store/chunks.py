"""A run as a value: which rows belong to which chunk, and the chunk files that anyone may compute.

The plan follows from the rows and the model, and says nothing of who computes: threads of one process, or many
machines that see the folder and write the same files. A chunk file is written whole or not at all and carries its
own checksum, so a run goes on from whatever chunks are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Damaged, TMVError
from core.store.manifest import KeyParts
from core.system.files import read_checked_json, replacing, sweep_half_written, write_checked_json
from core.types import EmbeddingKey, FloatArray, Skipped, expect_shape

RUN_FOLDER = "run"
PLAN = "plan.json"
MOST_CHUNKS, MOST_ROWS = 20_000, 8192
FEW_BATCHES, MANY_BATCHES = 8, 16
"""Batches of a chunk on a CPU, where a chunk takes seconds, and on an accelerator. A kill costs the chunk it hits."""
FOLDER = 1000
"""Chunks of one folder where there are more than `MOST_CHUNKS`."""
RECORD = 64
"""Bytes of what is known of a picture: the digest of its stamp and that of its content."""
_THREADS = min(8, os.cpu_count() or 1)
LEFT_OVER_SECONDS = 3600.0
"""A half-written file so old is nobody's: several machines may write into a run at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """n rows in chunks of `chunk_rows`, each computed in batches of `batch_rows`.

    The batches are part of the plan because the last bits of a vector may depend on which rows shared its
    batch: a resumed run then gives the very same vectors as an undisturbed one. `listing` is the digest of the rows
    and of the size and time of every picture, by which other machines know the run; "" in runs of earlier versions.
    """

    parts: KeyParts
    dataset: str
    split: str
    n: int
    chunk_rows: int
    batch_rows: int
    listing: str = ""

    def __post_init__(self) -> None:
        if self.n < 1 or self.batch_rows < 1 or self.chunk_rows < 1 or self.chunk_rows % self.batch_rows:
            raise TMVError(
                f"A plan needs rows, and chunks of whole batches, got n={self.n}, "
                f"chunk_rows={self.chunk_rows}, batch_rows={self.batch_rows}."
            )

    @property
    def key(self) -> EmbeddingKey:
        """Where the run lies."""
        return self.parts.key(self.dataset, self.split)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.n // self.chunk_rows)

    def rows(self, chunk: int) -> range:
        """The rows of one chunk."""
        return range(chunk * self.chunk_rows, min(self.n, (chunk + 1) * self.chunk_rows))

    def batches(self, chunk: int) -> tuple[range, ...]:
        """The rows of each batch of one chunk."""
        rows = self.rows(chunk)
        return tuple(rows[i : i + self.batch_rows] for i in range(0, len(rows), self.batch_rows))


def chunk_rows(n: int, batch_rows: int, *, accelerator: bool = False) -> int:
    """Rows of a chunk, in whole batches: the same on every machine, so nothing is timed.

    Never so few that there are more than `MOST_CHUNKS` files, nor more rows than `MOST_ROWS` in memory.
    """
    fewest = -(-n // (MOST_CHUNKS * batch_rows))
    wanted = max(MANY_BATCHES if accelerator else FEW_BATCHES, fewest)
    return min(wanted, max(1, MOST_ROWS // batch_rows)) * batch_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Vectors (k, d) float32 of the rows of a chunk that have one, and the rows that have none, with the
    reason. `records` are `RECORD` bytes for each row, where its picture was read for these vectors."""

    vectors: FloatArray
    skipped: tuple[tuple[int, Skipped], ...] = ()
    records: bytes = b""


def chunk_path(folder: Path, plan: ChunkPlan, index: int) -> Path:
    """The file of one chunk in a run's folder; a thousand to a folder where there are very many."""
    place = folder if plan.chunks <= MOST_CHUNKS else folder / f"{index // FOLDER:03d}"
    return place / f"{index:06d}.chunk"


def write_chunk(folder: Path, plan: ChunkPlan, index: int, chunk: Chunk) -> None:
    """First line: sha256 of all that follows. Second line: JSON. Then the records of the pictures, where they were
    read, and the vectors, little-endian float32."""
    rows = plan.rows(index)
    kept = len(rows) - len(chunk.skipped)
    vectors = np.ascontiguousarray(chunk.vectors, dtype="<f4")
    expect_shape("vectors of a chunk", vectors, (kept, "d"), np.float32)
    if not np.isfinite(vectors).all():
        raise TMVError(f"Chunk {index} has vectors that are not finite; list their rows as skipped instead.")
    header = {
        "fingerprint": plan.parts.fingerprint,
        "index": index,
        "start": rows.start,
        "stop": rows.stop,
        "d": int(vectors.shape[1]),
        "skipped": [{"row": row, "id": skip.id, "reason": skip.reason} for row, skip in chunk.skipped],
        **({"records": len(rows)} if chunk.records else {}),
    }
    body = json.dumps(header, ensure_ascii=True).encode() + b"\n" + chunk.records
    checksum = hashlib.sha256(body)
    checksum.update(vectors.data)
    with replacing(chunk_path(folder, plan, index)) as file:
        file.write(checksum.hexdigest().encode() + b"\n" + body)
        file.write(vectors.data)


def read_chunk(folder: Path, plan: ChunkPlan, index: int) -> Chunk:
    """A chunk as written. Raises `Damaged` when the file is not that, `FileNotFoundError` when there is
    none."""
    path = chunk_path(folder, plan, index)
    return parse_chunk(path.read_bytes(), plan, index, path)


def parse_chunk(content: bytes, plan: ChunkPlan, index: int, path: Path) -> Chunk:
    """The content of a chunk's file. Raises `Damaged`, naming `path`, unless it is what was written."""
    checksum, _, rest = content.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        raise Damaged(f"{path} is damaged; it will be computed again.")
    header, _, payload = rest.partition(b"\n")
    return _chunk(json.loads(header), payload, plan, index, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkHead:
    """What stands before the vectors of a chunk: `kept` of them, of width `d`, from byte `offset` on."""

    kept: int
    d: int
    offset: int
    skipped: tuple[tuple[int, Skipped], ...]
    records: bytes


def read_head(folder: Path, plan: ChunkPlan, index: int) -> ChunkHead:
    """The head of a chunk whose size is that of a whole one; reading all of it checks it. Raises `Damaged` or
    `FileNotFoundError`."""
    path, rows = chunk_path(folder, plan, index), len(plan.rows(index))
    try:
        with path.open("rb") as file:
            file.readline()
            header = json.loads(file.readline())
            records = file.read(RECORD * int(header.get("records", 0)))
            offset, size = file.tell(), os.fstat(file.fileno()).st_size
        skipped = _skipped(header)
        kept, d, same = rows - len(skipped), int(header["d"]), header["fingerprint"] == plan.parts.fingerprint
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} is damaged; it will be computed again.") from error
    if not same or size != offset + 4 * kept * d:
        raise Damaged(f"{path} is not whole or belongs to another run; it will be computed again.")
    return ChunkHead(kept=kept, d=d, offset=offset, skipped=skipped, records=records)


def _skipped(header: dict[str, Any]) -> tuple[tuple[int, Skipped], ...]:
    return tuple((int(s["row"]), Skipped(id=s["id"], reason=s["reason"])) for s in header["skipped"])


def _chunk(header: dict[str, Any], payload: bytes, plan: ChunkPlan, index: int, path: Path) -> Chunk:
    rows, skipped = plan.rows(index), _skipped(header)
    kept, d, known = len(rows) - len(skipped), int(header["d"]), RECORD * int(header.get("records", 0))
    expected = (plan.parts.fingerprint, index, rows.start, rows.stop, known + kept * d * 4)
    found = (header["fingerprint"], header["index"], header["start"], header["stop"], len(payload))
    if found != expected or known not in (0, RECORD * len(rows)):
        raise Damaged(f"{path} belongs to another run; it will be computed again.")
    vectors = np.frombuffer(payload, "<f4", offset=known).reshape(kept, d)
    return Chunk(vectors=vectors, skipped=skipped, records=payload[:known])


class ChunkRun:
    """An entry being computed: `plan.json` and the chunks that are finished, which anybody may write."""

    def __init__(self, folder: Path, plan: ChunkPlan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def open(cls, folder: Path, plan: ChunkPlan) -> ChunkRun:
        """Go on with the run that is in `folder` if it is of the same rows and parts, else start over with
        `plan`."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            found = read_plan(folder)
            if same_work(found, plan):
                return cls(folder, found)
        shutil.rmtree(folder, ignore_errors=True)
        write_checked_json(folder / PLAN, asdict(plan))
        return cls(folder, plan)

    def missing(self, indices: Iterable[int] | None = None) -> tuple[int, ...]:
        """Chunks still to compute (of these), by name and size: a file has its name only once it is whole, and
        finishing reads it. One of another size is deleted and counts as missing."""
        sweep_half_written(self.folder, LEFT_OVER_SECONDS)
        return tuple(i for i in (range(self.plan.chunks) if indices is None else indices) if not self._is_there(i))

    def drop_damaged(self) -> None:
        """Read every chunk and delete those that are not what was written."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._drop_if_damaged, range(self.plan.chunks)))

    def _drop_if_damaged(self, index: int) -> None:
        try:
            read_chunk(self.folder, self.plan, index)
        except FileNotFoundError:
            pass
        except Damaged:
            chunk_path(self.folder, self.plan, index).unlink(missing_ok=True)

    def _is_there(self, index: int) -> bool:
        try:
            read_head(self.folder, self.plan, index)
        except FileNotFoundError:
            return False
        except Damaged:
            chunk_path(self.folder, self.plan, index).unlink(missing_ok=True)
            return False
        return True

    def write(self, index: int, chunk: Chunk) -> None:
        """Store one finished chunk."""
        write_chunk(self.folder, self.plan, index, chunk)

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Every chunk in order, one in memory at a time. Raises `FileNotFoundError` when one is missing."""
        for index in range(self.plan.chunks):
            yield index, read_chunk(self.folder, self.plan, index)

    def heads(self) -> Iterator[ChunkHead]:
        """The head of every chunk in order. Raises `FileNotFoundError` or `Damaged`."""
        for index in range(self.plan.chunks):
            yield read_head(self.folder, self.plan, index)

    def rows_in(self, indices: Iterable[int]) -> int:
        """How many rows these chunks have."""
        return sum(len(self.plan.rows(index)) for index in indices)

    def discard(self) -> None:
        """Remove plan and chunks."""
        shutil.rmtree(self.folder, ignore_errors=True)


def read_plan(folder: Path) -> ChunkPlan:
    """The plan of the run in `folder`. Raises `FileNotFoundError` or `Damaged`."""
    value = read_checked_json(folder / PLAN)
    try:
        return ChunkPlan(**{**value, "parts": KeyParts(**value["parts"])})
    except (KeyError, TypeError, TMVError) as error:
        raise Damaged(f"{folder / PLAN} is of another format; the run starts over.") from error


def rows_done(folder: Path, plan: ChunkPlan) -> int:
    """Rows in the chunk files that are there, by their names alone: what a waiting process shows."""
    names = folder.glob("*.chunk" if plan.chunks <= MOST_CHUNKS else "*/*.chunk")
    indices = {int(p.stem) for p in names if p.stem.isdigit()}
    return sum(len(plan.rows(index)) for index in indices if index < plan.chunks)


def same_work(found: ChunkPlan, plan: ChunkPlan) -> bool:
    """Whether a run found is of the rows and the model of a plan, however they cut them."""
    same = (found.dataset, found.split, found.n) == (plan.dataset, plan.split, plan.n)
    return same and found.parts.same_work(plan.parts)
