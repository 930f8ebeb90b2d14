"""Checks against runs of our own on the same images: is a number far from ours, and is there a better way to ask?"""

from __future__ import annotations

import numpy as np

from core.stats.intervals import PairedDifference, paired_difference
from core.stats.numbers import count, percent, points
from core.studies.audit.asking_checks import class_names, templates
from core.studies.audit.case import AS_WRITTEN, NAMES, NOT_FILLED, PROTOCOL, TEMPLATES, Alternative, Case
from core.studies.audit.finding import CheckResult, Counterfactual, fault, of_alternative, ok, unknown, warning

FAR = 0.03
"""Three points on the same images are more than half precision, batches and decoders make of one model."""
BETTER, MUCH_BETTER = 0.03, 0.10
"""A way to ask that is three points better is worth a sentence; ten points are what a wrong name or template costs."""
CHANCE = 0.05
"""The best of several ways to ask is better than the one in use by chance in one of twenty cases at most."""


def own_run(case: Case) -> CheckResult:
    """Is a brought number that of our own run of this model on the same images? Where it is not, something differs,
    whatever it is."""
    own = case.alternative(PROTOCOL)
    if own is None or case.acc1 is None:
        return unknown("No run of our own of this model on these images is in the cache to compare with.")
    if case.answers is None:
        return _of_figure(case, own)
    gap = paired_difference(case.answers.correct, own.correct)
    said = f"{_beside(own, float(case.answers.correct.mean()))} on the same {count(gap.n, 'image')}"
    if abs(gap.difference) < FAR or not gap.excludes_zero:
        return ok(f"{said}.")
    return _apart(said, gap.difference, of_alternative(own, case))


def _of_figure(case: Case, own: Alternative) -> CheckResult:
    assert case.acc1 is not None
    n = len(own.correct)
    if case.n and not case.n_assumed and case.n != n:
        return unknown(f"Our own run is on {count(n, 'image')} and the figure on {case.n:,}, so they do not compare.")
    low, high = own.acc1_ci95
    gap, said = case.acc1 - own.acc1, f"{_beside(own, case.acc1)} on {count(n, 'image')}"
    if abs(gap) < FAR or low <= case.acc1 <= high:
        return ok(f"{said}.")
    mine = Counterfactual(
        said=f"in our own run {own.said}", value=own.acc1, ci95=own.acc1_ci95, difference=-gap, excludes_zero=True
    )
    return _apart(said, gap, mine)


def _beside(own: Alternative, value: float) -> str:
    return f"Our own run of this model {own.said} has {percent(own.acc1)} right, this number is {percent(value)},"


def _apart(said: str, gap: float, mine: Counterfactual | None) -> CheckResult:
    return fault(
        f"{said}: {points(abs(gap))} {'above' if gap > 0 else 'below'} it, which is far more than rounding explains.",
        "Something differs between the two: weights, preprocessing, class names, templates or labels. The other checks "
        "may say which.",
        mine if mine is not None and mine.difference > 0 else None,
    )


def better_way(case: Case) -> CheckResult:
    """Does another way to ask, which has been tried on the same images, give a clearly better number?

    The best of several is chosen on these images, so its p is multiplied by their number (Bonferroni).
    """
    answers, n = case.answers, 0 if case.answers is None else len(case.answers.labels)
    ways = [a for a in case.alternatives if len(a.correct) == n and not {AS_WRITTEN, NOT_FILLED} & set(a.changes)]
    if answers is None or not ways:
        return unknown("No other way to ask has been tried on these images.")
    gaps = [paired_difference(a.correct, answers.correct) for a in ways]
    best = int(np.argmax([gap.difference for gap in gaps]))
    if not _clear(gaps[best], len(ways)) or _said_elsewhere(case, ways[best]):
        return ok(f"Of {len(ways)} other way{'' if len(ways) == 1 else 's'} to ask, none is clearly better.")
    way, gap = ways[best], gaps[best]
    also = f", the best of {len(ways)} other ways" if len(ways) > 1 else ""
    evidence = f"Asked {way.said}{also}, {percent(way.acc1)} of the images are right, {points(gap.difference)} more."
    raised = fault if gap.difference >= MUCH_BETTER else warning
    return raised(
        evidence,
        "See what that way does otherwise: class names first, then templates. It was chosen on these images, so its "
        "lead is a little flattered.",
        of_alternative(way, case),
    )


def _clear(gap: PairedDifference, ways: int) -> bool:
    return gap.difference >= BETTER and gap.p_value * ways < CHANCE


def _said_elsewhere(case: Case, way: Alternative) -> bool:
    """Whether the checks of names and templates already say what this way changes back."""
    changes = set(way.changes)
    named = class_names(case).verdict in ("warning", "fault") and changes & {NAMES, PROTOCOL}
    asked = templates(case).verdict in ("warning", "fault") and changes & {TEMPLATES, PROTOCOL}
    return bool(named or asked)
