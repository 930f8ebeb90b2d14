"""Finding good templates by themselves: how the pictures are cut, and how templates are chosen.

Templates are chosen on the search part alone: greedy forward selection of an ensemble (Caruana et al. 2004,
"Ensemble selection from libraries of models"), starting from the best single template and adding whichever
template helps most. A choice that needs no label is zero-shot prompt ensembling (Allingham et al. 2023, "A
simple zero-shot prompt weighting technique to improve prompt ensembling in text-image models"), which weighs
a template by how sure it makes the model on unlabelled pictures. `core.studies.prompts.heldout` judges both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.stats.answers import count_right
from core.stats.metrics import Float64Array, normalise, softmax
from core.stats.numbers import count
from core.system.progress import Progress
from core.types import FloatArray, IntArray

BUDGET = 2000
LARGEST = 12
SEED = "586"
SCORES_KEPT = 1 << 26
"""At most this many float32 search scores are kept in memory (256 MB); beyond it they are computed again."""


# --- the two parts ----------------------------------------------------------------------------------------


LARGEST_REACHED = "the largest ensemble allowed was reached"
NO_GAIN = "no further template helped"
BUDGET_SPENT = "the budget was spent"
"""Why a search ended; kept results hold these words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Rows of the search part and of the held-out part: (s,) and (h,) int64, ascending, no row in both."""

    search: IntArray
    heldout: IntArray


def split_rows(ids: Sequence[str], labels: IntArray, heldout_share: float = 0.5, seed: str = SEED) -> Parts:
    """A fixed cut, class by class: in each class the pictures are ordered by the SHA-256 of seed and id.

    It depends on nothing but ids, labels and seed, so it is the same for every model. A class with one
    picture goes to the held-out part. `TMVError` where either part would be empty.
    """
    if not 0 < heldout_share < 1:
        raise TMVError(f"The held-out share must lie between 0 and 1, got {heldout_share}.")
    order = np.argsort([hashlib.sha256(f"{seed}/{i}".encode()).hexdigest() for i in ids], kind="stable")
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    held = np.zeros(len(ids), dtype=np.bool_)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(place[rows])]
        held[rows[: max(1, round(heldout_share * len(rows)))]] = True
    if held.all() or not held.any():
        raise TMVError(
            f"{count(len(ids), 'image is', 'images are')} too few to cut into a search and a held-out part; "
            "at least one class needs two images."
        )
    return Parts(search=np.flatnonzero(~held).astype(np.int64), heldout=np.flatnonzero(held).astype(np.int64))


# --- choosing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStep:
    """One addition: the template taken, the search accuracy with it, what it brought, and how many were
    tried."""

    template: str
    search_acc1: float
    gain: float
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChoice:
    """What the search part chose: positions in the pool, in the order taken, with the `path` and why it
    ended."""

    chosen: tuple[int, ...]
    path: tuple[SearchStep, ...]
    evaluations: int
    stopped: str


class _SearchScores:
    """Scores of the search pictures (s, c) under each template, kept while they fit in memory."""

    def __init__(self, images: FloatArray, heads: FloatArray) -> None:
        self._images, self._heads = normalise(images), heads
        self._room = SCORES_KEPT // max(1, len(images) * heads.shape[1])
        self._kept = dict[int, FloatArray]()

    def of(self, template: int) -> FloatArray:
        """(s, c) float32."""
        if template in self._kept:
            return self._kept[template]
        scores: FloatArray = self._images @ self._heads[template].T
        if len(self._kept) < self._room:
            self._kept[template] = scores
        return scores


def most_evaluations(pool: int, budget: int = BUDGET, largest: int = LARGEST) -> int:
    """How many ensembles a search scores at most."""
    return min(budget, sum(pool - i for i in range(min(largest, pool))))


def greedy(
    images: FloatArray,
    labels: IntArray,
    heads: FloatArray,
    pool: Sequence[str],
    *,
    budget: int = BUDGET,
    largest: int = LARGEST,
    progress: Progress | None = None,
) -> TemplateChoice:
    """Forward selection on the search part alone.

    images (s, d), labels (s,), heads (t, c, d) unit class vectors of each template of the pool. Each of at
    most `largest` rounds tries every remaining template and takes the one with the highest accuracy (of
    equal ones the first of the pool) if that beats the ensemble so far; `budget` caps the ensembles scored
    in all.
    """
    scores, chosen, path = _SearchScores(images, heads), list[int](), list[SearchStep]()
    total = np.zeros((len(images), heads.shape[1]), dtype=np.float32)
    vectors = np.zeros(heads.shape[1:], dtype=np.float32)
    spent, best, stopped = 0, -1, LARGEST_REACHED
    limit = most_evaluations(len(pool), budget, largest)
    while len(chosen) < min(largest, len(pool)):
        left = [t for t in range(len(pool)) if t not in chosen][: max(0, budget - spent)]
        hits = []
        for t in left:
            hits.append(_hits(total + scores.of(t), vectors + heads[t], labels))
            spent += 1
            if progress is not None:
                progress(spent, limit)
        if not hits or max(hits) <= best:
            stopped = NO_GAIN if hits else BUDGET_SPENT
            break
        take = left[int(np.argmax(hits))]
        path.append(
            SearchStep(
                template=pool[take],
                search_acc1=max(hits) / len(labels),
                gain=(max(hits) - max(best, 0)) / len(labels),
                tried=len(left),
            )
        )
        chosen.append(take)
        total, vectors, best = total + scores.of(take), vectors + heads[take], max(hits)
    return TemplateChoice(chosen=tuple(chosen), path=tuple(path), evaluations=spent, stopped=stopped)


def _hits(total: FloatArray, vectors: FloatArray, labels: IntArray) -> int:
    """Pictures named right by an ensemble whose summed scores and class vectors these are."""
    lengths = np.sqrt(np.square(vectors).sum(axis=-1))
    return count_right(total / np.where(lengths > 0, lengths, np.float32(1)), labels)


def zpe_weights(images: FloatArray, heads: FloatArray, logit_scale: float) -> Float64Array:
    """Weights (t,) of zero-shot prompt ensembling, from unlabelled pictures (s, d) and heads (t, c, d).

    A template's score is the mean over pictures of the highest class logit, after taking from each class's
    logit its mean over the pictures; the weights are the softmax of the scores. The paper also subtracts
    means over pre-training pictures, which are not at hand here, so this is its variant that uses the test
    pictures alone.
    """
    unit = normalise(images)
    scores = np.empty(len(heads), dtype=np.float64)
    for t, head in enumerate(heads):
        logits = np.float32(logit_scale) * (unit @ head.T)
        scores[t] = (logits - logits.mean(axis=0)).max(axis=1).mean(dtype=np.float64)
    return np.asarray(softmax(scores[None], 1.0)[0], dtype=np.float64)


def weighted_head(heads: FloatArray, weights: Float64Array | None = None) -> FloatArray:
    """One unit vector a class (c, d) from heads (t, c, d), averaged with weights (t,) or equally."""
    shares = np.full(len(heads), 1 / len(heads)) if weights is None else weights
    return normalise(np.einsum("t,tcd->cd", shares.astype(np.float32), heads))
