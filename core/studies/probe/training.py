"""Linear probe: how well a linear classifier on frozen embeddings separates the classes.

As in CLIP (Radford et al. 2021, section 3.2 and appendix A.3): multinomial logistic regression on the
unnormalised image embeddings, its strength of regularisation chosen on a part of the training split that is
held out for that (on small sets each fifth in turn, where a single part would be mostly luck), then fitted to
the whole training split and tested once on the test split.
"""

from __future__ import annotations

import time

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.answers import rank
from core.stats.logistic import Problem
from core.studies.probe.regularisation import MOST_FITS, Sweep, judge
from core.studies.probe.result import ProbeOutcome
from core.studies.probe.training_rows import Parts, check_pair, folds, hold_out, labels_of, seen_in_training
from core.system.progress import Progress
from core.types import EmbeddingSet, FloatArray, IntArray

VALIDATION_SHARE = 0.2
FOLDS, FOLDS_BELOW = 5, 5000
"""Training splits of fewer pictures are held out in so many parts in turn."""
SEED = 586


def probe(
    train: EmbeddingSet, test: EmbeddingSet, *, normalise: bool = False, progress: Progress | None = None
) -> ProbeOutcome:
    """Choose C, fit, test. `normalise` scales embeddings to unit length first (the paper's code does not).

    Raises `TMVError` when the two are not a training and a test split of the same thing, when most test
    pictures are also training pictures, or when no class has a picture to spare for choosing C.
    """
    started = time.perf_counter()
    check_pair(train, test)
    seen = seen_in_training(train, test)
    labels, c = labels_of(train), len(train.classnames)
    features = _features(train, normalise)
    parts = _held_out(labels)
    if not parts:
        raise TMVError(
            f"{train.key.dataset} ({train.key.split}) has one image per class, so none can be held out to "
            "choose C with; give at least one class two."
        )
    steps = _Steps(progress)
    held_out = [tuple((features[rows], labels[rows]) for rows in part) for part in parts]
    sweep = Sweep([(fitted, held) for fitted, held in held_out], c, steps.tick, steps.step)
    chosen = sweep.run()
    final = Problem(features, labels, c).fit(chosen.C, chosen, tick=steps.tick)
    steps.finish()
    scored = rank(lambda rows: final.scores(_features(test, normalise, rows)), labels_of(test), c)
    return ProbeOutcome(
        C=chosen.C,
        validation=sweep.points(),
        n_val=sweep.n_tune,
        folds=len(parts),
        seed=SEED,
        normalised=normalise,
        train_correct=judge(final, features, labels)[0],
        ranks=scored.ranks,
        top5=scored.top,
        top5_probability=scored.probability,
        seen=seen,
        converged=final.converged,
        objective=final.objective,
        iterations=final.iterations,
        edge=sweep.at_edge(),
        seconds=time.perf_counter() - started,
    )


def _held_out(labels: IntArray) -> tuple[Parts, ...]:
    """What is held out to choose C: one part of a large set, each part in turn of a small one."""
    if len(labels) < FOLDS_BELOW:
        return folds(labels, FOLDS, SEED)
    part = hold_out(labels, VALIDATION_SHARE, SEED)
    return (part,) if len(part[1]) else ()


def _features(images: EmbeddingSet, normalise: bool, rows: slice = slice(None)) -> FloatArray:
    vectors = images.image_embeddings[rows]
    return metrics.normalise(vectors) if normalise else np.asarray(vectors)


class _Steps:
    """Progress in fits: a plan of how many there will be, which may turn out shorter."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.done, self.total = 0, MOST_FITS + 1

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
