"""Ranks, accuracies, recalls and calibration, from vectors, in blocks: memory stays small whatever the size.

Ties: of classes with exactly the same score the one with the lower index comes first, as in an argmax and in a
stable descending sort, which is what open_clip, scikit-learn and NumPy count. Equal vectors are given equal scores,
so that rounding inside a matrix product cannot order them. Ranks start at 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.answers import Answers
from core.stats.scores import BoolArray as BoolArray
from core.stats.scores import Float64Array as Float64Array
from core.stats.scores import VectorRows as VectorRows
from core.stats.scores import normalise as normalise
from core.stats.scores import rank_of as rank_of
from core.stats.scores import score_blocks as score_blocks
from core.stats.scores import softmax as softmax
from core.stats.scores import top_k as top_k
from core.types import FloatArray, IntArray, ScoreRule, read_only

# --- ranks ------------------------------------------------------------------------------------------------


def _checked_labels(labels: IntArray, n: int, c: int) -> IntArray:
    values = np.asarray(labels, dtype=np.int64)
    if values.shape != (n,):
        raise TMVError(f"Expected one label for each of {n} rows, got {values.shape}.")
    if n and (values.min() < 0 or values.max() >= c):
        bad = int(values[(values < 0) | (values >= c)][0])
        raise TMVError(f"Labels must lie in 0 to {c - 1}, one for each of {c} class names; found {bad}.")
    return values


def ranks_of_true(images: VectorRows, classes: NDArray[Any], labels: IntArray) -> IntArray:
    """Rank of the true class: images (n, d), classes (c, d), labels (n,) -> (n,) int64, 1 is best."""
    true = _checked_labels(labels, len(images), len(classes))
    ranks = np.empty(len(images), dtype=np.int64)
    for rows, scores in score_blocks(images, classes):
        ranks[rows] = rank_of(scores, true[rows])
    return read_only(ranks)


def classify_vectors(
    images: VectorRows, classes: NDArray[Any], labels: IntArray, rule: ScoreRule, k: int = 5
) -> Answers:
    """Ranks, k best classes and their probabilities: images (n, d), classes (c, d), labels (n,).

    The classes are all there are, so probabilities are a softmax over them, whatever the model was trained with; of
    one that judges each label by itself the first answer's own probability is kept too.
    """
    true = _checked_labels(labels, len(images), len(classes))
    n, k = len(images), min(k, len(classes))
    ranks, top = np.empty(n, dtype=np.int64), np.empty((n, k), dtype=np.int64)
    probability, tied = np.empty((n, k), dtype=np.float32), np.empty(n, dtype=np.bool_)
    own = np.empty(n, dtype=np.float32) if rule.each_alone else None
    for rows, scores in score_blocks(images, classes):
        ranks[rows] = rank_of(scores, true[rows])
        top[rows] = top_k(scores, k)
        tied[rows] = _ties_at_the_top(scores, true[rows])
        probability[rows] = rule.over_classes.probabilities(scores, top[rows])
        if own is not None:
            own[rows] = rule.probabilities(scores, top[rows, :1])[:, 0]
    return Answers(ranks=ranks, top=top, probability=probability, tied=tied, own_probability=own)


def _ties_at_the_top(scores: FloatArray, true: IntArray) -> BoolArray:
    best = scores.max(axis=1, keepdims=True)
    mine = scores[np.arange(len(scores)), true] == best[:, 0]
    tied: BoolArray = mine & (np.count_nonzero(scores == best, axis=1) > 1)
    return tied


# --- classification ---------------------------------------------------------------------------------------


def accuracy(ranks: IntArray, k: int = 1) -> float:
    """Share of rows whose rank is at most k (also recall@k, where each row has one right answer)."""
    _expect_some(len(ranks))
    return float(np.mean(ranks <= k))


def recall_at(ranks: IntArray, k: int) -> float:
    """Recall@k: the share of queries that find their own within the first k."""
    return accuracy(ranks, k)


def per_class_recall(labels: IntArray, correct: BoolArray, c: int) -> Float64Array:
    """Share of each class's pictures that are right: (c,), NaN for a class without pictures."""
    counts = np.bincount(labels, minlength=c)
    hits = np.bincount(labels, weights=correct.astype(np.float64), minlength=c)
    recall: Float64Array = np.divide(hits, counts, out=np.full(c, np.nan), where=counts > 0)
    return recall


def mean_per_class_recall(labels: IntArray, correct: BoolArray, c: int) -> float:
    """Mean of the recalls of the classes that have pictures (scikit-learn's balanced accuracy)."""
    _expect_some(len(labels))
    return float(np.nanmean(per_class_recall(labels, correct, c)))


def macro_f1(labels: IntArray, predicted: IntArray, c: int) -> float:
    """Mean over the classes that have pictures of F1, the harmonic mean of recall and precision: labels (n,), predicted
    (n,). As WILDS scores iWildCam: scikit-learn's `f1_score(average="macro")` among the labels that occur."""
    _expect_some(len(labels))
    sizes = np.bincount(labels, minlength=c)
    hits = np.bincount(labels[labels == predicted], minlength=c)
    both = sizes + np.bincount(predicted, minlength=c)
    return float((2 * hits / np.maximum(both, 1))[sizes > 0].mean())


def confusion(labels: IntArray, predicted: IntArray, c: int) -> IntArray:
    """Counts (c, c): row is the true class, column the predicted one."""
    cells = np.bincount(labels * c + predicted, minlength=c * c)
    return read_only(cells.reshape(c, c).astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """`count` pictures of class `true` were called `predicted`: `share` of that class's pictures."""

    true: int
    predicted: int
    count: int
    share: float


def most_confused(table: IntArray, limit: int = 20) -> tuple[ConfusedPair, ...]:
    """Off-diagonal cells of a confusion table (c, c), most pictures first, then the larger share."""
    wrong = table.copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.nonzero(wrong)
    counts, sizes = wrong[true, predicted], table.sum(axis=1)[true]
    order = np.lexsort((predicted, true, -counts / np.maximum(sizes, 1), -counts))[:limit]
    return tuple(
        ConfusedPair(
            true=int(true[i]), predicted=int(predicted[i]), count=int(counts[i]), share=float(counts[i] / sizes[i])
        )
        for i in order
    )


# --- calibration ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far probabilities can be believed, in bins of equal width: bin i holds edges[i] < p <= edges[i + 1]
    (0 belongs to the first).

    `edges` (b + 1,), `count` (b,), `confidence` (b,) mean probability, `accuracy` (b,) share right (both NaN
    in an empty bin). `ece` is the mean gap between the two, weighted by count (Guo et al. 2017); `gap` is
    signed: mean confidence minus accuracy over all rows, positive when too sure.
    """

    edges: Float64Array
    count: IntArray
    confidence: Float64Array
    accuracy: Float64Array
    ece: float
    gap: float


def calibration(probability: NDArray[Any], correct: BoolArray, bins: int = 15) -> Calibration:
    """Reliability of top-1 probabilities (n,) against whether the answer was right (n,)."""
    _expect_some(len(probability))
    values = probability.astype(np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    which = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    sure = np.bincount(which, weights=values, minlength=bins)
    right = np.bincount(which, weights=correct.astype(np.float64), minlength=bins)
    per_row = np.where(count > 0, count, np.nan)
    return Calibration(
        edges=edges,
        count=count.astype(np.int64),
        confidence=sure / per_row,
        accuracy=right / per_row,
        ece=float(np.abs(sure - right).sum() / len(values)),
        gap=float(values.mean() - correct.mean()),
    )


# --- summaries of ranks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RankSummary:
    """What a list of ranks says: recall at each k, median and mean rank, mean reciprocal rank."""

    recall: dict[int, float]
    median_rank: float
    mean_rank: float
    mrr: float
    n: int


def summarise_ranks(ranks: IntArray, ks: tuple[int, ...] = (1, 5, 10)) -> RankSummary:
    """Recall@k, median rank, mean rank and MRR (mean of 1 / rank, over all ranks, not only the first ten)."""
    _expect_some(len(ranks))
    return RankSummary(
        recall={k: recall_at(ranks, k) for k in ks},
        median_rank=float(np.median(ranks)),
        mean_rank=float(ranks.mean()),
        mrr=float(np.mean(1.0 / ranks)),
        n=len(ranks),
    )


def _expect_some(n: int) -> None:
    if not n:
        raise TMVError("There is nothing to count: no row has an answer.")
