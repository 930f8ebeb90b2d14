"""A stand-in for an index of faiss: it sorts all cosines, and misses the rows that it is told to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.engine import Engine
from core.stats.metrics import normalise
from core.store.faiss_index import FaissIndex
from core.store.indexes import IndexRecord, Recall
from core.store.manifest import StoredFile
from core.studies.pictures import at_size
from core.types import EmbeddingSet, FloatArray, IntArray

RECALLS = (Recall(k=10, value=0.996, at_least=0.987), Recall(k=100, value=0.99, at_least=0.975))


class SlowIndex:
    """Nominates the m best rows but the `missed` ones."""

    def __init__(self, vectors: FloatArray, missed: Collection[int] = ()) -> None:
        self.unit, self.missed, self.asked = normalise(vectors), set(missed), 0

    def nominate(self, query: FloatArray, m: int) -> IntArray:
        self.asked += 1
        rows = np.argsort(-(self.unit @ query), kind="stable")
        return np.sort([row for row in rows if row not in self.missed][:m]).astype(np.int64)


def a_record(images: EmbeddingSet, file: StoredFile, **changed: Any) -> IndexRecord:
    n, d = images.image_embeddings.shape
    known: dict[str, Any] = {"lists": 4, "probed": 2, "prompts": 500, "own": 500, "recalls": RECALLS}
    known |= {"date": "2026-01-01T00:00:00Z", "library": "faiss 1"}
    return IndexRecord(key=images.key, n=n, d=d, file=file, **(known | changed))


def with_index(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, images: EmbeddingSet, missed: Collection[int] = ()
) -> SlowIndex:
    """Everything takes long, faiss is here, and the set has an index that misses these rows."""
    index = SlowIndex(np.asarray(images.image_embeddings), missed)
    monkeypatch.setenv(at_size.SCAN_SECONDS, "0")
    monkeypatch.setattr(at_size, "faiss_is_here", lambda: True)
    monkeypatch.setattr(FaissIndex, "opened", lambda path, probed: index)
    engine.store.indexes.keep(lambda file: a_record(images, file), _write)
    return index


def _write(path: Path) -> None:
    path.write_bytes(b"an index")
