"""Checks of what was brought: whether it was understood as it stands, and whether its figures can be at all."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from core.stats.intervals import wilson
from core.stats.numbers import count, percent
from core.studies.audit.case import Case, CaseAnswers
from core.studies.audit.finding import CheckResult, fault, if_right, ok, unknown, warning

_RECALL = re.compile(r"(image|text)_retrieval_recall@(\d+)")
NAMED, FOREIGN = 0.9, 0.005
"""Nine in ten folders called like classes are no accident; half a percent of other labels is no slip of a few rows."""
SLIP, SORTED, GAIN, FEWEST_ROWS = 5, 0.5, 0.10, 50
"""Rows that answers may have slipped by, the share of equal neighbors from which on rows are sorted by label, and what
a slip must explain, of how many rows at least."""
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


# --- rows -------------------------------------------------------------------------------------------------


def rows_in_place(case: Case) -> CheckResult:
    """Rows of a table that slipped: labels that are not those of the images' folders, or answers of a neighbor."""
    answers = case.answers
    if answers is None:
        return unknown("The answers for single images are not known.")
    if found := _of_folders(case, answers):
        return found
    if found := _slipped(answers):
        return found
    return ok("Image, label and answer stand in the same row, as far as names and neighbors tell.")


def _of_folders(case: Case, answers: CaseAnswers) -> CheckResult | None:
    """Labels beside folders that are called by the names of classes, as an ImageFolder has them."""
    place = {_plain(name): i for i, name in enumerate(case.classnames)}
    own = np.array([place.get(_plain(PurePosixPath(i.replace("\\", "/")).parent.name), -1) for i in answers.ids])
    named = own >= 0
    if case.known.labels or named.mean() < NAMED:
        return None
    wrong = np.flatnonzero(named & (own != answers.labels))
    if len(wrong) < FOREIGN * len(own):
        return None
    first = int(wrong[0])
    label, folder = case.classnames[answers.labels[first]], case.classnames[own[first]]
    return fault(
        f"{len(wrong):,} of {len(own):,} images are labelled otherwise than their folder says, the first “{label}” in "
        f"the folder of “{folder}”: rows were shuffled, or a column was sorted by itself.",
        "Write image, label and answer of a row together.",
        if_right("with the labels of the folders", answers.predicted == np.where(named, own, answers.labels), answers),
    )


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()


def _slipped(answers: CaseAnswers) -> CheckResult | None:
    """Answers that fit the label some rows before or after, or those of the table read backwards."""
    n, labels, predicted = len(answers.labels), answers.labels, answers.predicted
    if n < FEWEST_ROWS or np.mean(labels[1:] == labels[:-1]) > SORTED:
        return None  # of sorted rows a neighbor has the same label
    ways = {step: np.roll(predicted, step) for step in (*range(-SLIP, 0), *range(1, SLIP + 1))} | {0: predicted[::-1]}
    step, moved = max(ways.items(), key=lambda way: int((way[1] == labels).sum()))
    fits, now = int((moved == labels).sum()), int(answers.correct.sum())
    if fits - now < GAIN * n or wilson(fits, n)[0] <= wilson(now, n)[1]:
        return None
    how = "read from the last row to the first" if not step else f"moved by {count(abs(step), 'row')}"
    return fault(
        f"The answers as they are fit {percent(now / n)} of the labels, but {how} they fit {percent(fits / n)}.",
        "Write image, label and answer of a row together.",
        if_right(f"with the answers {how}", moved == labels, answers),
    )


def _recalls(case: Case, side: str) -> list[tuple[int, float]]:
    found = [(match, value) for name, value in case.scores.items() if (match := _RECALL.fullmatch(name))]
    return sorted((int(match[2]), value) for match, value in found if match[1] == side)
