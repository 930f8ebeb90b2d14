"""The audit as a whole: its checks in order, what they found, and the one sentence that sums it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from core.studies.audit.answer_checks import collapse, copied
from core.studies.audit.asking_checks import class_names, templates
from core.studies.audit.case import Case, Source
from core.studies.audit.data_checks import duplicates, enough, split
from core.studies.audit.encoding_checks import deterministic, logit_scale, normalised, weights
from core.studies.audit.label_checks import label_order
from core.studies.audit.reference_checks import probe_fit, published, reproduced
from core.studies.audit.said import Counterfactual, Said, Verdict, of_alternative
from core.studies.audit.words import share
from core.types import Interval


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name for scripts, the question it answers, and the function that answers it."""

    name: str
    question: str
    look: Callable[[Case], Said]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; see `Said`."""

    check: str
    question: str
    verdict: Verdict
    evidence: str
    advice: str = ""
    counterfactual: Counterfactual | None = None

    @property
    def raised(self) -> bool:
        """Whether a reader should look at it."""
        return self.verdict in ("warning", "fault")


CHECKS: tuple[Check, ...] = (
    Check("published", "Does it agree with the published figure?", published),
    Check("class-names", "Are the class names written for a reader?", class_names),
    Check("templates", "Are the templates those of the published figure?", templates),
    Check("label-order", "Are labels and answers in the same order?", label_order),
    Check("collapse", "Do the answers use all the classes?", collapse),
    Check("copied", "Is this another result's number?", copied),
    Check("reproduced", "Which way of asking gives these answers?", reproduced),
    Check("split", "Are these the right pictures, all of them?", split),
    Check("duplicates", "Are the pictures new and different?", duplicates),
    Check("enough", "Are there enough pictures to tell?", enough),
    Check("deterministic", "Does the same picture always get the same vector?", deterministic),
    Check("weights", "Are activation and preprocessing those of the weights?", weights),
    Check("normalised", "Were vectors normalised before they were compared?", normalised),
    Check("logit-scale", "Do probabilities use the learned logit scale?", logit_scale),
    Check("probe-fit", "Did the classifier learn, or learn by heart?", probe_fit),
)
"""Every check, in the order in which a reader would go through them. To add one, write a function of a `Case` and a
line here, and plant its fault in the tests."""

_RANK: dict[Verdict, int] = {"fault": 0, "warning": 1, "ok": 2, "cannot tell": 3}


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What the audit of one result says. `findings` are in the order of `CHECKS`; `otherwise` what the number would be
    if pictures were asked about in other ways, as far as the cache can tell."""

    title: str
    model: str
    dataset: str
    split: str
    method: str
    source: Source
    n: int | None
    acc1: float | None
    acc1_ci95: Interval | None
    acc5: float | None
    findings: tuple[Finding, ...]
    otherwise: tuple[Counterfactual, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def raised(self) -> tuple[Finding, ...]:
        """What a reader should look at: faults first, then warnings."""
        return tuple(sorted((f for f in self.findings if f.raised), key=lambda f: _RANK[f.verdict]))

    def finding(self, check: str) -> Finding:
        """The finding of one check by its name."""
        return next(f for f in self.findings if f.check == check)

    @property
    def sentence(self) -> str:
        """What the audit says, in one sentence."""
        faults = [f for f in self.raised if f.verdict == "fault"]
        told = sum(f.verdict != "cannot tell" for f in self.findings)
        if not self.raised:
            return f"Nothing is wrong with this number as far as {told} checks can tell."
        gains = [f.counterfactual for f in self.raised if f.counterfactual and f.counterfactual.difference > 0]
        best = max(gains, key=lambda g: g.difference, default=None)
        what = f"{len(faults) or len(self.raised)} {'fault' if faults else 'warning'}"
        found = f"{what}{'' if (len(faults) or len(self.raised)) == 1 else 's'} found"
        if best is None or self.acc1 is None:
            return f"{found}: {self.raised[0].evidence[0].lower()}{self.raised[0].evidence[1:]}"
        return f"{found}; {best.said} it would be {share(best.value)} instead of {share(self.acc1)}."

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `audit`."""
        return {
            "title": self.title, "model": self.model, "dataset": self.dataset, "split": self.split, "n": self.n,
            "method": self.method, "source": self.source, "acc1": self.acc1,
            "acc1_ci95": None if self.acc1_ci95 is None else list(self.acc1_ci95), "acc5": self.acc5,
            "sentence": self.sentence, "faults": [f.check for f in self.findings if f.verdict == "fault"],
            "warnings": [f.check for f in self.findings if f.verdict == "warning"],
            "checks": [asdict(f) for f in self.findings],
            "otherwise": [asdict(c) for c in self.otherwise],
            "notes": list(self.notes),
        }  # fmt: skip


def audit(case: Case) -> AuditResult:
    """Every check on one result."""
    gains = (of_alternative(a, case) for a in case.alternatives)
    return AuditResult(
        case.title, case.model, case.dataset, case.split, case.method, case.source, case.n, case.acc1, case.interval(),
        case.acc5, tuple(_found(check, case) for check in CHECKS), tuple(g for g in gains if g is not None), case.notes,
    )  # fmt: skip


def _found(check: Check, case: Case) -> Finding:
    said = check.look(case)
    return Finding(check.name, check.question, said.verdict, said.evidence, said.advice, said.counterfactual)
