"""Finished class vectors of large ensembles: a restart need not read tens of thousands of text vectors again.

Kept among the small results, which are checksummed, written whole and mended by `verify`. The key covers the model's
weights, every template and every class name in order, so that a change of any of them meets no stale vector.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence

import numpy as np

from core.errors import DiskFull, Unwritable
from core.store.results import Results
from core.system.files import canonical_json, sha256_text
from core.types import FloatArray, expect_shape

WORTH = 10_000
"""Texts from which on a head is kept; fewer are read in a tenth of a second."""
_VERSION = 1
_OFF_UNIT = 1e-3


class Heads:
    """Class vectors (c, d), of length 1, by model digest, templates and class names."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def get(self, model_digest: str | None, templates: Sequence[str], names: Sequence[str]) -> FloatArray | None:
        """What was kept, or None."""
        if not model_digest or len(templates) * len(names) < WORTH:
            return None
        data = self._results.get(_key(model_digest, templates, names))
        if not isinstance(data, bytes) or not data or len(data) % (4 * len(names)):
            return None
        head: FloatArray = np.frombuffer(data, "<f4").reshape(len(names), -1).astype(np.float32, copy=False)
        lengths = np.linalg.norm(head, axis=1)
        return head if bool((np.abs(lengths - 1) < _OFF_UNIT).all()) else None

    def put(self, model_digest: str | None, templates: Sequence[str], names: Sequence[str], head: FloatArray) -> None:
        """Keep a head where that saves time; a folder that cannot be written costs nothing but the time."""
        if not model_digest or len(templates) * len(names) < WORTH:
            return
        expect_shape("class vectors", head, (len(names), "d"), np.float32)
        with contextlib.suppress(DiskFull, Unwritable, OSError, sqlite3.Error):
            self._results.put(_key(model_digest, templates, names), np.ascontiguousarray(head, "<f4").tobytes())


def _key(model_digest: str, templates: Sequence[str], names: Sequence[str]) -> str:
    plan = canonical_json([_VERSION, list(templates), list(names)])
    return f"class-head/{model_digest}/{sha256_text(plan)}"
