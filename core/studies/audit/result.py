"""The audit as a whole: its checks in order, what they found, and the one sentence that sums it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.stats.numbers import lower_first, percent
from core.studies.audit.answer_checks import above_chance, collapse, copied
from core.studies.audit.asking_checks import class_names, templates
from core.studies.audit.brought_checks import possible, understood
from core.studies.audit.case import Case, CaseSource, Method
from core.studies.audit.data_checks import captions, duplicates, enough, split, turned, turned_matters
from core.studies.audit.encoding_checks import deterministic, logit_scale, normalised, weights
from core.studies.audit.field_checks import in_the_field, like_the_field
from core.studies.audit.finding import CANNOT_TELL, CheckResult, Counterfactual, Verdict, of_alternative
from core.studies.audit.label_checks import label_order, mended
from core.studies.audit.name_checks import known_names
from core.studies.audit.reference_checks import probe_fit, published, reproduced
from core.studies.audit.row_checks import rows_in_place
from core.studies.audit.run_checks import better_way, own_run
from core.studies.audit.text_checks import (
    cleaning_matters,
    filling_matters,
    rule_matters,
    score_rule,
    text_cleaning,
    text_filling,
)
from core.studies.audit.trial_checks import tried, was_tried
from core.types import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name for scripts, the question it answers, and the function that answers it."""

    name: str
    question: str
    look: Callable[[Case], CheckResult]
    needs: str
    """What it takes for it to answer, as a reader would bring it."""
    of_answers: bool = False
    """Whether it counts right answers, and so has to look at labels that were put right first."""
    methods: tuple[Method, ...] = ("zero-shot", "probe", "retrieval")
    """What it can be asked about."""
    sources: tuple[CaseSource, ...] = ("study", "predictions", "figures")
    """Whose results it can be asked about."""
    as_brought: bool = False
    """Whether its evidence is about the number as it was brought, also where labels were put right for its verdict."""

    matters: Callable[[Case], bool] = lambda case: True
    """Whether it can be asked about this model."""

    def fits(self, case: Case) -> bool:
        """Whether the question makes sense for this case."""
        return case.method in self.methods and case.source in self.sources and self.matters(case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; see `CheckResult`."""

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


_TEXTS: tuple[Method, ...] = ("zero-shot",)
_CLASSES: tuple[Method, ...] = ("zero-shot", "probe")

_ANSWERS = "the answer for every image (a table of image,label,prediction)"
_ASKED = "the templates and class names that were used (--template, --classnames)"
_EMBEDDED = "--model and --data of images that are embedded here"
_SCORES = "the score of every class for every image"
_FIGURE = "a published figure of this model on this data set"

CHECKS: tuple[Check, ...] = (
    Check(name="data", question="Was your input read as it is?", look=understood, needs=_EMBEDDED),
    Check(
        name="figures",
        question="Can these figures be?",
        look=possible,
        needs="more than one figure",
        sources=("figures",),
    ),
    Check(name="published", question="Does it agree with the published figure?", look=published, needs=_FIGURE),
    Check(
        name="field",
        question="Do models as good elsewhere get such a figure here?",
        look=like_the_field,
        needs=_FIGURE,
        methods=_TEXTS,
        matters=in_the_field,
    ),
    Check(
        name="own-run",
        question="Is it the number of our own run?",
        look=own_run,
        needs=_EMBEDDED,
        methods=_TEXTS,
        sources=("predictions", "figures"),
    ),
    Check(
        name="chance",
        question="Is it better than guessing?",
        look=above_chance,
        needs="how many images and classes they are",
        methods=_CLASSES,
    ),
    Check(
        name="class-names",
        question="Are the class names written for a reader?",
        look=class_names,
        needs=_ASKED,
        of_answers=True,
        methods=_TEXTS,
    ),
    Check(
        name="known-names",
        question="Does the model know the class names?",
        look=known_names,
        needs=_ANSWERS,
        of_answers=True,
        methods=_TEXTS,
    ),
    Check(
        name="templates",
        question="Are the templates those of the published figure?",
        look=templates,
        needs=_ASKED,
        of_answers=True,
        methods=_TEXTS,
    ),
    Check(
        name="better-way",
        question="Is there a better way to ask?",
        look=better_way,
        needs="other prompts whose texts are encoded (audit without --cached)",
        of_answers=True,
        methods=_TEXTS,
        sources=("study", "predictions"),
    ),
    Check(
        name="label-order",
        question="Are labels and answers in the same order?",
        look=label_order,
        needs=_ANSWERS,
        of_answers=False,
        methods=_CLASSES,
    ),
    Check(
        name="rows",
        question="Do image, label and answer of a row belong together?",
        look=rows_in_place,
        needs=_ANSWERS,
        methods=_CLASSES,
        sources=("predictions",),
    ),
    Check(
        name="collapse",
        question="Do the answers use all the classes?",
        look=collapse,
        needs=_ANSWERS,
        of_answers=False,
        methods=_CLASSES,
    ),
    Check(
        name="copied",
        question="Is this another result's number?",
        look=copied,
        needs="another model's result on these images",
        of_answers=False,
        methods=_CLASSES,
    ),
    Check(
        name="reproduced",
        question="Which way of asking gives these answers?",
        look=reproduced,
        needs=_EMBEDDED,
        of_answers=False,
        methods=_TEXTS,
        sources=("predictions", "figures"),
    ),
    Check(
        name="tried",
        question="Does a known mistake give exactly this?",
        look=tried,
        needs="the weights and images here, to try known mistakes (--try)",
        methods=_TEXTS,
        matters=was_tried,
    ),
    Check(
        name="probe-fit",
        question="Did the classifier learn, or learn by heart?",
        look=probe_fit,
        needs="its accuracy in training",
        of_answers=False,
        methods=("probe",),
    ),
    Check(
        name="captions",
        question="Are there as many captions as in the published protocol?",
        look=captions,
        needs="how many captions per image has",
        of_answers=False,
        methods=("retrieval",),
    ),
    Check(
        name="split",
        question="Are these the right images, all of them?",
        look=split,
        needs="how many images of which split they are",
    ),
    Check(
        name="duplicates",
        question="Are the images new and different?",
        look=duplicates,
        needs="the training split, embedded here",
    ),
    Check(
        name="turned",
        question="Are images turned as for the published figure?",
        look=turned,
        needs="the image files",
        matters=turned_matters,
        sources=("study", "predictions"),
    ),
    Check(
        name="enough",
        question="Are there enough images to tell?",
        look=enough,
        needs="how many images they are",
        of_answers=True,
        as_brought=True,
    ),
    Check(
        name="deterministic",
        question="Does the same image always get the same vector?",
        look=deterministic,
        needs="the weights and images here, to encode a sample again",
    ),
    Check(
        name="weights",
        question="Are activation and preprocessing those of the weights?",
        look=weights,
        needs="the name of the weights",
    ),
    Check(
        name="normalised",
        question="Were vectors normalized before they were compared?",
        look=normalised,
        needs=_SCORES,
        of_answers=False,
        methods=_TEXTS,
    ),
    Check(
        name="logit-scale",
        question="Do probabilities use the learned logit scale?",
        look=logit_scale,
        needs=_SCORES,
        of_answers=False,
        methods=_TEXTS,
    ),
    Check(
        name="score-rule",
        question="Are probabilities made by the rule that the model was trained with?",
        look=score_rule,
        needs=_SCORES,
        methods=_TEXTS,
        matters=rule_matters,
    ),
    Check(
        name="text-cleaning",
        question="Were texts cleaned as the model wants them?",
        look=text_cleaning,
        needs=_EMBEDDED,
        methods=("zero-shot", "retrieval"),
        matters=cleaning_matters,
    ),
    Check(
        name="text-padding",
        question="Were texts filled up to the whole context?",
        look=text_filling,
        needs=_EMBEDDED,
        methods=("zero-shot", "retrieval"),
        matters=filling_matters,
    ),
)
"""Every check, in the order in which a reader would go through them. To add one, write a function of a `Case` and a
line here, and plant its fault in the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What the audit of one case says. `findings` are in the order of `CHECKS`; `otherwise` what top-1 would be if
    pictures were asked about in other ways, as far as the cache can tell."""

    case: Case
    findings: tuple[Finding, ...]
    otherwise: tuple[Counterfactual, ...] = ()

    @property
    def raised(self) -> tuple[Finding, ...]:
        """What a reader should look at: faults first, of these the cause that is named, then warnings."""
        return tuple(
            sorted((f for f in self.findings if f.raised), key=lambda f: (f.verdict != "fault", not _named(f)))
        )

    @property
    def best_gain(self) -> Counterfactual | None:
        """What would raise the number most among the checks that raised something; None where nothing would."""
        gains = [f.counterfactual for f in self.raised if f.counterfactual and f.counterfactual.difference > 0]
        return max(gains, key=lambda gain: gain.difference, default=None)

    def finding(self, check: str) -> Finding:
        """The finding of one check by its name."""
        return next(f for f in self.findings if f.check == check)

    @property
    def verdict(self) -> Verdict:
        """The worst that was found; where nothing was, "cannot tell" unless most checks could answer."""
        if self.raised:
            return self.raised[0].verdict
        return "ok" if 2 * len(self._told) > len(self.findings) else CANNOT_TELL

    @property
    def _told(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.verdict != CANNOT_TELL)

    @property
    def needs(self) -> tuple[str, ...]:
        """What the checks that could not answer need, each once."""
        silent = {f.check for f in self.findings if f.verdict == CANNOT_TELL}
        needed = dict.fromkeys(check.needs for check in CHECKS if check.name in silent)
        return tuple(need for need in needed if need != _EMBEDDED or not self.case.alternatives)

    @property
    def sentence(self) -> str:
        """What the audit says, in one sentence. That nothing is wrong is said only of what was looked at."""
        told, asked = len(self._told), len(self.findings)
        if self.verdict == "ok":
            return f"Nothing is wrong with this number as far as {told} of {asked} checks can tell."
        if not self.raised:
            return _cannot_tell(told, asked, self.needs)
        faults = sum(f.verdict == "fault" for f in self.raised)
        number, what = faults or len(self.raised), "fault" if faults else "warning"
        found = f"{number} {what}{'' if number == 1 else 's'} found"
        best = self.best_gain
        if best is None or self.case.acc1 is None or _named(self.raised[0]):
            return f"{found}. {self.raised[0].evidence}"
        return f"{found}; {best.said} it would be {percent(best.value)} instead of {percent(self.case.acc1)}."

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `audit`."""
        case, interval = self.case, self.case.interval()
        return {
            "title": case.title,
            "model": case.model,
            "dataset": case.dataset,
            "split": case.split,
            "n": case.n,
            "method": case.method,
            "source": case.source,
            "acc1": case.acc1,
            "acc5": case.acc5,
            "acc1_ci95": None if interval is None else list(interval),
            "scores": dict(case.scores),
            "sentence": self.sentence,
            "verdict": self.verdict,
            "needs": list(self.needs),
            "faults": [f.check for f in self.findings if f.verdict == "fault"],
            "warnings": [f.check for f in self.findings if f.verdict == "warning"],
            "checks": [asdict(f) for f in self.findings],
            "otherwise": [asdict(c) for c in self.otherwise],
            "published": [asdict(r) for r in case.known.published],
            "notes": [note.as_dict() for note in case.notes],
            "tried": None if case.trial is None else case.trial.as_dict(),
            "provenance": None if case.provenance is None else case.provenance.as_dict(),
        }


def _named(found: Finding) -> bool:
    """Whether the fault was made here, or rows were found in another place, so that the cause is known."""
    return found.check in ("tried", "rows") and found.verdict == "fault"


def _cannot_tell(told: int, asked: int, needs: tuple[str, ...]) -> str:
    could = "none of the" if not told else f"only {told} of"
    found = "" if not told else ", which found nothing wrong"
    listed = needs[0] if len(needs) == 1 else f"{', '.join(needs[:2])}{' and more' if len(needs) > 2 else ''}"
    return f"Cannot say whether this number is right: {could} {asked} checks could answer{found}. It takes {listed}."


def audit(case: Case) -> AuditResult:
    """Every check on one result."""
    labels = mended(case)
    gains = [of_alternative(a, case) for a in case.alternatives]
    found = tuple(_found(check, case, labels) for check in CHECKS if check.fits(case))
    return AuditResult(case=case, findings=found, otherwise=tuple(g for g in gains if g is not None))


def _found(check: Check, case: Case, labels: IntArray | None) -> Finding:
    """What a check finds; one that counts right answers looks at labels that were put right first."""
    mend = check.of_answers and labels is not None
    said = check.look(case.relabelled(labels) if mend and labels is not None else case)
    if mend and check.as_brought:
        said = _as_brought(check.look(case), said)
    gain = said.counterfactual
    if mend and gain is not None:
        gain = replace(gain, said=f"with the labels put right and {gain.said}")
    return Finding(
        check=check.name,
        question=check.question,
        verdict=said.verdict,
        evidence=said.evidence,
        advice=said.advice,
        counterfactual=gain,
    )


def _as_brought(brought: CheckResult, mended: CheckResult) -> CheckResult:
    """What is said of the number as it was brought; what the labels put right would raise is added by name."""
    if brought.verdict == "warning" or mended.verdict != "warning":
        return brought
    later = f"With the labels put right: {lower_first(mended.evidence)}"
    return replace(mended, evidence=f"{brought.evidence} {later}")
