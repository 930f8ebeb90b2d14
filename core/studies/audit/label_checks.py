"""Checks of the labels: their order, and whether they are the data set's own."""

from __future__ import annotations

import numpy as np

from core.stats import metrics
from core.stats.intervals import wilson
from core.stats.numbers import percent, quoted, some_of
from core.studies.audit.case import PROTOCOL, Alternative, Case, CaseAnswers
from core.studies.audit.finding import CheckResult, Counterfactual, fault, if_right, ok, unknown
from core.studies.audit.name_checks import own_answers_fit
from core.studies.audit.order import ONE_TO_ONE, Order, certain, describe, explain
from core.types import IntArray

GAIN, TIMES = 0.10, 2.5
"""Renaming classes must make at least ten points more of the answers fit, and 2.5 times as many, before labels as a
whole are said to be out of order. On sound runs it makes fewer fit, because it is judged on other pictures than those
that chose it; the demo's weakest model, near chance, comes to 1.9 times."""
SAME = 0.6
"""Other templates leave three answers in four of one model; renamed answers that agree less are not ours renamed."""
FOREIGN = 0.005
"""So many labels that are not the data set's own are no slip of a few rows."""


def label_order(case: Case) -> CheckResult:
    """Labels out of order against the answers: the classic cause of an accuracy near chance (openai/CLIP, issues 166,
    318, 346), invisible in top-5 and in the confusion table's row sums."""
    answers, foreign = case.answers, _foreign(case)
    if answers is None or not case.c or case.c < 2:
        return unknown("The answers for single images are not known.")
    if foreign is not None:
        return _not_its_own(case, answers, foreign)
    found = _order(case, answers)
    if _needs_order(found) and (doubt := _doubt(case, answers, found)):
        return _cannot_tell(case, found, doubt)
    if _whole(found):
        return _out_of_order(case, answers, found)
    if found.rings:
        return _rings(case, answers, found)
    return ok(
        f"The labels as they are fit {percent(found.kept)} of the answers; the best renaming of classes fits "
        f"{percent(found.moved)} of images that did not choose it."
    )


def mended(case: Case) -> IntArray | None:
    """The labels (n,) as they should be where `label_order` says that they are wrong; None where it does not."""
    answers, foreign = case.answers, _foreign(case)
    if answers is None or not case.c or case.c < 2 or foreign is not None:
        return foreign
    found = _order(case, answers)
    if not _needs_order(found) or _doubt(case, answers, found):
        return None
    if _whole(found):
        return found.renamed[answers.labels]
    return _around(found)[answers.labels]


def _order(case: Case, answers: CaseAnswers) -> Order:
    """The renaming by the answers themselves, or where that shows nothing, by those of the published protocol: a model
    that is asked badly knows too few classes to tell; or by the answers without what all images have in common."""
    ways = [answers.predicted, *(a.predicted for a in case.alternatives if PROTOCOL in a.changes), *_centred(case)]
    found = [explain(answers.labels, p, case.c or 0) for p in ways if len(p) == len(answers.labels)]
    suspect = [order for order in found if _needs_order(order)]
    clear = [order for order in suspect if order.one_to_one >= ONE_TO_ONE and not order.near_chance]
    return next((order for order in clear if certain(order)), (suspect or found)[0])


def _centred(case: Case) -> list[IntArray]:
    """The answers (n,) if no class were close to all images: each class's mean score taken off, with unit vectors. A
    class that wins everywhere hides the order of the others."""
    images, classes, answers = case.vectors.images, case.vectors.classes, case.answers
    if answers is None or images is None or classes is None or len(images) != len(answers.labels):
        return []
    scores = metrics.normalise(images) @ metrics.normalise(classes).T
    return [np.asarray((scores - scores.mean(axis=0)).argmax(axis=1), dtype=np.int64)]


def _whole(found: Order) -> bool:
    return found.gain.excludes_zero and found.moved - found.kept >= GAIN and found.moved >= TIMES * found.kept


def _doubt(case: Case, answers: CaseAnswers, found: Order) -> str:
    """Why a renaming that fits is no proof that labels are out of order; "" where it is one."""
    if _whole(found) and found.near_chance:
        return "Even so the answers are hardly better than guesses, from which no order can be read."
    if _whole(found) and found.one_to_one < ONE_TO_ONE:
        return "But several classes get the same name, so the class names are the first suspect, not the labels."
    own = own_answers_fit(case)
    if own is not None and not _needs_order(explain(answers.labels, own.predicted, case.c or 0)):
        if _renamed_are(own, answers, found):
            return ""
        return (
            f"But our own run {own.said} fits {percent(own.acc1)} of the labels as they are, so the labels are in "
            "order and the class names are the first suspect."
        )
    return "" if certain(found) else "A model that does not know these classes would come out like this too."


def _needs_order(found: Order) -> bool:
    return _whole(found) or bool(found.rings)


def _renamed_are(own: Alternative, answers: CaseAnswers, found: Order) -> bool:
    """Whether the answers, renamed back, are those of our own run: then their names are in another order."""
    order = found.renamed if _whole(found) else _around(found)
    back = np.argsort(order)[answers.predicted]
    return float(np.mean(back == own.predicted)) >= max(SAME, float(np.mean(answers.predicted == own.predicted)))


def _cannot_tell(case: Case, found: Order, doubt: str) -> CheckResult:
    """A renaming fits, but it is no proof."""
    moved = int(np.count_nonzero(found.renamed != np.arange(len(found.renamed))))
    return unknown(
        f"The labels as they are fit {percent(found.kept)} of the answers and with {moved:,} of {case.c:,} classes "
        f"renamed {percent(found.moved)}. {doubt}",
        "Check the class names, their language and their order; if they are right, the model does not know these "
        "classes.",
    )


def _out_of_order(case: Case, answers: CaseAnswers, found: Order) -> CheckResult:
    names = _names(case)
    moved = np.flatnonzero(found.renamed != np.arange(len(found.renamed)))
    how = describe(found.renamed, names)
    example = f"images labeled “{names[moved[0]]}” are mostly answered “{names[found.renamed[moved[0]]]}”"
    right, own = float(answers.correct.mean()), np.isclose(found.kept, float(answers.correct.mean()))
    value = found.moved if own else float(np.mean(answers.predicted == found.renamed[answers.labels]))
    return fault(
        f"The labels as they are fit {percent(found.kept)} of the answers, but with {len(moved):,} of "
        f"{case.c:,} classes "
        f"renamed they fit {percent(found.moved)}: {how or example}.",
        "Match class names and labels by name, never by position.",
        Counterfactual(
            said="with the labels in the order that fits best",
            value=value,
            ci95=wilson(round(value * len(answers.labels)), len(answers.labels)),
            difference=value - right,
            excludes_zero=True,
        ),
    )


def _rings(case: Case, answers: CaseAnswers, found: Order) -> CheckResult:
    names, ring = _names(case), found.rings[0]
    fits = answers.predicted == _around(found)[answers.labels]
    return fault(
        f"{quoted([names[i] for i in ring])} have each other's names: images labeled “{names[ring[0]]}” "
        f"are answered "
        f"“{names[found.renamed[ring[0]]]}”, and so on around.",
        "Swap these class names back.",
        if_right("with these classes renamed", fits, answers),
    )


def _around(found: Order) -> IntArray:
    """(c,) the names of the classes with only the rings renamed."""
    renamed = np.arange(len(found.renamed))
    renamed[list(found.in_rings)] = found.renamed[list(found.in_rings)]
    return renamed


def _foreign(case: Case) -> IntArray | None:
    """The data set's own labels (n,) where the pictures are known by name and too many of the given ones differ."""
    answers, known = case.answers, case.known.labels
    if answers is None or not known:
        return None
    own = np.array([known.get(name, label) for name, label in zip(answers.ids, answers.labels.tolist(), strict=True)])
    return own if float(np.mean(own != answers.labels)) >= FOREIGN else None


def _not_its_own(case: Case, answers: CaseAnswers, own: IntArray) -> CheckResult:
    names, wrong = _names(case), np.flatnonzero(own != answers.labels)
    given, true = names[answers.labels[wrong[0]]], names[own[wrong[0]]]
    return fault(
        f"{some_of(len(wrong), len(own), 'label')} not the data set's own, the first “{given}” where it is “{true}”.",
        "Match class names and labels by name, never by position.",
        if_right("with the data set's own labels", answers.predicted == own, answers),
    )


def _names(case: Case) -> tuple[str, ...]:
    return case.classnames if len(case.classnames) == case.c else tuple(f"class {i}" for i in range(case.c or 0))
