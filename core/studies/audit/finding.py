"""What a check says, and what the number would be otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.stats.intervals import paired_difference, wilson
from core.studies.audit.case import Alternative, Case, CaseAnswers
from core.types import Interval

Verdict = Literal["ok", "warning", "fault", "cannot tell"]
CANNOT_TELL: Verdict = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What the number would be otherwise: `said` ("with curated class names"), `value` of `metric` with `ci95`,
    `difference` to the measured one; `excludes_zero` whether that is more than chance explains."""

    said: str
    value: float
    ci95: Interval
    difference: float
    excludes_zero: bool
    metric: str = "acc1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check says of a case: the verdict, the evidence in one sentence, what to do about it, and what the
    number would be without the fault."""

    verdict: Verdict
    evidence: str
    advice: str = ""
    counterfactual: Counterfactual | None = None


def ok(evidence: str) -> CheckResult:
    """Looked at, and as it should be."""
    return CheckResult(verdict="ok", evidence=evidence)


def unknown(evidence: str, advice: str = "") -> CheckResult:
    """Too little is known to tell."""
    return CheckResult(verdict=CANNOT_TELL, evidence=evidence, advice=advice)


def warning(evidence: str, advice: str, counterfactual: Counterfactual | None = None) -> CheckResult:
    """Something to know before the number is compared with others."""
    return CheckResult(verdict="warning", evidence=evidence, advice=advice, counterfactual=counterfactual)


def fault(evidence: str, advice: str, counterfactual: Counterfactual | None = None) -> CheckResult:
    """Something that makes the number wrong."""
    return CheckResult(verdict="fault", evidence=evidence, advice=advice, counterfactual=counterfactual)


def if_right(said: str, correct: NDArray[np.bool_], answers: CaseAnswers) -> Counterfactual:
    """What top-1 would be if the pictures `correct` (n,) were right, paired with what was answered."""
    gap, hits = paired_difference(correct, answers.correct), int(np.count_nonzero(correct))
    return Counterfactual(
        said=said,
        value=hits / len(correct),
        ci95=wilson(hits, len(correct)),
        difference=gap.difference,
        excludes_zero=gap.excludes_zero,
    )


def of_alternative(other: Alternative, case: Case) -> Counterfactual | None:
    """The number of an alternative beside the case's own; None where they cannot be paired."""
    if case.answers is None or len(other.correct) != len(case.answers.labels):
        return None
    return if_right(other.said, other.correct, case.answers)
