"""Checks of what was brought: whether it was understood as it stands, and whether its figures can be at all."""

from __future__ import annotations

import re
from itertools import pairwise

from core.stats.numbers import percent
from core.studies.audit.case import Case
from core.studies.audit.finding import CheckResult, fault, ok, unknown, warning

_RECALL = re.compile(r"(image|text)_retrieval_recall@(\d+)")
_HALF_A_PICTURE = 1e-9
_ROUNDED = 0.01
"""A point more than rounding, a few pictures left out, or half precision can make of it."""


def understood(case: Case) -> CheckResult:
    """What reading pictures, labels, captions and tables found, as far as it may make the number another one."""
    raised = [note for note in case.notes if note.level != "info"]
    if not raised:
        if case.known.labels:
            return ok("Reading it raised no doubt, and its images are known here.")
        return ok("Reading it raised no doubt.") if case.source == "study" else unknown("Reading it raised no doubt.")
    said = " ".join(raised)
    if any(note.level == "fault" for note in raised):
        return fault(said, "Mend what was brought, or take the reading that the sentence names.")
    return warning(said, "See whether this is what you meant.")


def possible(case: Case) -> CheckResult:
    """Figures that no evaluation can give: a share outside 0 to 1, top-5 below top-1, recall that falls with k."""
    advice = "Look where the figures were written down; two columns or two runs may have been mixed."
    outside = [f"{name} {value:g}" for name, value in case.scores.items() if not 0 <= value <= 1]
    if outside:
        return fault(f"A share lies between 0 and 1, but here is {', '.join(outside)}.", advice)
    if case.acc1 is not None and case.acc5 is not None and case.acc5 < case.acc1 - _HALF_A_PICTURE:
        return fault(f"Top-5 ({percent(case.acc5)}) is below top-1 ({percent(case.acc1)}), which cannot be.", advice)
    for side in ("image", "text"):
        rising = _recalls(case, side)
        for (k, low), (more, high) in pairwise(rising):
            if high < low - _HALF_A_PICTURE:
                return fault(
                    f"Recall of {side}s falls from {percent(low)} among the first {k} to {percent(high)} among {more}, "
                    "which cannot be.",
                    advice,
                )
    recall = case.scores.get("mean_per_class_recall")
    if case.known.balanced and case.acc1 is not None and recall is not None and abs(recall - case.acc1) > _ROUNDED:
        return fault(
            f"Every class of {case.dataset} has as many images, so mean per-class recall is top-1; here they are "
            f"{percent(recall)} and {percent(case.acc1)}.",
            advice,
        )
    if len(case.scores) < 2:
        return unknown("A single figure cannot contradict itself.")
    return ok("The figures do not contradict each other.")


def _recalls(case: Case, side: str) -> list[tuple[int, float]]:
    found = [(match, value) for name, value in case.scores.items() if (match := _RECALL.fullmatch(name))]
    return sorted((int(match[2]), value) for match, value in found if match[1] == side)
