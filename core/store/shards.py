"""The vectors of an entry that kept its chunks, read like one array: a block at a time, where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import VERIFY, Damaged
from core.store.checked import is_same
from core.store.chunks import chunk_path, read_plan
from core.store.finish import SHARDS
from core.store.manifest import MANIFEST, Manifest
from core.types import FloatArray, IntArray


class ShardRows:
    """Vectors (n, d) float32 in many files. What is asked for is read and copied; nothing is kept open.

    `rows[2:9]`, `rows[[3, 1]]` and `rows[mask]` give arrays as those of one array would; `np.asarray` reads all of
    them into memory. Each file is compared with its checksum at its first use in this process: `Damaged`.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest, self._plan = folder / SHARDS, manifest, read_plan(folder / SHARDS)
        chunks = sum(name.endswith(".chunk") for name in manifest.files)
        if self._plan.n != manifest.n + len(manifest.skipped_rows) or self._plan.chunks != chunks:
            raise Damaged(f"{self._folder} does not hold what {MANIFEST} says", VERIFY)
        gone = np.asarray(sorted(manifest.skipped_rows), np.int64)
        edges = np.minimum(np.arange(self._plan.chunks + 1) * self._plan.chunk_rows, self._plan.n)
        self._first: IntArray = edges - np.searchsorted(gone, edges)
        """The first row of each chunk among those with a vector, and n."""
        self.shape = (manifest.n, manifest.d)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> FloatArray:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            return self._stretch(start, stop) if step == 1 else self._some(np.arange(start, stop, step))
        if isinstance(rows, tuple):
            chosen = self[rows[0]]
            return np.asarray(chosen[(slice(None),) * (chosen.ndim - 1) + rows[1:]])
        wanted = np.arange(len(self))[rows]
        return self._some(np.ravel(wanted)).reshape((*np.shape(wanted), self.shape[1]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = self._stretch(0, len(self))
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def setflags(self, *, write: bool) -> None:
        """As of an array; these rows can only be read."""
        if write:
            raise ValueError("stored vectors are read-only")

    def _stretch(self, start: int, stop: int) -> FloatArray:
        found = np.empty((max(0, stop - start), self.shape[1]), np.float32)
        if not len(found):
            return found
        first, last = np.searchsorted(self._first, [start, stop - 1], side="right") - 1
        for chunk in range(int(first), int(last) + 1):
            low, high = max(start, int(self._first[chunk])), min(stop, int(self._first[chunk + 1]))
            if low < high:
                found[low - start : high - start] = self._read(chunk, low, high)
        return found

    def _some(self, rows: IntArray) -> FloatArray:
        found = np.empty((len(rows), self.shape[1]), np.float32)
        chunks = np.searchsorted(self._first, rows, side="right") - 1
        for chunk in np.unique(chunks):
            mine = np.flatnonzero(chunks == chunk)
            low, high = int(rows[mine].min()), int(rows[mine].max()) + 1
            found[mine] = self._read(int(chunk), low, high)[rows[mine] - low]
        return found

    def _read(self, chunk: int, low: int, high: int) -> FloatArray:
        """Rows from `low` to `high`, which lie in this chunk."""
        path = chunk_path(self._folder, self._plan, chunk)
        record = self._manifest.files.get(f"{SHARDS}/{path.relative_to(self._folder).as_posix()}")
        if record is None or not is_same(path, record):
            raise Damaged(f"{path} is damaged", VERIFY)
        width, size = 4 * self.shape[1], int(self._first[chunk + 1] - self._first[chunk])
        with path.open("rb", buffering=0) as file:
            file.seek(record.bytes - (size - low + int(self._first[chunk])) * width)
            content = file.read((high - low) * width)
        if len(content) < (high - low) * width:
            raise Damaged(f"{path} is damaged", VERIFY)
        return np.frombuffer(content, "<f4").reshape(high - low, -1)
