"""Checks against figures and runs from elsewhere: the published figure, a trained classifier's own zero-shot, and which
of our own ways of asking gives someone's answers."""

from __future__ import annotations

import re

import numpy as np

from core.catalog.published import closest_protocol
from core.stats import metrics
from core.stats.intervals import standing
from core.stats.numbers import interval_text, percent, points
from core.studies.audit.case import PROTOCOL, Alternative, Case
from core.studies.audit.finding import CheckResult, Counterfactual, fault, of_alternative, ok, unknown, warning
from core.studies.audit.order import best_renaming
from core.types import IntArray, Interval, Reference

NEAR, FAR = 0.01, 0.03
"""A published figure within a point of the interval is no contradiction (openai/CLIP, issue 204: half a point by
numerical noise alone); three points beyond it are never noise on the same pictures."""
OTHER_PICTURES = 0.05
"""Five points where the published figure is for other pictures of the same kind."""
EXPLAINS = 0.97
"""A way of asking explains answers when it gives the same for 97 % of the pictures; half precision and another batch
change one in a hundred at most."""
OTHER_MODEL = 0.6
"""Other templates leave three answers in four; fewer, and top-1 ten points below, is another model or other weights.
Better than ours may be better names."""
SHUFFLED, APART = 0.9, 0.1
"""The same answers for other pictures: nine in ten answers agree in number, hardly more than by chance in place."""
PUBLISHED_CAPTIONS = (5, 5)
OVERFIT, BY_HEART = 0.25, 0.995
"""The deck's probes on CIFAR-100: all training pictures right, 26 to 40 points fewer of the test pictures; a chosen C
leaves 10 to 15 there."""
WORSE = 0.01
_FEW_SHOT = re.compile(r"\dshot")


def published(case: Case) -> CheckResult:
    """Does the published figure lie within the interval of the measured one?"""
    if case.method == "retrieval":
        return _published_recalls(case)
    value, interval = case.acc1, case.interval()
    metric = "linear_probe_" if case.method == "probe" else "zeroshot_"
    several = case.asked is None or len(case.asked.templates) != 1
    figures = [r for r in case.known.published if r.metric.startswith(metric) and not _FEW_SHOT.search(r.metric)]
    figure = closest_protocol(figures, "acc1", several)
    if value is None or figure is None:
        return unknown("No published figure of this model on this data set is known.")
    span = interval or (value, value)
    gap = _gap(span, figure.value)
    where = standing(span, figure.value)
    said = f"Published: {percent(figure.value)} ({_protocol(figure)}), {where} {_span(value, interval)}"
    if gap <= (OTHER_PICTURES if _other_pictures(figure) else NEAR):
        return ok(f"{said}{'' if gap == 0 else f', by {points(gap)}, which is no contradiction'}.")
    return _outside(case, figure, gap, said)


def _published_recalls(case: Case) -> CheckResult:
    """The recall that is farthest from its published figure, beside it."""
    pairs = [
        (m, closest_protocol(case.known.published, m, True), case.interval(m)) for m in case.scores if "_recall@" in m
    ]
    known = [(m, figure, span or (case.scores[m],) * 2) for m, figure, span in pairs if figure is not None]
    if not known:
        return unknown("No published recall of this model on these captions is known.")
    if case.captions is not None and case.captions != PUBLISHED_CAPTIONS:
        return unknown("The published recalls are for 5 captions per image, so they do not compare.")
    metric, figure, span = max(known, key=lambda row: _gap(row[2], row[1].value))
    gap, name, where = _gap(span, figure.value), metric.replace("_", " "), standing(span, figure.value)
    said = f"Published {name}: {percent(figure.value)}, {where} our interval of {interval_text(span)}"
    if gap <= (OTHER_PICTURES if _other_pictures(figure) else NEAR):
        return ok(f"{said}, the farthest of {len(known)} recalls.")
    advice = "Check which captions count (any of five, or each) and how many images are searched."
    return CheckResult(
        verdict="fault" if gap > FAR else "warning", evidence=f"{said}, by {points(gap)}.", advice=advice
    )


def _outside(case: Case, figure: Reference, gap: float, said: str) -> CheckResult:
    best = case.alternative(PROTOCOL)
    gain = None if best is None else of_alternative(best, case)
    advice = "Look at the other checks for the cause."
    if gain is not None and _gap(gain.ci95, figure.value) <= NEAR:
        return warning(
            f"{said}; asked as published it is {percent(gain.value)}, which agrees.",
            "The difference comes from how images were asked about.",
            gain,
        )
    if case.acc1 is not None and case.acc1 > figure.value:
        advice = "Better than published is as suspicious as worse: look for training images among the tested."
    return CheckResult(
        verdict="fault" if gap > FAR else "warning",
        evidence=f"{said}, by {points(gap)}.",
        advice=advice,
        counterfactual=gain,
    )


def _gap(interval: Interval, value: float) -> float:
    """How far a value lies outside of an interval; 0 inside."""
    return max(0.0, interval[0] - value, value - interval[1])


def _span(value: float, interval: Interval | None) -> str:
    return f"the measured {percent(value)}" if interval is None else f"our interval of {interval_text(interval)}"


def _protocol(figure: Reference) -> str:
    return figure.protocol.split(";")[0] or figure.metric.replace("_", " ")


def _other_pictures(figure: Reference) -> bool:
    """The table of published figures writes "on ..." into a protocol where its pictures were not the official ones."""
    return any(part.startswith("on ") for part in figure.protocol.split("; "))


# --- a trained classifier ---------------------------------------------------------------------------------


def probe_fit(case: Case) -> CheckResult:
    """A classifier that knows its training pictures by heart and does worse than zero-shot was regularised too little,
    or trained on other labels."""
    train, test, zero = case.train_acc1, case.acc1, case.zero_shot_acc1
    if train is None or test is None:
        return unknown("Its accuracy in training is not known.")
    said = f"{percent(train)} of the training images are right and {percent(test)} of the test images"
    worse = zero is not None and test < zero - WORSE
    if train - test > OVERFIT and (worse or (train > BY_HEART and not case.tuned)):
        also = f", fewer than the {percent(zero)} without any training" if worse and zero is not None else ""
        return fault(
            f"{said}{also}.",
            "Choose the regularization C on held-out training images, and check that both splits number the "
            "classes alike.",
        )
    if worse and zero is not None:
        return warning(
            f"{said}, fewer than the {percent(zero)} without any training.",
            "Check that both splits number the classes alike.",
        )
    return ok(f"{said}{'; C was chosen on held-out images' if case.tuned else ''}.")


# --- answers from elsewhere -------------------------------------------------------------------------------


def reproduced(case: Case) -> CheckResult:
    """Which of our own ways of asking gives these answers, picture by picture?

    The alternatives are runs of this program on the same pictures: as published, and with one fault each.
    """
    if case.answers is None or not case.alternatives:
        return unknown("No run of our own on these images is in the cache to compare with.")
    agreed = [(float(np.mean(a.predicted == case.answers.predicted)), a) for a in case.alternatives]
    share_best, best = max(agreed, key=lambda pair: pair[0])
    expected = next((pair for pair in agreed if PROTOCOL in pair[1].changes), (share_best, best))
    if expected[0] >= EXPLAINS:
        return ok(f"Our own run {expected[1].said} gives the same answer for {percent(expected[0])} of the images.")
    gain = of_alternative(expected[1], case)
    if share_best >= EXPLAINS:
        return fault(
            f"Our own run {best.said} gives the same answer for {percent(share_best)} of the images, "
            f"{expected[1].said} only for {percent(expected[0])}: that is most likely how they were made.",
            "Ask as the published protocol does.",
            gain,
        )
    return _unexplained(case, best, share_best, gain)


def _unexplained(case: Case, best: Alternative, agreed: float, gain: Counterfactual | None) -> CheckResult:
    predicted = case.answers.predicted if case.answers is not None else np.zeros(0, np.int64)
    c = max(case.c or 0, int(max(best.predicted.max(), predicted.max())) + 1)
    if (moved := _moved(best.predicted, predicted, c, agreed)) is not None:
        return fault(*moved, gain)
    if agreed < OTHER_MODEL and gain is not None and gain.excludes_zero and gain.difference > APART:
        return warning(
            f"None of our own runs of this model gives these answers: the nearest, {best.said}, agrees on "
            f"{percent(agreed)} and has {percent(best.acc1)} right.",
            "See whether the answers are of this model and these weights.",
            gain,
        )
    return unknown(
        f"None of our own runs gives these answers; the nearest, {best.said}, agrees on {percent(agreed)}.",
        "Other weights, another activation or another transform change answers like that.",
    )


def _moved(ours: IntArray, theirs: IntArray, c: int, agreed: float) -> tuple[str, str] | None:
    """Whether answers are ours but for the order of the classes, or of the rows: the evidence and what to do."""
    renamed = best_renaming(metrics.confusion(ours, theirs, c))
    if agreed < 0.5 and (fits := float(np.mean(renamed[ours] == theirs))) >= SHUFFLED:
        said = (
            f"With the classes renamed one to one the answers are ours for {percent(fits)} of the images (as they "
            f"stand for {percent(agreed)}): names or numbers of the answers are in another order."
        )
        return said, "Match class names and answers by name, never by position."
    mine, others = (np.bincount(p, minlength=c) for p in (ours, theirs))
    overlap = float(np.minimum(mine, others).sum()) / max(1, len(theirs))
    by_chance = float((mine / max(1, mine.sum()) * (others / max(1, others.sum()))).sum())
    if overlap < SHUFFLED or agreed >= min(by_chance + APART, 0.5):
        return None
    said = (
        f"The answers are the same as ours in number ({percent(overlap)} overlap) but for other images (only "
        f"{percent(agreed)} agree): the rows are out of order."
    )
    return said, "Keep image and answer together; a data loader may have shuffled."
