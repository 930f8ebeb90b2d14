"""How strongly to regularise a linear classifier: the C with the best accuracy on pictures held out for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.stats.answers import count_right
from core.stats.intervals import wilson
from core.stats.logistic import Fit, Problem, Tick, foreseen
from core.stats.logistic_objective import softmax
from core.types import FloatArray, IntArray, Interval

DECADES = range(-4, 5)
EDGES = (-6, 6)
"""As far as C may go: the range of the CLIP paper."""
REFINEMENTS = (0.5, 0.25)
PATIENCE = 2
"""C stops growing once the best is so many decades behind: larger values only cost time."""
TOLERANCE, FLOOR = 1e-6, 1.0
"""While C is chosen; a fit that is tested is taken to the solver's own, much tighter tolerance."""
MOST_FITS = len(DECADES) + 2 * len(REFINEMENTS)

LabelledRows = tuple[FloatArray, IntArray]
"""Features (n, d) and labels (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePoint:
    """One C that was tried: accuracy on the rows held out, with its interval, and on those it was fitted to."""

    C: float
    acc1: float
    acc1_ci95: Interval
    train_acc1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """One C on all parts: rows right among those fitted and those held out, and the summed loss of these."""

    train_right: int
    tune_right: int
    loss: float


class Sweep:
    """Validation accuracy as a function of C = 10^exponent: by decades, on beyond an end that is best, then
    finer around the best.

    `parts` are ways to hold rows out: (rows to fit, rows held out); with several, their counts are added up.
    `tick` is called at every iteration of a fit, `step` after every C that was tried.
    """

    def __init__(
        self,
        parts: Sequence[tuple[LabelledRows, LabelledRows]],
        c: int,
        tick: Tick,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self._parts, self._tick, self._step = parts, tick, step
        self._problems = [Problem(*fitted, c) for fitted, _ in parts]
        self._fits: dict[float, list[Fit]] = {}
        self._tried: dict[float, _Tried] = {}
        self.n_fit, self.n_tune = (sum(len(part[i][1]) for part in parts) for i in (0, 1))

    def run(self) -> Fit:
        """Evaluate until nothing more is to learn; a fit with the best C to start the last one from."""
        self._upwards()
        for exponent in range(DECADES.start - 1, EDGES[0] - 1, -1):
            if self.best() > exponent + 1:
                break
            self._evaluate(exponent)
        for gap in REFINEMENTS:
            middle = self.best()
            self._evaluate(middle - gap)
            self._evaluate(middle + gap)
        return self._fits[self.best()][0]

    def _upwards(self) -> None:
        for exponent in range(DECADES.start, EDGES[1] + 1):
            if exponent >= DECADES.stop and self.best() < exponent - 1:
                return
            self._evaluate(exponent)
            if self._nothing_more_to_gain(exponent):
                return

    def _nothing_more_to_gain(self, exponent: int) -> bool:
        """The last decades were all worse than the best, or no better with every training row right."""
        if self.best() > exponent - PATIENCE:
            return False
        recent = [self._tried[e] for e in range(exponent - PATIENCE + 1, exponent + 1)]
        best = self._tried[self.best()].tune_right
        return all(tried.tune_right < best or tried.train_right == self.n_fit for tried in recent)

    def _evaluate(self, exponent: float) -> None:
        if exponent in self._fits or not EDGES[0] <= exponent <= EDGES[1]:
            return
        starts = self._starts(exponent)
        fits = [
            problem.fit(10.0**exponent, start, tolerance=TOLERANCE, floor=FLOOR, tick=self._tick)
            for problem, start in zip(self._problems, starts, strict=True)
        ]
        self._fits[exponent] = fits
        train, tune = ([judge(fit, *part[i]) for fit, part in zip(fits, self._parts, strict=True)] for i in (0, 1))
        right = sum(r for r, _ in train), sum(r for r, _ in tune)
        self._tried[exponent] = _Tried(train_right=right[0], tune_right=right[1], loss=sum(loss for _, loss in tune))
        self._step()

    def _starts(self, exponent: float) -> list[Fit | None]:
        """Where to start the fits of each part: at the nearest C tried, or where that and the one behind it lead."""
        near = min(self._fits, key=lambda e: (abs(e - exponent), e), default=None)
        if near is None:
            return [None] * len(self._problems)
        last, behind = self._fits[near], self._fits.get(2 * near - exponent)
        if behind is None:
            return list(last)
        return [foreseen(before, fit, 10.0**exponent) for before, fit in zip(behind, last, strict=True)]

    def best(self) -> float:
        """The exponent with the highest validation accuracy; of equals the one with the lowest loss there."""
        return max(self._tried, key=lambda e: (self._tried[e].tune_right, -self._tried[e].loss))

    def at_edge(self) -> bool:
        """Whether the best is the smallest or largest C that may be tried."""
        return self.best() <= EDGES[0] or self.best() >= EDGES[1]

    def points(self) -> tuple[ProbePoint, ...]:
        """The curve, by ascending C."""
        return tuple(
            ProbePoint(
                C=10.0**e,
                acc1=t.tune_right / self.n_tune,
                acc1_ci95=wilson(t.tune_right, self.n_tune),
                train_acc1=t.train_right / self.n_fit,
            )
            for e, t in sorted(self._tried.items())
        )


def judge(fit: Fit, features: FloatArray, labels: IntArray) -> tuple[int, float]:
    """(rows right, summed log-loss) of a fit on rows (n, d), in blocks."""
    right, loss = 0, 0.0
    for start in range(0, len(labels), 8192):
        true = labels[start : start + 8192]
        scores = fit.scores(features[start : start + 8192])
        right += count_right(scores, true)
        shares = softmax(scores)[np.arange(len(true)), true]
        loss -= float(np.log(np.maximum(shares, 1e-30), dtype=np.float64).sum())
    return right, loss
