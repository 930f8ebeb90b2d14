"""Building the index of a set, and measuring what share of the exact lists it finds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.errors import NotHere, TMVError
from core.stats.intervals import share_at_least
from core.stats.metrics import normalise
from core.stats.streamed import Best, best_of_all, ordered
from core.store.faiss_index import PER_LIST, SEED, FaissIndex, library, lists_of, probed_of
from core.store.indexes import IndexRecord, Recall, faiss_is_here
from core.store.manifest import StoredFile
from core.studies.base import Lab
from core.studies.pictures.at_size import candidates
from core.system.progress import Progress, Steps, silent
from core.types import EmbeddingSet, FloatArray, Place

PROMPTS, FEWEST = 500, 50
"""Prompts that are answered both ways; with fewer own ones than the latter, names or captions of the set join them."""
DEPTHS = (10, 100)
_ROWS = 1 << 16
_TEMPLATES = ("a photo of a {}.", "{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Unit vectors (q, d) of prompts; the first `own` are texts that someone had asked."""

    vectors: FloatArray
    own: int


def build_index(lab: Lab, place: Place, progress: Progress | None = None, *, again: bool = False) -> IndexRecord:
    """The index of a set: the one that is here, or a new one where there is none, it is damaged or `again` says so.

    Raises `NotHere` without the vectors, `TMVError` without faiss. May be stopped at every report.
    """
    images, indexes = lab.vectors.require(place), lab.vectors.store.indexes
    if not again and not indexes.problem(images.key.fingerprint):
        found = indexes.find(images.key)
        if found is not None:
            return found
    version, steps = library(), Steps(6, progress or silent)
    made = list[FaissIndex]()
    steps.step(lambda report: made.append(_learned(images, report)), 3)
    steps.step(lambda report: _fill(made[0], images, report))
    prompts = prompts_of(lab, images)
    recalls = list[Recall]()
    steps.step(lambda report: recalls.extend(measure(made[0], images, prompts.vectors, report)))
    record = partial(_record, images, prompts, tuple(recalls), version)
    kept = list[IndexRecord]()
    steps.step(lambda report: kept.append(indexes.keep(record, made[0].write)))
    return kept[0]


def index_is_of_earlier_rows(lab: Lab, place: Place) -> bool:
    """Whether the vectors of a split had an index in an earlier state of its rows, and have none now; False where faiss
    is not here."""
    if not lab.vectors.store.indexes.names() or not faiss_is_here():
        return False
    images = lab.vectors.require(place)
    earlier = lab.vectors.store.indexes.of_split(images.key)
    known = any(record.key.fingerprint == images.key.fingerprint for record in earlier)
    return bool(earlier) and not known


def _record(
    images: EmbeddingSet, prompts: Prompts, recalls: tuple[Recall, ...], version: str, file: StoredFile
) -> IndexRecord:
    n, d = images.image_embeddings.shape
    lists = lists_of(n)
    return IndexRecord(
        key=images.key,
        n=n,
        d=d,
        lists=lists,
        probed=probed_of(lists),
        prompts=len(prompts.vectors),
        own=prompts.own,
        recalls=recalls,
        date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        library=version,
        file=file,
    )


def _learned(images: EmbeddingSet, progress: Progress) -> FaissIndex:
    """Centres learned from rows drawn with a fixed seed."""
    vectors, n = images.image_embeddings, len(images)
    lists = lists_of(n)
    rows = np.sort(np.random.default_rng(SEED).choice(n, min(n, PER_LIST * lists), replace=False))
    return FaissIndex.learned(normalise(np.asarray(vectors[rows])), lists, progress)


def _fill(index: FaissIndex, images: EmbeddingSet, progress: Progress) -> None:
    """Put every row in."""
    vectors, n = images.image_embeddings, len(images)
    for start in range(0, n, _ROWS):
        progress(start, n)
        index.add(normalise(np.asarray(vectors[start : start + _ROWS])))
    progress(n, n)


# --- what it finds ----------------------------------------------------------------------------------------


def prompts_of(lab: Lab, images: EmbeddingSet) -> Prompts:
    """Up to `PROMPTS` texts whose vectors are stored for the model, drawn with a fixed seed; where there are fewer than
    `FEWEST`, captions of the set or its class names in templates too. Raises `TMVError` where there is no text."""
    digest = lab.vectors.store.manifest(images.key).parts.model_digest
    vectors = _drawn(lab.encoding.texts.everything(digest)[1])
    own = len(vectors) if vectors.shape[1] == images.image_embeddings.shape[1] else 0
    parts = [vectors[:own]] if own else []
    if own < FEWEST and len(more := _of_the_set(lab, images)):
        parts.append(_drawn(more, PROMPTS - own))
    if not parts:
        raise TMVError(
            f"There is no text yet to measure an index of {images.key.dataset} with: search it with "
            f"{images.key.model} once, then build the index."
        )
    return Prompts(vectors=normalise(np.concatenate(parts)), own=own)


def _drawn(vectors: FloatArray, most: int = PROMPTS) -> FloatArray:
    if len(vectors) <= most:
        return np.asarray(vectors)
    rows = np.random.default_rng(SEED).choice(len(vectors), most, replace=False)
    return np.asarray(vectors[np.sort(rows)])


def _of_the_set(lab: Lab, images: EmbeddingSet) -> FloatArray:
    """Vectors of its captions, or of its class names in templates; none where the model is not here to make them."""
    if images.text_embeddings is not None:
        return images.text_embeddings
    texts = [template.format(name) for name in images.classnames for template in _TEMPLATES][:PROMPTS]
    nothing = np.empty((0, images.image_embeddings.shape[1]), np.float32)
    try:
        return lab.encoding.encode_texts(images.key.model, texts) if texts else nothing
    except NotHere:
        return nothing


def measure(
    index: FaissIndex, images: EmbeddingSet, prompts: FloatArray, progress: Progress | None = None
) -> tuple[Recall, ...]:
    """Recall at 10 and 100 of an index: unit prompts (q, d) are answered by it and exactly."""
    vectors, depths = images.image_embeddings, sorted({min(k, len(images)) for k in DEPTHS})
    exact = best_of_all(vectors, prompts, depths[-1], progress)
    return tuple(
        _recall(k, [_share(index, images, q, e, k) for q, e in zip(prompts, exact, strict=True)]) for k in depths
    )


def _share(index: FaissIndex, images: EmbeddingSet, query: FloatArray, exact: Best, k: int) -> float:
    """Of the exact k best the share that a search of k by the index lists."""
    found = ordered(images.image_embeddings, index.nominate(query, candidates(k)), query).rows[:k]
    return len(np.intersect1d(found, exact.rows[:k])) / k


def _recall(k: int, shares: Sequence[float]) -> Recall:
    total = float(sum(shares))
    return Recall(k=k, value=total / len(shares), at_least=share_at_least(min(total, len(shares)), len(shares)))
