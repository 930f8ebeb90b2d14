"""Results of probes and few-shot studies for tests of tables and words: a real probe, made-up runs of few shots."""

from __future__ import annotations

import numpy as np

from core.studies.few_shot.result import FewShotResult, FewShotRun, assemble
from core.studies.probe.result import ProbeResult
from core.studies.probe.result import assemble as assemble_probe
from core.studies.probe.training import probe
from core.studies.zero_shot.classify import ZeroShotResult, classify
from core.types import Reference
from tests.training_sets import clouds, head

EACH = (9, 9, 9, 9, 9, 9, 9)


def reference(metric: str, value: float, source: str = "somewhere", kind: str = "published") -> Reference:
    return Reference(metric=metric, value=value, protocol="as they did it", source=source, kind=kind)  # type: ignore[arg-type]


FULL = reference("linear_probe_acc1_full", 0.9)
PAPER = reference("linear_probe_acc1_paper_table10", 0.88)
TEN, SIXTEEN = (reference(f"linear_probe_acc1_{k}shot{end}", 0.7) for k, end in ((10, ""), (16, "_mean_of_5")))
FIVE = reference("linear_probe_acc5_full", 0.99)
DECK = (reference("linear_probe_train_acc1", 1.0, kind="deck"), reference("linear_probe_test_acc1", 0.6, kind="deck"))


def probed(model: str = "RN50/openai", seed: int = 0) -> tuple[ProbeResult, ZeroShotResult]:
    """A probe and zero-shot of one model on the same test pictures."""
    train, test = clouds("train", EACH, seed=seed, model=model), clouds("test", EACH, seed=seed, model=model)
    found = assemble_probe(train, test, probe(train, test), (FULL, TEN, SIXTEEN, FIVE), DECK)
    return found, classify(test, head(train, 1.5), test.classnames, ("a photo of a {}.",))


def unit(right: int, n: int = 63, **settings: float) -> FewShotRun:
    return FewShotRun(correct=np.arange(n) < right, n_shots=14, n_validation=7, short=0, settings=settings)


def few_shots(zero_shot: ZeroShotResult) -> FewShotResult:
    """A study of made-up runs beside it: the probe gains, Tip-Adapter does not."""
    train, test = clouds("train", EACH), clouds("test", EACH)
    base = int(zero_shot.correct.sum())
    known_first = np.argsort(~zero_shot.correct, kind="stable")

    def run(right: int, **settings: float) -> FewShotRun:
        """So many right, those that zero-shot has right before others."""
        correct = np.zeros(len(test), bool)
        correct[known_first[:right]] = True
        return FewShotRun(correct=correct, n_shots=14, n_validation=7, short=0, settings=settings)

    units = {
        ("probe", 1, 0): run(base - 20, C=0.1),
        ("probe", 1, 1): run(base - 16, C=1.0),
        ("probe", 16, 0): run(base + 6, C=0.1),
        ("probe", 16, 1): run(base + 8, C=0.1),
        ("tip", 1, 0): run(base, alpha=1.0, beta=2.0),
        ("tip", 1, 1): run(base, alpha=3.0, beta=2.0),
        ("tip", 16, 0): run(base - 1, alpha=1.0, beta=2.0),
        ("tip", 16, 1): run(base + 1, alpha=1.0, beta=2.0),
    }
    figures = (
        reference("linear_probe_acc1_16shot", 0.5, "CLIP_benchmark"),
        reference("tip_adapter_acc1_16shot", 0.6, "gaopengcuhk/Tip-Adapter"),
        reference("clip_adapter_acc1_1shot", 0.55, "gaopengcuhk/Tip-Adapter"),
        FULL,
    )
    return assemble(train, zero_shot, test, units, figures)
