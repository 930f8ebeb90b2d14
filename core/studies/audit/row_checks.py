"""Checks of rows: whether image, label and answer of a table stand beside each other."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np

from core.stats.intervals import mcnemar_exact, wilson
from core.stats.numbers import count, percent, some_of
from core.stats.same_answers import SameAnswers, same_answers
from core.studies.audit.case import Case, CaseAnswers
from core.studies.audit.finding import CheckResult, fault, if_right, ok, unknown
from core.studies.audit.trying.result import LEVEL, SOUND
from core.studies.audit.trying.rows import best_order
from core.types import IntArray

NAMED, FOREIGN = 0.9, 0.005
"""Nine in ten folders called like classes are no accident; half a percent of other labels is no slip of a few rows."""
SLIP, SORTED, GAIN, FEWEST_ROWS = 5, 0.5, 0.10, 50
"""Rows that answers may have slipped by, the share of equal neighbors from which on rows are sorted by label, and what
a slip must explain, of how many rows at least."""


def rows_in_place(case: Case) -> CheckResult:
    """Rows of a table that slipped: labels that are not those of the images' folders, or answers of a neighbor."""
    answers = case.answers
    if answers is None:
        return unknown("The answers for single images are not known.")
    if found := _of_folders(case, answers) or _moved(case, answers) or _slipped(answers):
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
        f"{some_of(len(wrong), len(own), 'image')} labeled otherwise than their folder says, the first “{label}” in "
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
    if fits - max(now, _by_counts(labels, predicted)) < GAIN * n or wilson(fits, n)[0] <= wilson(now, n)[1]:
        return None
    how = "read from the last row to the first" if not step else f"moved by {count(abs(step), 'row')}"
    return fault(
        f"The answers as they are fit {percent(now / n)} of the labels, but {how} they fit {percent(fits / n)}.",
        "Write image, label and answer of a row together.",
        if_right(f"with the answers {how}", moved == labels, answers),
    )


def _by_counts(labels: IntArray, predicted: IntArray) -> float:
    """How many of the labels answers fit in random order."""
    c = int(max(labels.max(), predicted.max())) + 1
    return float((np.bincount(labels, minlength=c) / len(labels) * np.bincount(predicted, minlength=c)).sum())


# --- beside our own run -----------------------------------------------------------------------------------


def _moved(case: Case, answers: CaseAnswers) -> CheckResult | None:
    """Answers that are those of a run of our own in another order: the order, where it is a known one."""
    if case.source != "predictions":
        return None
    for own in case.alternatives:
        if len(own.predicted) != len(answers.labels):
            continue
        found = same_answers(own.predicted, answers.predicted)
        if found.alike and (known := _in_order(own.predicted, answers)):
            return known
        if found.moved:
            return _in_no_order(found)
    return None


def _in_order(own: IntArray, answers: CaseAnswers) -> CheckResult | None:
    """The one of all known orders in which our own answers are these, all but what two sound runs differ in."""
    said, rows, looked = best_order(answers.ids, answers.labels, own, answers.predicted)
    n, there, here = len(own), own[rows] == answers.predicted, own == answers.predicted
    only, lost = int((there & ~here).sum()), int((here & ~there).sum())
    if wilson(int(there.sum()), n)[1] < SOUND or mcnemar_exact(only, lost) >= LEVEL / looked:
        return None
    restored = np.empty_like(own)
    restored[rows] = answers.predicted
    return fault(
        f"The rows are in another order: {int(there.sum()):,} of {n:,} answers are those of our own run {said}; as "
        f"they stand, {count(int(here.sum()), 'is', 'are')}.",
        _TOGETHER,
        if_right("with every answer beside its image", restored == answers.labels, answers),
    )


def _in_no_order(found: SameAnswers) -> CheckResult:
    whole = some_of(found.differ, found.n, "row", "seems to be", "seem to be") if found.paired else "The rows are"
    return fault(
        f"{whole} in another order, none of those that were tried: their answers are as often of each class as those "
        f"of our own run ({found.distance:,} of {found.differ:,} would have to change, where answers of another origin "
        f"usually need {found.usual:,.0f} or more), but beside other images.",
        _TOGETHER,
    )


_TOGETHER = "Write the name of each image beside its answer when it is made."
