"""Searches of more vectors than can be scanned while someone waits.

Up to as many rows as this machine scans in a second every search is exact. Beyond that an index, where one was built,
nominates rows; they are scored and ordered by the rule of every other list, and what share of the exact best the index
finds stands beside the list. `index` builds one; the exact list is always to be had.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import BadArgument, Damaged
from core.stats.metrics import normalise
from core.stats.numbers import count, percent
from core.stats.streamed import Best, best_of_all, ordered
from core.store.faiss_index import FaissIndex
from core.store.indexes import IndexRecord, faiss_is_here
from core.studies.base import Lab
from core.system.files import sha256_text
from core.system.progress import Progress
from core.types import EmbeddingSet, FloatArray, IntArray, Note

SCAN_SECONDS = "TMV_SCAN_SECONDS"
FEW = 1 << 27
"""Numbers that no machine needs a second to scan (512 MB): below, none is timed."""
SAMPLE = 10_000
"""Rows whose scores stand for those of all where these were not scored."""
NO_INDEX, BY_INDEX, DAMAGED_INDEX = "no_index", "by_index", "index_damaged"
_TIMED = 1 << 26
_SEED = 586


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a set is searched: by `index`, or exactly where that is None; `note` says why, where someone may wonder."""

    index: IndexRecord | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominated:
    """What an index had to do with a list: `rows` are those that it nominated, best first. Where the list was
    `checked`, all images were compared, `rows` are the first of all, and `right` of the list's k were in its list."""

    index: IndexRecord
    rows: IntArray
    checked: bool = False
    right: int | None = None

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**self.index.to_record(), "ranked": len(self.rows), "checked": self.checked, "right": self.right}


# --- which way --------------------------------------------------------------------------------------------


def way_of(lab: Lab, images: EmbeddingSet) -> Way:
    """How a search of this set is answered now."""
    if not takes_long(lab, images):
        return Way()
    n = f"All {count(len(images), 'image')} are compared for each list, which takes more than {_limit_said()}"
    try:
        index = lab.vectors.store.indexes.find(images.key)
        if index is not None and faiss_is_here():
            lab.vectors.store.indexes.require_whole(index)
            return Way(index=index)
    except Damaged:
        return Way(note=Note(f"{n}: the index that would do it faster is damaged; build it again.", DAMAGED_INDEX))
    model, dataset, split = images.key.model, images.key.dataset, images.key.split
    first = "" if faiss_is_here() else "pip install -r requirements-search.txt, then "
    asked = f"python -m core index --model {model} --data {dataset} --split {split}"
    return Way(note=Note(f"{n}. An index makes it fast: {first}{asked}", NO_INDEX))


def can_be_built() -> bool:
    """Whether what builds an index is installed here."""
    return faiss_is_here()


def takes_long(lab: Lab, images: EmbeddingSet) -> bool:
    """Whether this machine scans these vectors in more than the limit, a second unless `TMV_SCAN_SECONDS` says so."""
    limit, d = scan_seconds(), images.image_embeddings.shape[1]
    if not limit:
        return True
    return len(images) * d > FEW * min(1.0, limit) and len(images) > limit * rows_per_second(lab, d)


def scan_seconds() -> float:
    """The longest scan that a search waits for."""
    said = os.environ.get(SCAN_SECONDS, "1")
    try:
        value = float(said)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadArgument(f"{SCAN_SECONDS} expects a number of seconds from 0 on, got {said!r}.")
    return value


def _limit_said() -> str:
    value = scan_seconds()
    return "a second" if value == 1 else f"{value:g} seconds"


def rows_per_second(lab: Lab, d: int) -> float:
    """How many vectors of d numbers this machine scores in a second, timed once and remembered under its name."""
    machine = sha256_text(f"{platform.node()} {platform.machine()} {os.cpu_count()}")[:16]
    key = f"scan/{machine}/{d}"

    def find() -> float:
        kept = lab.results.read(key, lambda record: float(record["rows_per_second"]))
        if kept is not None and kept > 0:
            return kept
        timed = _timed(d)
        lab.results.keep(key, {"rows_per_second": timed})
        return timed

    return lab.memory.galleries.get(key, find)


def _timed(d: int) -> float:
    """The best of three scans of 256 MB, more than most processors keep near."""
    rows, query = np.ones((max(1, _TIMED // d), d), np.float32), np.ones(d, np.float32)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        rows @ query
        seconds.append(time.perf_counter() - start)
    return len(rows) / max(min(seconds), 1e-9)


# --- by an index ------------------------------------------------------------------------------------------


def candidates(k: int) -> int:
    """How many rows are nominated for a list of k: the order of fp16 scores differs from the exact one by a few
    places."""
    return 4 * k + 200


def nominated(lab: Lab, images: EmbeddingSet, index: IndexRecord, query: FloatArray, k: int) -> Best:
    """The rows that an index nominates for k, in the exact order of their cosines with a unit query (d,)."""
    opened = lab.memory.galleries.get(("index", index.key.fingerprint, index.file.sha256), lambda: _open(lab, index))
    return ordered(images.image_embeddings, opened.nominate(query, candidates(k)), query)


def _open(lab: Lab, index: IndexRecord) -> FaissIndex:
    return FaissIndex.opened(lab.vectors.store.indexes.file(index.key), index.probed)


def listed(
    lab: Lab,
    images: EmbeddingSet,
    index: IndexRecord,
    query: FloatArray,
    k: int,
    *,
    exact: bool = False,
    progress: Progress | None = None,
) -> tuple[Best, Nominated]:
    """The list of k by an index or, `exact`, of all images, and what the index had to do with it."""
    found = nominated(lab, images, index, query, k)
    if not exact:
        return Best(rows=found.rows[:k], values=found.values[:k]), Nominated(index=index, rows=found.rows)
    best = best_of_all(images.image_embeddings, query[None], candidates(k), progress)[0]
    right = len(np.intersect1d(best.rows[:k], found.rows[:k]))
    checked = Nominated(index=index, rows=best.rows, checked=True, right=right)
    return Best(rows=best.rows[:k], values=best.values[:k]), checked


def sampled_scores(lab: Lab, images: EmbeddingSet, query: FloatArray) -> FloatArray:
    """Cosines of a unit query (d,) with the same random rows each time: at most `SAMPLE`, (s,) float32."""

    def draw() -> FloatArray:
        rng, n = np.random.default_rng(_SEED), len(images)
        rows = np.sort(rng.choice(n, min(SAMPLE, n), replace=False))
        return normalise(np.asarray(images.image_embeddings[rows]))

    sample = lab.memory.galleries.get((images.key, "sample"), draw)
    return np.asarray(sample @ query, dtype=np.float32)


def note_of(found: Nominated, n: int, k: int) -> Note:
    """What stands beside a list that an index had to do with."""
    index = found.index
    if found.checked:
        said = f"All {count(n, 'image')} were compared, so this list is exact; {found.right} of its {k} were in the"
        return Note(f"{said} list of the index.", "checked")
    shares = [
        f"{percent(r.value)} of the exact {r.k} best, at least {percent(r.at_least)} (95 %)" for r in index.recalls
    ]
    said = f"These are {k} of {count(n, 'image')} by an index: in {count(index.prompts, 'prompt')} it found "
    deep = max((r.k for r in index.recalls), default=0)
    more = f"; places after {deep} were not measured" if k > deep else ""
    return Note(f"{said}{' and '.join(shares)}{more}.", BY_INDEX)
