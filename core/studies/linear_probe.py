"""Linear probe: how well a straight line on frozen embeddings separates the classes.

As in CLIP (Radford et al. 2021, section 3.2 and appendix A.3): multinomial logistic regression on the
unnormalised image embeddings, its strength of regularisation chosen on a part of the training split that is
held out for that (on small sets each fifth in turn, where a single part would be mostly luck), then fitted to
the whole training split and tested once on the test split.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import metrics
from core.intervals import wilson
from core.studies.logistic import Fit, Problem
from core.studies.logistic_objective import softmax
from core.studies.probe_result import ProbeOutcome, ProbePoint
from core.studies.scored import count_right, rank
from core.studies.training_rows import Parts, check_pair, folds, hold_out, labels_of, seen_in_training
from core.types import EmbeddingSet, FloatArray, IntArray, Progress, TMVError

DECADES = range(-4, 5)
EDGES = (-6, 6)
"""As far as C may go: the range of the paper."""
REFINEMENTS = (0.5, 0.25)
VALIDATION_SHARE = 0.2
FOLDS, FOLDS_BELOW = 5, 5000
"""Training splits of fewer pictures are held out in so many parts in turn."""
SEED = 586
SWEEP_TOLERANCE = 1e-4
"""While C is chosen; the fit that is tested is taken to the solver's own, much tighter tolerance."""
PATIENCE = 2
"""C stops growing once the best is so many decades behind: larger values only cost time."""


def probe(
    train: EmbeddingSet,
    test: EmbeddingSet,
    *,
    normalise: bool = False,
    progress: Progress | None = None,
) -> ProbeOutcome:
    """Choose C, fit, test. `normalise` scales embeddings to unit length first (the paper's code does not).

    Raises `TMVError` when the two are not a training and a test split of the same thing, when most test
    pictures are also training pictures, or when no class has a picture to spare for choosing C.
    """
    started = time.perf_counter()
    check_pair(train, test)
    seen = seen_in_training(train.image_embeddings, test.image_embeddings)
    _refuse_overlap(seen, train, test)
    labels, c = labels_of(train), len(train.classnames)
    features = _features(train, normalise)
    parts = _held_out(labels)
    if not parts:
        raise TMVError(
            f"{train.key.dataset} ({train.key.split}) has one picture a class, so none can be held out to "
            "choose C with; give at least one class two."
        )
    steps = _Steps(progress)
    sweep = _Sweep(features, labels, c, parts, steps)
    chosen = sweep.run()
    final = Problem(features, labels, c).fit(chosen.C, chosen, tick=steps.tick)
    steps.finish()
    scored = rank(lambda rows: final.scores(_features(test, normalise, rows)), labels_of(test), c)
    return ProbeOutcome(
        C=chosen.C, validation=sweep.points(), n_val=sweep.n_tune, folds=len(parts),
        seed=SEED, normalised=normalise, train_correct=_judge(final, features, labels)[0],
        ranks=scored.ranks, top5=scored.top, top5_probability=scored.probability, seen=seen,
        converged=final.converged, objective=final.objective, iterations=final.iterations,
        edge=sweep.at_edge(), seconds=time.perf_counter() - started,
    )  # fmt: skip


def _held_out(labels: IntArray) -> tuple[Parts, ...]:
    """What is held out to choose C: one part of a large set, each part in turn of a small one."""
    if len(labels) < FOLDS_BELOW:
        return folds(labels, FOLDS, SEED)
    part = hold_out(labels, VALIDATION_SHARE, SEED)
    return (part,) if len(part[1]) else ()


def _refuse_overlap(seen: NDArray[np.bool_], train: EmbeddingSet, test: EmbeddingSet) -> None:
    if 2 * seen.sum() >= min(len(train), len(test)):
        raise TMVError(
            f"{int(seen.sum()):,} of the {len(seen):,} test pictures of {test.key.dataset} "
            f"({test.key.split}) are also in its training split; choose a split that is not trained on."
        )


def _features(images: EmbeddingSet, normalise: bool, rows: slice = slice(None)) -> FloatArray:
    vectors = images.image_embeddings[rows]
    return metrics.normalise(vectors) if normalise else np.asarray(vectors)


def _judge(fit: Fit, features: FloatArray, labels: IntArray) -> tuple[int, float]:
    """(rows right, summed log-loss) of a fit on rows (n, d), in blocks."""
    right, loss = 0, 0.0
    for start in range(0, len(labels), 8192):
        true = labels[start:start + 8192]
        scores = fit.scores(features[start:start + 8192])
        right += count_right(scores, true)
        shares = softmax(scores)[np.arange(len(true)), true]
        loss -= float(np.log(np.maximum(shares, 1e-30), dtype=np.float64).sum())
    return right, loss


class _Steps:
    """Progress in fits: a plan of how many there will be, which may turn out shorter."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.done, self.total = 0, len(DECADES) + 2 * len(REFINEMENTS) + 1

    def tick(self) -> None:
        """Report; the callback may raise `Cancelled`."""
        if self._progress is not None:
            self._progress(self.done, self.total)

    def step(self) -> None:
        """One fit is done."""
        self.done += 1
        self.total = max(self.total, self.done + 1)
        self.tick()

    def finish(self) -> None:
        """All are done."""
        self.done = self.total
        self.tick()


@dataclass(frozen=True, slots=True)
class _Tried:
    """One C on all parts: rows right among those fitted and those held out, and the summed loss of these."""

    train_right: int
    tune_right: int
    loss: float


class _Sweep:
    """Validation accuracy as a function of C = 10^exponent: by decades, on beyond an end that is best, then
    finer around the best."""

    def __init__(
        self, features: FloatArray, labels: IntArray, c: int, parts: Sequence[Parts], steps: _Steps
    ) -> None:
        self._parts = [[(features[rows], labels[rows]) for rows in part] for part in parts]
        self._problems = [Problem(*fitted, c) for fitted, _ in self._parts]
        self._steps = steps
        self._fits: dict[float, list[Fit]] = {}
        self._tried: dict[float, _Tried] = {}
        self.n_fit, self.n_tune = (sum(len(part[i][1]) for part in self._parts) for i in (0, 1))

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
        near = min(self._fits, key=lambda e: (abs(e - exponent), e), default=None)
        starts: Sequence[Fit | None] = [None] * len(self._problems) if near is None else self._fits[near]
        fits = [
            problem.fit(10.0**exponent, start, tolerance=SWEEP_TOLERANCE, tick=self._steps.tick)
            for problem, start in zip(self._problems, starts)
        ]
        self._fits[exponent] = fits
        train, tune = (
            [_judge(fit, *part[i]) for fit, part in zip(fits, self._parts)] for i in (0, 1)
        )
        right = sum(r for r, _ in train), sum(r for r, _ in tune)
        self._tried[exponent] = _Tried(*right, sum(loss for _, loss in tune))
        self._steps.step()

    def best(self) -> float:
        """The exponent with the highest validation accuracy; of equals the one with the lowest loss there."""
        return max(self._tried, key=lambda e: (self._tried[e].tune_right, -self._tried[e].loss))

    def at_edge(self) -> bool:
        """Whether the best is the smallest or largest C that may be tried."""
        return self.best() <= EDGES[0] or self.best() >= EDGES[1]

    def points(self) -> tuple[ProbePoint, ...]:
        """The curve, by ascending C."""
        return tuple(
            ProbePoint(10.0**e, t.tune_right / self.n_tune, wilson(t.tune_right, self.n_tune),
                       t.train_right / self.n_fit)
            for e, t in sorted(self._tried.items())
        )  # fmt: skip
