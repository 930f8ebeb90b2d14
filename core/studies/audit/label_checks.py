"""Checks of the labels: their order, and whether they are the data set's own."""

from __future__ import annotations

import numpy as np

from core.intervals import wilson
from core.studies.audit.case import Answers, Case
from core.studies.audit.order import Order, describe, explain
from core.studies.audit.said import Counterfactual, Said, fault, ok, unknown
from core.studies.audit.words import share, some

GAIN, TIMES = 0.10, 2.0
"""Renaming classes must make at least ten points more of the answers fit, and twice as many, before labels as a whole
are said to be out of order. On sound runs it makes fewer fit, because it is judged on other pictures than those that
chose it; a weak model's systematic confusions bring a few points."""
FOREIGN = 0.005
"""So many labels that are not the data set's own are no slip of a few rows."""


def label_order(case: Case) -> Said:
    """Labels out of order against the answers: the classic cause of an accuracy near chance (openai/CLIP, issues 166,
    318, 346), invisible in top-5 and in the confusion table's row sums."""
    answers = case.answers
    if answers is None or not case.c or case.c < 2:
        return unknown("The answers for single pictures are not known.")
    own = _own_labels(case, answers)
    if own is not None:
        return own
    found = explain(answers.labels, answers.predicted, case.c)
    if _whole(found):
        return _out_of_order(case, answers, found)
    if found.rings:
        return _rings(case, answers, found)
    return ok(
        f"The labels as they are fit {share(found.kept)} of the answers; the best renaming of classes fits "
        f"{share(found.moved)} of pictures that did not choose it."
    )


def _whole(found: Order) -> bool:
    return found.gain.excludes_zero and found.moved - found.kept >= GAIN and found.moved >= TIMES * found.kept


def _out_of_order(case: Case, answers: Answers, found: Order) -> Said:
    names = _names(case)
    moved = np.flatnonzero(found.renamed != np.arange(len(found.renamed)))
    how = describe(found.renamed, names)
    example = f"pictures labelled “{names[moved[0]]}” are mostly answered “{names[found.renamed[moved[0]]]}”"
    return fault(
        f"The labels as they are fit {share(found.kept)} of the answers, but with {len(moved):,} of {case.c:,} "
        f"classes renamed they fit {share(found.moved)}: {how or example}.",
        "Match class names and labels by name, never by position.",
        _renamed("with the labels in the order that fits best", found.moved, answers, found),
    )


def _rings(case: Case, answers: Answers, found: Order) -> Said:
    names, ring = _names(case), found.rings[0]
    renamed = np.arange(len(found.renamed))
    renamed[list(found.in_rings)] = found.renamed[list(found.in_rings)]
    fits = answers.predicted == renamed[answers.labels]
    said = (
        f"{some([names[i] for i in ring])} bear each other's names: pictures of “{names[ring[0]]}” are answered "
        f"“{names[found.renamed[ring[0]]]}”, and so on around."
    )
    return fault(
        said, "Swap these class names back.", _renamed("with these classes renamed", float(fits.mean()), answers, found)
    )


def _renamed(said: str, value: float, answers: Answers, found: Order) -> Counterfactual:
    n, now = len(answers.labels), float(answers.correct.mean())
    return Counterfactual(
        said, value, wilson(round(value * n), n), value - now, found.gain.excludes_zero or bool(found.rings)
    )


def _own_labels(case: Case, answers: Answers) -> Said | None:
    """The labels beside the data set's own, where the pictures are known by name; None where they agree."""
    known = case.known.labels
    if not known:
        return None
    rows = [(int(label), known[name]) for name, label in zip(answers.ids, answers.labels.tolist()) if name in known]
    wrong = [(given, true) for given, true in rows if given != true]
    if not rows or len(wrong) < FOREIGN * len(rows):
        return None
    names, first = _names(case), wrong[0]
    true = np.array([known.get(name, label) for name, label in zip(answers.ids, answers.labels.tolist())])
    right = answers.predicted == true
    value, now = float(right.mean()), float(answers.correct.mean())
    gain = Counterfactual(
        "with the data set's own labels", value, wilson(int(right.sum()), len(right)), value - now, True
    )
    return fault(
        f"{len(wrong):,} of {len(rows):,} labels are not the data set's own, the first “{names[first[0]]}” "
        f"where it is “{names[first[1]]}”.",
        "Match class names and labels by name, never by position.",
        gain,
    )


def _names(case: Case) -> tuple[str, ...]:
    names = case.asked.classnames if case.asked is not None else ()
    return names if len(names) == case.c else tuple(f"class {i}" for i in range(case.c or 0))
