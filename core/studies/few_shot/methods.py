"""Few-shot classification: what K labelled pictures a class are worth, by method and over several draws.

Three ways to use them: a linear probe on the shots, Tip-Adapter and Tip-Adapter-F (`tip_adapter`);
zero-shot is the point K = 0. Settings (C, alpha, beta, training steps) are chosen on validation pictures of the
training split that are not among the shots; the test split is used once, for the final count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from core.errors import TMVError
from core.stats.answers import Answers, rank
from core.stats.logistic import Problem
from core.stats.metrics import normalise
from core.studies.few_shot import tip_adapter
from core.studies.few_shot.result import FewShotRun
from core.studies.few_shot.shots import Draw
from core.studies.few_shot.tip_adapter import Memory, Pictures, Tick
from core.studies.probe.regularisation import Sweep
from core.studies.probe.training_rows import check_pair, labels_of, seen_in_training
from core.types import EmbeddingSet, FloatArray, IntArray

Method = Literal["probe", "tip", "tip-f"]
METHODS: tuple[Method, ...] = ("probe", "tip", "tip-f")
SHOTS = (1, 2, 4, 8, 16)
SEEDS = 3


class FewShotMethods:
    """One model on one data set: both splits made ready once, then any number of units.

    `head` (c, d) are the normalised class vectors of zero-shot classification. Raises `TMVError` when the sets
    do not fit each other or no class has a picture to spare for validation.
    """

    def __init__(self, train: EmbeddingSet, test: EmbeddingSet, head: FloatArray) -> None:
        check_pair(train, test)
        seen_in_training(train, test)
        self._train, self._test, self._head = train, test, head
        self._pictures: dict[str, Pictures] = {}
        if np.bincount(labels_of(train)).max() < 2:
            raise TMVError(
                f"{train.key.dataset} ({train.key.split}) has one image per class, so none can be kept to choose "
                "settings with; give at least one class two."
            )

    def run(self, method: Method, shots: int, draw: Draw, tick: Tick = lambda: None) -> tuple[FewShotRun, Answers]:
        """One method with K shots a class of one draw, tested, and what it answers for every test picture. `tick` may
        raise `Cancelled`."""
        rows = draw.shots(shots)
        found, settings = _RUNS[method](self, rows, draw, tick)
        return FewShotRun(
            correct=found.correct,
            n_shots=len(rows),
            n_validation=len(draw.validation),
            short=draw.short_of(shots),
            settings=settings,
        ), found

    def probe(self, rows: IntArray, draw: Draw, tick: Tick) -> tuple[Answers, dict[str, Any]]:
        """A linear probe on unnormalised embeddings of the shots."""
        vectors, labels, c = self._train.image_embeddings, labels_of(self._train), len(self._head)
        learnt, held = ((vectors[part], labels[part]) for part in (rows, draw.validation))
        sweep = Sweep([(learnt, held)], c, tick)
        chosen = sweep.run()
        final = Problem(*learnt, c).fit(chosen.C, chosen, tick=tick)
        test = self._test.image_embeddings
        return rank(lambda part: final.scores(test[part]), labels_of(self._test), c), {"C": chosen.C}

    def tip(self, rows: IntArray, draw: Draw, tick: Tick) -> tuple[Answers, dict[str, Any]]:
        """Tip-Adapter."""
        learnt, held = self._taken(rows), self._taken(draw.validation)
        memory = Memory.of(learnt.vectors, learnt.labels, len(self._head))
        best = tip_adapter.choose(memory, held, tick)
        return self._tested(memory, best), {"alpha": best.alpha, "beta": best.beta}

    def tip_f(self, rows: IntArray, draw: Draw, tick: Tick) -> tuple[Answers, dict[str, Any]]:
        """Tip-Adapter-F."""
        learnt, held, c = self._taken(rows), self._taken(draw.validation), len(self._head)
        start = tip_adapter.choose(Memory.of(learnt.vectors, learnt.labels, c), held, tick)
        found = tip_adapter.fine_tune(learnt, c, held, start, draw.seed, tick)
        settings = {
            "alpha": found.setting.alpha,
            "beta": found.setting.beta,
            "steps": found.steps,
            "of_steps": found.of_steps,
        }
        return self._tested(found.memory, found.setting), settings

    def _taken(self, rows: IntArray) -> Pictures:
        return self._ready("train").take(rows)

    def _tested(self, memory: Memory, setting: tip_adapter.Setting) -> Answers:
        test = self._ready("test")
        return rank(
            lambda part: tip_adapter.scores(test.take(part), memory, setting.alpha, setting.beta),
            test.labels,
            len(self._head),
        )

    def _ready(self, part: str) -> Pictures:
        """Unit vectors and zero-shot scores of a split, made once."""
        if part not in self._pictures:
            images = self._train if part == "train" else self._test
            vectors = normalise(images.image_embeddings)
            scores = np.float32(images.logit_scale) * (vectors @ self._head.T)
            self._pictures[part] = Pictures(vectors=vectors, scores=scores, labels=labels_of(images))
        return self._pictures[part]


_Run = Callable[[FewShotMethods, IntArray, Draw, Tick], tuple[Answers, dict[str, Any]]]
_RUNS: dict[Method, _Run] = {"probe": FewShotMethods.probe, "tip": FewShotMethods.tip, "tip-f": FewShotMethods.tip_f}
