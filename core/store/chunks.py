"""A run as a value: which rows belong to which chunk, and the chunk files that anyone may compute.

The plan is fixed when a run starts and says nothing of who computes: threads of one process today, machines
of a cluster writing the same files tomorrow. A chunk file is written whole or not at all and carries its own
checksum, so a run goes on from whatever chunks are good.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Damaged, TMVError
from core.store.manifest import KeyParts
from core.system.files import read_checked_json, replacing, sweep_half_written, write_checked_json
from core.types import FloatArray, Skipped, expect_shape

RUN_FOLDER = "run"
PLAN = "plan.json"
MOST_CHUNKS, MOST_ROWS = 20_000, 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """n rows in chunks of `chunk_rows`, each computed in batches of `batch_rows`.

    The batches are part of the plan because the last bits of a vector may depend on which rows shared its
    batch: a resumed run then gives the very same vectors as an undisturbed one.
    """

    parts: KeyParts
    dataset: str
    split: str
    n: int
    chunk_rows: int
    batch_rows: int

    def __post_init__(self) -> None:
        if self.n < 1 or self.batch_rows < 1 or self.chunk_rows < 1 or self.chunk_rows % self.batch_rows:
            raise TMVError(
                f"A plan needs rows, and chunks of whole batches, got n={self.n}, "
                f"chunk_rows={self.chunk_rows}, batch_rows={self.batch_rows}."
            )

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


def chunk_rows(n: int, rows_a_second: float, batch_rows: int, seconds: float = 1.5) -> int:
    """Rows of about `seconds` of work, which is what a kill costs, in whole batches.

    Never so few that there are more than `MOST_CHUNKS` files, nor more rows than `MOST_ROWS` in memory.
    """
    wanted = max(1, round(rows_a_second * seconds / batch_rows))
    fewest = -(-n // (MOST_CHUNKS * batch_rows))
    return min(max(wanted, fewest), max(1, MOST_ROWS // batch_rows)) * batch_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Vectors (k, d) float32 of the rows of a chunk that have one, and the rows that have none, with the
    reason."""

    vectors: FloatArray
    skipped: tuple[tuple[int, Skipped], ...] = ()


def chunk_path(folder: Path, index: int) -> Path:
    """The file of one chunk in a run's folder."""
    return folder / f"{index:06d}.chunk"


def write_chunk(folder: Path, plan: ChunkPlan, index: int, chunk: Chunk) -> None:
    """First line: sha256 of all that follows. Second line: JSON. Then the vectors, little-endian float32."""
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
    }
    body = json.dumps(header, ensure_ascii=True).encode() + b"\n"
    checksum = hashlib.sha256(body)
    checksum.update(vectors.data)
    with replacing(chunk_path(folder, index)) as file:
        file.write(checksum.hexdigest().encode() + b"\n" + body)
        file.write(vectors.data)


def read_chunk(folder: Path, plan: ChunkPlan, index: int) -> Chunk:
    """A chunk as written. Raises `Damaged` when the file is not that, `FileNotFoundError` when there is
    none."""
    path = chunk_path(folder, index)
    checksum, _, rest = path.read_bytes().partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        raise Damaged(f"{path} is damaged; it will be computed again.")
    header, _, payload = rest.partition(b"\n")
    return _chunk(json.loads(header), payload, plan, index, path)


def chunk_shape(folder: Path, plan: ChunkPlan, index: int) -> tuple[int, int]:
    """(k, d) of a chunk by its header alone; reading it whole checks it."""
    with chunk_path(folder, index).open("rb") as file:
        file.readline()
        header = json.loads(file.readline())
    return len(plan.rows(index)) - len(header["skipped"]), int(header["d"])


def _chunk(header: dict[str, Any], payload: bytes, plan: ChunkPlan, index: int, path: Path) -> Chunk:
    rows = plan.rows(index)
    skipped = tuple((int(s["row"]), Skipped(id=s["id"], reason=s["reason"])) for s in header["skipped"])
    kept, d = len(rows) - len(skipped), int(header["d"])
    expected = (plan.parts.fingerprint, index, rows.start, rows.stop, kept * d * 4)
    found = (header["fingerprint"], header["index"], header["start"], header["stop"], len(payload))
    if found != expected:
        raise Damaged(f"{path} belongs to another run; it will be computed again.")
    return Chunk(vectors=np.frombuffer(payload, "<f4").reshape(kept, d), skipped=skipped)


class ChunkRun:
    """An entry being computed: `plan.json` and the chunks that are finished. Hold the entry's lock while
    writing."""

    def __init__(self, folder: Path, plan: ChunkPlan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def open(cls, folder: Path, plan: ChunkPlan) -> ChunkRun:
        """Go on with the run that is in `folder` if it is of the same rows and parts, else start over with
        `plan`."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            found = read_plan(folder)
            if _same_work(found, plan):
                return cls(folder, found)
        shutil.rmtree(folder, ignore_errors=True)
        write_checked_json(folder / PLAN, asdict(plan))
        return cls(folder, plan)

    def missing(self) -> tuple[int, ...]:
        """Chunks still to compute; a damaged one is deleted and counts as missing."""
        sweep_half_written(self.folder)
        return tuple(index for index in range(self.plan.chunks) if not self._good(index))

    def _good(self, index: int) -> bool:
        try:
            read_chunk(self.folder, self.plan, index)
        except FileNotFoundError:
            return False
        except Damaged:
            chunk_path(self.folder, index).unlink(missing_ok=True)
            return False
        return True

    def write(self, index: int, chunk: Chunk) -> None:
        """Store one finished chunk."""
        write_chunk(self.folder, self.plan, index, chunk)

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Every chunk in order, one in memory at a time. Raises `FileNotFoundError` when one is missing."""
        for index in range(self.plan.chunks):
            yield index, read_chunk(self.folder, self.plan, index)

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
    indices = {int(p.stem) for p in folder.glob("*.chunk") if p.stem.isdigit()}
    return sum(len(plan.rows(index)) for index in indices if index < plan.chunks)


def _same_work(found: ChunkPlan, plan: ChunkPlan) -> bool:
    return (found.parts.fingerprint, found.dataset, found.split, found.n) == (
        plan.parts.fingerprint,
        plan.dataset,
        plan.split,
        plan.n,
    )
