"""Checks of the answers themselves: collapsed onto a few classes, or copied from another result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.stats.intervals import may_be_guessing
from core.stats.numbers import interval_text, percent, upper_first
from core.studies.audit.case import Case, CaseAnswers, Cell
from core.studies.audit.finding import CheckResult, fault, ok, unknown, warning

DOMINANT = ((0.4, 2.0), (0.2, 4.0))
"""One answer for 40 % of all pictures and more than twice as many as it is right for, or for 20 % and four times as
many: the same thing for ten classes, and for a hundred what no sound run comes near."""
LEANING = (0.3, 3.0)
"""Short of that: 30 % and three times as many is a warning."""
ALL, NOT_ALL = 0.98, 0.9
"""With two or three classes: practically one answer for everything, where that is not what the labels say."""
FEW_NAMES = 0.35
"""The answers spread over a third as many classes as the pictures do (both as exp of their entropy). Sound runs stay
above a half: ViT-B/32 on EuroSAT, one of the weakest published, is near 0.6."""
NEAR_CHANCE = 2.0
TOP5_EXTRA = 0.2
"""Top-5 twenty points above guessing while top-1 is at most twice guessing: the model knows, but one class wins."""
SAME_ANSWERS = 0.98
FEWEST_WRONG = 10
SAME_VECTORS = 64
"""Vectors compared for equality."""
LITTLE_KNOWN = 0.10
"""An interval that includes guessing and ten points more says that there are few images, not that they were guessed."""


def collapse(case: Case) -> CheckResult:
    """Nearly every picture gets the same few names: top-1 falls to chance while top-5 stays high.

    Typical of a few class vectors that are longer or closer to all pictures than the rest: raw names, a missing
    normalisation, a wrong activation.
    """
    advice = (
        "Look at the class that wins everywhere: its name, its template, and whether class vectors were normalized."
    )
    if case.answers is None or not case.c:
        return _by_numbers(case, advice)
    given, true = _spread(case.answers, case.c)
    top = int(given.argmax())
    used, there = _effective(given), _effective(true)
    winner = f"“{case.classnames[top]}”" if top < len(case.classnames) else f"class {top}"
    spread = f"the answers spread over {used:.1f} classes, the images over {there:.1f}"
    dominant = any(_takes(given[top], true[top], *rule) for rule in DOMINANT)
    dominant |= bool(given[top] > ALL and true[top] < NOT_ALL)
    much = f"{percent(given[top])} of all answers are {winner}, which is right for {percent(true[top])}"
    told = f"{much}; {spread}{_beside(case)}."
    if dominant or used < FEW_NAMES * there:
        return fault(told, advice)
    if _takes(given[top], true[top], *LEANING):
        return warning(told, advice)
    if suspicious := _by_numbers(case, advice) if _top5_knows(case) else None:
        return suspicious
    return ok(f"{upper_first(spread)}; the most frequent answer, {winner}, takes {percent(given[top])}.")


def _takes(given: float, true: float, least: float, times: float) -> bool:
    return given > least and given > times * true


def _spread(answers: CaseAnswers, c: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of each class among the answers and among the labels: (c,), (c,)."""
    n = len(answers.labels)
    return np.bincount(answers.predicted, minlength=c) / n, np.bincount(answers.labels, minlength=c) / n


def _effective(shares: NDArray[np.float64]) -> float:
    """exp of the entropy: so many classes, used evenly, would be as spread."""
    positive = shares[shares > 0]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def _top5_knows(case: Case) -> bool:
    """Top-1 like guessing beside a top-5 far above it."""
    c, acc1, acc5 = case.c, case.acc1, case.acc5
    if not c or c <= 5 or acc1 is None or acc5 is None:
        return False
    low = (case.interval() or (acc1, acc1))[0]
    return low <= NEAR_CHANCE / c and acc1 <= NEAR_CHANCE / c and acc5 >= 5 / c + TOP5_EXTRA


def _beside(case: Case) -> str:
    return f", and top-5 is {percent(case.acc5)}" if case.acc5 is not None and _top5_knows(case) else ""


def _by_numbers(case: Case, advice: str) -> CheckResult:
    c, acc1, acc5 = case.c, case.acc1, case.acc5
    if not c or c <= 5 or acc1 is None or acc5 is None:
        return unknown("Neither the answers nor a top-5 that would show it are known.")
    if _top5_knows(case):
        return fault(
            f"Top-1 is {percent(acc1)}, guessing gives {percent(1 / c)}, yet top-5 is {percent(acc5)}: the right class "
            "is known but another one wins nearly everywhere.",
            advice,
        )
    if acc5 < acc1:
        return unknown("Top-1 and top-5 contradict each other.")
    return ok(
        f"Top-1 ({percent(acc1)}) and top-5 ({percent(acc5)}) go together; guessing gives "
        f"{percent(1 / c)} and {percent(5 / c)}."
    )


# --- chance -----------------------------------------------------------------------------------------------


def above_chance(case: Case) -> CheckResult:
    """An accuracy whose interval includes guessing: whatever the cause, the answers say nothing of the images."""
    interval, c, value = case.interval(), case.c, case.acc1
    if interval is None or not c or c < 2 or value is None:
        return unknown("The number of images or of classes is not known.")
    said = f"Guessing among {c:,} classes gives {percent(1 / c)}; the 95 % interval is {interval_text(interval)}"
    if not may_be_guessing(interval, c):
        return ok(f"{said}, above it.")
    if interval[1] > 1 / c + LITTLE_KNOWN:
        return unknown(f"{said}: too few images to tell it from guessing.", "Measure on more images.")
    return fault(
        f"{said}, so the answers are no better than guesses.",
        "Either the model does not know these classes, or labels, class names, answers or images were mixed up.",
    )


# --- copied -----------------------------------------------------------------------------------------------


def copied(case: Case) -> CheckResult:
    """Two models never make the same mistakes, nor two runs the same numbers to the last picture: such cells were
    copied, or one model was measured twice under two names."""
    others = [other for other in case.others if other.model != case.model]
    if not others:
        return unknown("There is no other model's result on these images to compare with.")
    for other in others:
        if said := _same(case, other):
            return fault(f"{other.title} has {said}.", "Measure both again; check which weights each name loaded.")
    return ok(
        f"It differs from {len(others)} other result{'' if len(others) == 1 else 's'} on "
        "these images in numbers and mistakes."
    )


def _same(case: Case, other: Cell) -> str:
    """In which way two results are the same; "" when they are not."""
    images = case.vectors.images
    if images is not None and other.images is not None and _same_vectors(images, other.images):
        return "the very same image vectors"
    if case.answers is not None and other.predicted is not None and len(other.predicted) == len(case.answers.labels):
        return _same_mistakes(case.answers, other.predicted)
    return _same_numbers(case, other)


def _same_vectors(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    if a.shape != b.shape:
        return False
    rows = np.linspace(0, len(a) - 1, min(len(a), SAME_VECTORS)).astype(np.int64)
    return bool(np.array_equal(a[rows], b[rows]))


def _same_mistakes(answers: CaseAnswers, other: NDArray[np.int64]) -> str:
    wrong = ~answers.correct | (other != answers.labels)
    alike = float(np.mean(answers.predicted[wrong] == other[wrong])) if wrong.any() else 0.0
    if wrong.sum() < FEWEST_WRONG or alike < SAME_ANSWERS:
        return ""
    return f"the same answer for {percent(alike)} of the {int(wrong.sum()):,} images that either gets wrong"


def _same_numbers(case: Case, other: Cell) -> str:
    """Equal to within half a picture in two figures at least."""
    shared = [m for m in ("acc1", "acc5", "mean_per_class_recall") if m in case.scores and m in other.scores]
    near = 0.5 / case.n if case.n else 5e-5
    equal = [m for m in shared if abs(case.scores[m] - other.scores[m]) <= near]
    trivial = all(case.scores[m] in (0.0, 1.0) for m in equal)
    if len(equal) < 2 or len(equal) < len(shared) or trivial:
        return ""
    return "the same figures to the digit: " + ", ".join(f"{_said(m)} {100 * case.scores[m]:.2f} %" for m in equal)


def _said(metric: str) -> str:
    return {"acc1": "top-1", "acc5": "top-5"}.get(metric, metric.replace("_", " "))
