"""The figures that are made of a classifier's answers: the one table that results, tables, charts, report, pages and
the command line read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.stats import metrics
from core.stats.answers import Answers
from core.stats.intervals import bootstrap_class_mean, macro_f1_interval, wilson
from core.types import IntArray, Interval

TOP = 5
"""Answers of a picture that are kept, and counted by `acc5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`value` 0-1 with its 95 % interval."""

    value: float
    ci95: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure. `of(labels (n,), answers, c)` computes it, `chance(c)` is what guessing gives;
    `title` and `heading` name it in sentences and over a column, `question` over a chart. `interval_column` is whether
    tables show its interval too."""

    name: str
    title: str
    heading: str
    question: str
    of: Callable[[IntArray, Answers, int], Score]
    chance: Callable[[int], float] = lambda c: 1 / c
    interval_column: bool = True


def _within(k: int) -> Callable[[IntArray, Answers, int], Score]:
    """Accuracy at k, with Wilson's interval."""

    def of(labels: IntArray, answers: Answers, c: int) -> Score:
        n, hits = len(labels), int(np.count_nonzero(answers.ranks <= k))
        return Score(value=hits / n, ci95=wilson(hits, n))

    return of


def _class_mean(labels: IntArray, answers: Answers, c: int) -> Score:
    """Mean of the recalls of the classes, with a bootstrap interval over pictures."""
    correct = answers.correct
    return Score(value=metrics.mean_per_class_recall(labels, correct, c), ci95=bootstrap_class_mean(labels, correct, c))


def _macro_f1(labels: IntArray, answers: Answers, c: int) -> Score:
    """Mean of the F1 of the classes, with an interval of the delta method."""
    predicted = answers.top[:, 0]
    return Score(value=metrics.macro_f1(labels, predicted, c), ci95=macro_f1_interval(labels, predicted, c))


METRICS: tuple[Metric, ...] = (
    Metric(
        name="acc1",
        title="Top-1 accuracy",
        heading="Top-1",
        question="How often is the first answer right?",
        of=_within(1),
    ),
    Metric(
        name="acc5",
        title="Top-5 accuracy",
        heading="Top-5",
        question="How often is the right name among the first five?",
        of=_within(TOP),
        chance=lambda c: min(TOP, c) / c,
    ),
    Metric(
        name="mean_per_class_recall",
        title="Mean per-class recall",
        heading="Mean recall",
        question="How well is the average class recognized?",
        of=_class_mean,
        interval_column=False,
    ),
    Metric(
        name="f1_macro",
        title="Macro F1",
        heading="Macro F1",
        question="How well is the average class found, and how often is its name right?",
        of=_macro_f1,
        interval_column=False,
    ),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def score(labels: IntArray, answers: Answers, c: int) -> dict[str, Score]:
    """Every figure of `METRICS`, by name."""
    return {metric.name: metric.of(labels, answers, c) for metric in METRICS}
