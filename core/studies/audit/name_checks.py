"""Does the model know the class names? Names in another language or made-up words have vectors, but no meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.stats.intervals import paired_difference
from core.stats.numbers import percent, points, quoted, some_of, verb
from core.stats.scores import first_equal
from core.studies.audit.asking_checks import class_names
from core.studies.audit.case import NAMES, PROTOCOL, Alternative, Case, CaseAnswers
from core.studies.audit.finding import CheckResult, fault, of_alternative, ok, unknown, warning
from core.types import IntArray

SHARED = 0.2
"""One vector for a fifth of the names is no accident; two names that a model cannot tell apart may be."""
SILENT = 0.5
"""Half of the classes never answered, although each has images: even weak models answer most classes now and then."""
FEW = 5
"""Images of a class that say something about it."""
BETTER = 0.03


def known_names(case: Case) -> CheckResult:
    """Class names that a model does not know share a vector, are never answered, or lose to the data set's own."""
    if problem := _one_vector(case) or _own_names_better(case) or _never_answered(case):
        return problem
    if case.vectors.classes is None and case.answers is None:
        return unknown("Neither the vectors of the class names nor the answers are known.")
    if case.vectors.classes is not None:
        return ok("The class names have vectors of their own, and the answers use them.")
    return ok("The answers use most of the class names.")


def _one_vector(case: Case) -> CheckResult | None:
    alike = _alike(case)
    if alike is None or len(alike) < 3 or (shared := _shared(alike)).mean() < SHARED:
        return None
    names = [_name(case, int(i)) for i in np.flatnonzero(shared)]
    return fault(
        f"{some_of(int(shared.sum()), len(alike), 'class name', 'has', 'have')} the same vector as another one, "
        f"such as {quoted(names)}: to this model they are one word.",
        "Use words that the model's texts were written in, most often English.",
    )


def _alike(case: Case) -> IntArray | None:
    """(c,) the first class with the same vector, or where only scores are known with the same column of them."""
    if case.vectors.classes is not None:
        return first_equal(case.vectors.classes)
    scores = None if case.answers is None else case.answers.scores
    return None if scores is None else first_equal(np.ascontiguousarray(scores.T))


def _shared(alike: IntArray) -> NDArray[np.bool_]:
    return np.asarray(np.bincount(alike, minlength=len(alike))[alike] > 1)


def _own_names_better(case: Case) -> CheckResult | None:
    """With the data set's own names in their place, and in the same order, the model knows far more."""
    own, asked, answers = case.alternative(NAMES), case.asked, case.answers
    if own is None or asked is None or answers is None or len(own.correct) != len(answers.labels):
        return None
    if asked.classnames == asked.curated or class_names(case).verdict in ("warning", "fault"):
        return None  # folder names have a check of their own
    gap = paired_difference(own.correct, answers.correct)
    if gap.difference < BETTER or not gap.excludes_zero or _only_moved(asked.classnames, asked.curated):
        return None
    return fault(
        f"With the data set's own names {percent(own.acc1)} of the images are right, {points(gap.difference)} more "
        f"than with names such as {quoted(asked.classnames)}.",
        "Use names that the model's texts were written with, most often English words.",
        of_alternative(own, case),
    )


def _only_moved(used: Sequence[str], curated: Sequence[str]) -> bool:
    """The same names in another order, which the check of the order finds."""
    return sorted(used) == sorted(curated)


def _never_answered(case: Case) -> CheckResult | None:
    answers, c = case.answers, case.c
    if answers is None or not c or c < 3:
        return None
    there = np.flatnonzero(np.bincount(answers.labels, minlength=c) >= FEW)
    silent = there[np.bincount(answers.predicted, minlength=c)[there] == 0]
    if len(there) < 3 or len(silent) <= SILENT * len(there):
        return None
    names = [_name(case, int(i)) for i in silent]
    return warning(
        f"{len(silent):,} of {len(there):,} classes with {FEW} or more images {verb(len(silent))} never "
        f"answered, such as "
        f"{quoted(names)}: the model may not know these names.",
        "Check the words first: their language, their spelling, whether they are words at all.",
    )


def _name(case: Case, i: int) -> str:
    return case.classnames[i] if i < len(case.classnames) else f"class {i}"


def own_answers_fit(case: Case) -> Alternative | None:
    """Our own run with the data set's own names, where its answers are much better than the given ones by the labels as
    they are: then the labels are in order, and what is wrong is on the side of the answers."""
    answers: CaseAnswers | None = case.answers
    own = case.alternative(PROTOCOL) or case.alternative(NAMES)
    if answers is None or own is None or len(own.correct) != len(answers.labels):
        return None
    gap = paired_difference(own.correct, answers.correct)
    return own if gap.excludes_zero and gap.difference >= BETTER else None
