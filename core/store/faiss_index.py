"""The index itself: vectors in lists around centres, kept as fp16, by faiss (an extra: `requirements-search.txt`).

Only rows come out of it. A search looks into the lists whose centres are nearest to the query and misses what lies in
others; what it finds is scored again from the stored vectors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import VERIFY, Damaged, TMVError
from core.system.progress import Progress, silent
from core.types import FloatArray, IntArray

SEED = 586
PER_LIST = 40
"""Rows that a centre is learned from; faiss warns below 39."""
MOST_PROBED, ROUNDS = 512, 10
WITHOUT = "An index needs faiss, which is not installed: pip install -r requirements-search.txt"


def library() -> str:
    """Name and version of what builds. Raises `TMVError` without it."""
    return f"faiss {_faiss().__version__}"


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise TMVError(WITHOUT) from error
    return faiss


def lists_of(n: int) -> int:
    """Into how many lists n rows are put: 4 sqrt(n), as faiss' guidelines say, and fewer where rows are few."""
    return max(1, min(round(4 * math.sqrt(n)), n // PER_LIST))


def probed_of(lists: int) -> int:
    """How many lists a search looks into: a sixteenth. Texts lie far from the images, and their best images in more
    lists than those of an image do."""
    return min(lists, max(16, min(MOST_PROBED, math.ceil(lists / 16))))


def _centres(sample: FloatArray, lists: int, progress: Progress) -> FloatArray:
    """Centres (lists, d) of length 1: spherical k-means, a round at a time."""
    most = {"min_points_per_centroid": 1, "max_points_per_centroid": 2 * PER_LIST}
    centres: FloatArray | None = None
    for done in range(ROUNDS):
        progress(done, ROUNDS)
        kmeans = _faiss().Kmeans(sample.shape[1], lists, niter=1, seed=SEED, spherical=True, **most)
        kmeans.train(sample, init_centroids=centres)
        centres = np.array(kmeans.centroids, np.float32)
    progress(ROUNDS, ROUNDS)
    return np.asarray(centres)


class FaissIndex:
    """An index of unit vectors by their cosine."""

    def __init__(self, index: Any, probed: int) -> None:
        self._index = index
        index.nprobe = probed

    @classmethod
    def learned(cls, sample: FloatArray, lists: int, progress: Progress = silent) -> FaissIndex:
        """An empty index whose centres are learned from unit rows (s, d); the same sample gives the same centres.
        `progress` counts rounds of k-means, and may stop them."""
        faiss, d = _faiss(), sample.shape[1]
        quantizer = faiss.IndexFlatIP(d)
        quantizer.add(_centres(np.ascontiguousarray(sample, np.float32), lists, progress))
        index = faiss.IndexIVFScalarQuantizer(
            quantizer, d, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.train(np.ascontiguousarray(sample[:1], np.float32))  # the centres are there, and fp16 learns nothing
        return cls(index, probed_of(lists))

    @classmethod
    def opened(cls, path: Path, probed: int) -> FaissIndex:
        """What `write` wrote, mapped from disk. Raises `Damaged` where faiss cannot read it."""
        faiss = _faiss()
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP), probed)
        except RuntimeError as error:
            raise Damaged(f"{path} cannot be read by {library()}", VERIFY) from error

    def add(self, unit: FloatArray) -> None:
        """Put the next rows (b, d) in."""
        self._index.add(np.ascontiguousarray(unit, np.float32))

    def write(self, path: Path) -> None:
        """Into a file."""
        _faiss().write_index(self._index, str(path))

    def nominate(self, query: FloatArray, m: int) -> IntArray:
        """At most m rows that are likely among the best for a unit query (d,), in the order of the data set."""
        rows = self._index.search(np.ascontiguousarray(query[None], np.float32), m)[1][0]
        return np.sort(rows[rows >= 0]).astype(np.int64)
