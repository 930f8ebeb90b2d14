"""How sure a number is: 95 % intervals for shares and means, paired differences and their tests.

A share of independent pictures gets Wilson's interval; anything else a bootstrap over pictures. Two models on
the same pictures are always compared in pairs. Every draw is seeded: the same numbers, the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.types import IntArray, Interval

Float64Array = NDArray[np.float64]
Outcome = Literal["same_everywhere", "tie", "first_ahead", "second_ahead"]

SAMPLES = 4000
SEED = 586
DRAWS_PER_CHUNK = 1 << 21
LEVEL = 0.05
"""A p below this is called more than chance."""


def normal_quantile(confidence: float = 0.95) -> float:
    """z of a two-sided interval (1.96 at 95 %)."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson 1927), good near 0 and 1 too; (0, 1) for n = 0."""
    low, high = wilson_many(np.array([successes]), np.array([n]), confidence)[0]
    return float(low), float(high)


def wilson_many(successes: NDArray[Any], n: NDArray[Any], confidence: float = 0.95) -> Float64Array:
    """Wilson's interval for many shares at once: (c,), (c,) -> (c, 2)."""
    if np.any(successes < 0) or np.any(successes > n):
        raise TMVError("Successes must lie between 0 and the number of trials.")
    z = normal_quantile(confidence)
    trials = np.maximum(n, 1).astype(np.float64)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = np.where(successes == 0, 0.0, centre - half)
    high = np.where(successes == n, 1.0, centre + half)
    return np.stack([low, high], axis=-1)


def share_at_least(total: float, n: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson lower bound (1934) of a mean of n values between 0 and 1 that add up to `total`.

    Exact for values of 0 and 1. A value in between varies less than a coin with its mean, so that for recalls of n
    prompts, whose hits hang together, the bound holds with prompts as the trials, where counting hits would not.
    """
    if n < 1 or not 0 <= total <= n:
        raise TMVError(f"A mean of {n} values between 0 and 1 cannot come of a sum of {total:g}.")
    from scipy.special import betaincinv

    return float(betaincinv(total, n - total + 1, 1 - confidence)) if total > 0 else 0.0


def may_be_guessing(interval: Interval, classes: int) -> bool:
    """Whether an accuracy with this interval may be no better than guessing among so many classes."""
    return interval[0] <= 1 / classes


# --- bootstrap --------------------------------------------------------------------------------------------


def bootstrap_mean(
    values: NDArray[Any],
    *,
    groups: IntArray | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of a mean (Efron 1979), resampling rows, or whole groups where rows hang
    together (the captions of a picture).

    values (n,), groups (n,) any integers.
    """
    return _percentiles(bootstrap_means(values, groups=groups, samples=samples, seed=seed), confidence)


def bootstrap_means(
    values: NDArray[Any], *, groups: IntArray | None = None, samples: int = SAMPLES, seed: int = SEED
) -> Float64Array:
    """The resampled means themselves: (samples,)."""
    rows = _finite(values)
    which = np.arange(len(rows)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums, sizes = np.bincount(which, weights=rows), np.bincount(which).astype(np.float64)
    return _resampled_means(np.asarray(sums, dtype=np.float64), sizes, samples, seed)


def _resampled_means(sums: Float64Array, sizes: Float64Array, samples: int, seed: int) -> Float64Array:
    """Means over `samples` draws of len(sums) groups, each with a sum and a size.

    Groups with the same sum and size are interchangeable, so where there are few kinds, how often each kind
    is drawn (multinomial) says the same as which rows are drawn, at a fraction of the work.
    """
    kinds, weights = np.unique(np.stack([sums, sizes], axis=1), axis=0, return_counts=True)
    rng, n = np.random.default_rng(seed), len(sums)
    if len(kinds) * 8 < n or len(kinds) == 1:
        drawn = rng.multinomial(n, weights / n, size=samples) @ kinds
        return np.asarray(drawn[:, 0] / drawn[:, 1])
    draws = (rng.integers(0, n, size=(s, n)) for s in _chunks(samples, n))
    return np.concatenate([sums[rows].sum(axis=1) / sizes[rows].sum(axis=1) for rows in draws])


def _chunks(samples: int, n: int) -> list[int]:
    """`samples` resamples of n rows, cut so that one chunk of row numbers stays near 16 MB."""
    step = max(1, DRAWS_PER_CHUNK // n)
    return [min(step, samples - done) for done in range(0, samples, step)]


def bootstrap_class_mean(
    labels: IntArray,
    correct: NDArray[np.bool_],
    c: int,
    *,
    samples: int = 1000,
    seed: int = SEED,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of the mean per-class recall: labels (n,), correct (n,).

    Pictures are resampled. One counts only by its class and whether it is right, so how often each of the 2 c
    kinds is drawn says it all. Classes that a draw misses are left out of its mean.
    """
    cells = np.bincount(labels * 2 + correct, minlength=2 * c)
    kinds = np.flatnonzero(cells)
    counts = np.zeros((samples, 2 * c))
    rng, n = np.random.default_rng(seed), len(labels)
    counts[:, kinds] = rng.multinomial(n, cells[kinds] / n, samples)
    sizes = counts[:, 0::2] + counts[:, 1::2]
    recalls = np.divide(counts[:, 1::2], sizes, out=np.zeros_like(sizes), where=sizes > 0)
    return _percentiles(recalls.sum(axis=1) / np.count_nonzero(sizes, axis=1), confidence)


def macro_f1_interval(labels: IntArray, predicted: IntArray, c: int, confidence: float = 0.95) -> Interval:
    """Interval of the macro F1 by the delta method: labels (n,), predicted (n,) (Takahashi et al. 2022, Applied
    Intelligence 52, for a mean over the classes that occur). What each picture adds to the figure is its influence;
    their spread is the standard error."""
    n, sizes = len(labels), np.bincount(labels, minlength=c)
    hits = np.bincount(labels[labels == predicted], minlength=c)
    both = np.maximum(sizes + np.bincount(predicted, minlength=c), 1)
    there = sizes > 0
    value = float((2 * hits / both)[there].mean())
    lost = np.where(there, 2 * hits / both**2.0, 0.0)
    gained = np.where(labels == predicted, 2 / both[labels], 0.0)
    influence = n * (gained - lost[labels] - lost[predicted]) / np.count_nonzero(there)
    half = normal_quantile(confidence) * float(np.sqrt(np.mean(influence**2) / n))
    return max(0.0, value - half), min(1.0, value + half)


def bootstrap_statistic(
    values: NDArray[Any],
    statistic: Callable[[NDArray[Any]], NDArray[Any]],
    *,
    samples: int = 1000,
    seed: int = SEED,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of any statistic, for example a median rank.

    `statistic` maps resampled rows (s, n) to (s,), for example `lambda x: np.median(x, axis=1)`.
    """
    rows = _finite(values)
    rng, n = np.random.default_rng(seed), len(rows)
    draws = (rows[rng.integers(0, n, size=(s, n))] for s in _chunks(samples, n))
    return _percentiles(np.concatenate([statistic(drawn) for drawn in draws]), confidence)


def _finite(values: NDArray[Any]) -> Float64Array:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise TMVError(f"A bootstrap needs a list of finite numbers, got {numbers.shape}.")
    return numbers


def _percentiles(draws: NDArray[Any], confidence: float) -> Interval:
    low, high = np.quantile(draws, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


# --- pairs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """a minus b on the same n rows. `n_only_a` rows are better (right) only with a, `n_only_b` only with b.

    `excludes_zero` says whether the interval does; `test` names where `p_value` comes from.
    """

    difference: float
    ci95: Interval
    n: int
    n_only_a: int
    n_only_b: int
    p_value: float
    test: str

    @property
    def excludes_zero(self) -> bool:
        """The difference is more than chance explains, at 95 %."""
        return self.ci95[0] > 0 or self.ci95[1] < 0

    @property
    def outcome(self) -> Outcome:
        """What came of the comparison; a tie where the interval includes zero."""
        if not self.n_only_a and not self.n_only_b:
            return "same_everywhere"
        if not self.excludes_zero:
            return "tie"
        return "first_ahead" if self.difference > 0 else "second_ahead"


def paired_difference(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> PairedDifference:
    """Difference of two accuracies on the same pictures (n,), (n,) booleans.

    Interval: Newcombe's for paired shares (Newcombe 1998, method 10), which joins the two Wilson intervals by
    their correlation. p: McNemar's exact test on the pictures that only one of them gets right.
    """
    a, b = _paired(correct_a, correct_b, np.bool_)
    only_a, only_b = int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a))
    both = int(np.count_nonzero(a & b))
    interval = newcombe_paired(both, only_a, only_b, len(a) - both - only_a - only_b)
    return PairedDifference(
        difference=(only_a - only_b) / len(a),
        ci95=interval,
        n=len(a),
        n_only_a=only_a,
        n_only_b=only_b,
        p_value=mcnemar_exact(only_a, only_b),
        test="McNemar's exact test",
    )


def newcombe_paired(both: int, only_a: int, only_b: int, neither: int) -> Interval:
    """Newcombe's 95 % interval of the difference of two paired shares, from their 2 x 2 table.

    As he does, a positive correlation is shrunk by a continuity correction (n / 2 off the cross product),
    which keeps the interval honest in small samples.
    """
    n = both + only_a + only_b + neither
    p, q = (both + only_a) / n, (both + only_b) / n
    (p_low, p_high), (q_low, q_high) = wilson(both + only_a, n), wilson(both + only_b, n)
    margins = float(both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    cross = both * neither - only_a * only_b
    shrunk = max(0.0, cross - n / 2) if cross > 0 else cross
    phi = shrunk / math.sqrt(margins) if margins else 0.0
    below, above = _square_and_add(p - p_low, q_high - q, phi), _square_and_add(p_high - p, q - q_low, phi)
    return max(-1.0, p - q - below), min(1.0, p - q + above)


def _square_and_add(x: float, y: float, phi: float) -> float:
    return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided exact p: how odd so uneven a split of the disagreements is if each were a coin toss."""
    from scipy.special import bdtr

    total = only_a + only_b
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), total, 0.5))) if total else 1.0


def holm(p_values: Sequence[float]) -> Float64Array:
    """Holm's adjusted p of each of several tests (Holm 1979), in their order: below a level together no more often than
    the level says."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def overlap_p(n: int, k: int, shared: int) -> float:
    """How often two random lists of k of the same n have at least `shared` in common: the hypergeometric upper tail,
    exact."""
    if not 0 <= shared <= k <= n:
        raise TMVError(f"Two lists of {k} of {n} cannot share {shared}.")
    least = max(shared, 2 * k - n)
    ways = sum(math.comb(k, i) * math.comb(n - k, k - i) for i in range(least, k + 1))
    return ways / math.comb(n, k)


def paired_bootstrap(
    values_a: NDArray[Any],
    values_b: NDArray[Any],
    *,
    groups: IntArray | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> PairedDifference:
    """Difference of two means over the same rows (n,), (n,): recall, reciprocal rank, any value of a row.

    Rows, or whole groups, are drawn together for both. p is twice the smaller share of draws on either side
    of zero, counting the sample itself (never below 2 / (samples + 1)).
    """
    a, b = _paired(values_a, values_b, np.float64)
    gap = a - b
    draws = bootstrap_means(gap, groups=groups, samples=samples, seed=seed)
    side = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    p_value = min(1.0, 2 * (int(side) + 1) / (samples + 1))
    return PairedDifference(
        difference=float(gap.mean()),
        ci95=_percentiles(draws, 0.95),
        n=len(gap),
        n_only_a=int((gap > 0).sum()),
        n_only_b=int((gap < 0).sum()),
        p_value=p_value,
        test="paired bootstrap",
    )


def _paired(a: NDArray[Any], b: NDArray[Any], dtype: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise TMVError(f"A paired comparison needs the same rows for both, got {a.shape} and {b.shape}.")
    return a.astype(dtype), b.astype(dtype)


def standing(interval: Interval, value: float) -> Literal["below", "inside", "above"]:
    """Where a value lies against an interval."""
    return "below" if value < interval[0] else "above" if value > interval[1] else "inside"
