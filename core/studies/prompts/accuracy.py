"""Accuracy by template: what the wording changes, and which pictures it changes.

Every template is measured by itself, then all together (their vectors averaged, as CLIP does), each
against one baseline on the same pictures. A template's figures are those of `core.studies.zero_shot.classify` with
that template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.accuracy import TOP
from core.stats.first_answers import FirstAnswers
from core.stats.intervals import PairedDifference, paired_difference, wilson
from core.stats.metrics import Float64Array
from core.studies.result import StudyResult, place_of
from core.studies.zero_shot.classify import name_notes, top5_note, unsaid
from core.types import EmbeddingSet, EvalProtocol, IntArray, Interval, Note, Reference, beside

ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateResult:
    """One way of asking. `templates` is one template, or all of them for the ensemble; `also` are further templates
    that the model reads as the same text.

    `recall` (c,) is NaN for a class without pictures; `answers` per picture. Against the baseline: the paired
    `difference` (None for the baseline itself), rows `gained` (wrong there, right here), `lost` (right there,
    wrong here) and how many answers `changed` at all. `deck` is the deck's figure for this template, if any.
    """

    templates: tuple[str, ...]
    acc1: float
    acc5: float
    acc1_ci95: Interval
    acc5_ci95: Interval
    mean_per_class_recall: float
    recall: Float64Array
    answers: FirstAnswers
    difference: PairedDifference | None
    gained: IntArray
    lost: IntArray
    changed: int
    deck: Reference | None = None
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The template (the first of those that are one to the model), or "ensemble"."""
        return self.templates[0] if len(self.templates) == 1 else ENSEMBLE

    def to_record(self, ids: Sequence[str]) -> dict[str, Any]:
        """JSON-ready; gained and lost pictures by id."""
        record: dict[str, Any] = {
            "template": self.name,
            "acc1": self.acc1,
            "acc5": self.acc5,
            "acc1_ci95": list(self.acc1_ci95),
            "acc5_ci95": list(self.acc5_ci95),
            "mean_per_class_recall": self.mean_per_class_recall,
            "changed": self.changed,
            "gained": [ids[i] for i in self.gained],
            "lost": [ids[i] for i in self.lost],
            "difference": None if self.difference is None else difference_record(self.difference),
        }
        if self.also:
            record["also"] = list(self.also)
        return record if self.deck is None else record | {"deck_acc1": self.deck.value}


def difference_record(d: PairedDifference) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "difference": d.difference,
        "ci95": list(d.ci95),
        "n": d.n,
        "n_only_a": d.n_only_a,
        "n_only_b": d.n_only_b,
        "p_value": d.p_value,
        "test": d.test,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStudyResult(StudyResult):
    """All templates of one model on one split, those that are one to it as one. `baseline` is a template or
    "ensemble"."""

    n: int
    templates: tuple[TemplateResult, ...]
    ensemble: TemplateResult
    baseline: str
    classnames: tuple[str, ...]
    classnames_kind: str
    labels: IntArray
    ids: tuple[str, ...]
    protocol: EvalProtocol
    notes: tuple[Note, ...] = ()

    @property
    def best(self) -> TemplateResult:
        """The single template with the highest accuracy; of equal ones the first."""
        return max(self.templates, key=lambda t: t.acc1)

    @property
    def recall(self) -> Float64Array:
        """(t, c) recall of each class under each template."""
        return np.stack([t.recall for t in self.templates])

    @property
    def every(self) -> tuple[TemplateResult, ...]:
        """The templates, and the ensemble where it is more than one."""
        return (*self.templates, self.ensemble) if len(self.ensemble.templates) > 1 else self.templates

    def find(self, name: str) -> TemplateResult:
        """The result of one template, or of "ensemble"."""
        for result in (*self.templates, self.ensemble):
            if name in (result.name, *result.also):
                return result
        raise TMVError(f"{name!r} is not among the templates measured; add it first.")

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `prompts`."""
        return {
            **self.place_record(),
            "n": self.n,
            "templates": [t.to_record(self.ids) for t in self.templates],
            "ensemble": self.ensemble.to_record(self.ids) | {"template": ENSEMBLE},
            "best": self.best.name,
            "baseline": self.baseline,
            "classnames": list(self.classnames),
            "classnames_kind": self.classnames_kind,
            "recall": {"templates": [t.name for t in self.templates], "matrix": self.recall.tolist()},
            **self.source_record(),
        }


def summarise(
    images: EmbeddingSet,
    templates: Sequence[str],
    answers: Sequence[FirstAnswers],
    ensemble: FirstAnswers,
    classnames: Sequence[str],
    *,
    classnames_kind: str = "curated",
    baseline: str | None = None,
    deck: Mapping[str, Reference] | None = None,
    same: Sequence[Sequence[str]] = (),
) -> PromptStudyResult:
    """Count and compare. `answers` has one entry a template, `ensemble` those of their averaged vectors;
    `baseline` (default the first) is a template or "ensemble". Of templates that are the `same` to the model the first
    stands for all, since a tie of two texts that are one says nothing."""
    labels = images.labels
    if labels is None or not templates or len(answers) != len(templates):
        raise TMVError("A prompt study needs class labels on every image, and answers for each template.")
    base_name = baseline or templates[0]
    named = {ENSEMBLE: ensemble, **dict(zip(templates, answers, strict=True))}
    if base_name not in named:
        raise TMVError(f"The baseline {base_name!r} is not among the templates; add it as a template.")
    others = {group[0]: tuple(group[1:]) for group in same}
    first = {template: group[0] for group in same for template in group}
    base_name = first.get(base_name, base_name)
    base, known = named[base_name], deck or {}
    results = tuple(
        replace(_measure((t,), a, base, labels, len(classnames), known.get(t)), also=others.get(t, ()))
        for t, a in zip(templates, answers, strict=True)
        if first.get(t, t) == t
    )
    together = _measure(tuple(templates), ensemble, base, labels, len(classnames), None)
    protocol = EvalProtocol(
        templates=tuple(templates),
        classnames=classnames_kind,
        split=images.key.split,
        n=len(labels),
        normalised=True,
        details={"baseline": base_name, "test": "McNemar's exact test", "ensemble": "mean of unit vectors"},
    )
    return PromptStudyResult(
        **place_of(images),
        n=len(labels),
        templates=results,
        ensemble=together,
        baseline=base_name,
        classnames=tuple(classnames),
        classnames_kind=classnames_kind,
        labels=labels,
        ids=images.ids,
        protocol=protocol,
        notes=beside(images.provenance.beside, unsaid(images.provenance.beside, _notes(classnames))),
    )


def _notes(classnames: Sequence[str]) -> tuple[Note, ...]:
    few = (top5_note(len(classnames)),) if 1 < len(classnames) <= TOP else ()
    return (*name_notes(classnames), *few)


def _measure(
    templates: tuple[str, ...],
    answers: FirstAnswers,
    base: FirstAnswers,
    labels: IntArray,
    c: int,
    deck: Reference | None,
) -> TemplateResult:
    n, correct = len(labels), answers.correct
    hits1, hits5 = int(correct.sum()), int((answers.ranks <= TOP).sum())
    difference = None if answers is base else paired_difference(correct, base.correct)
    return TemplateResult(
        templates=templates,
        acc1=hits1 / n,
        acc5=hits5 / n,
        acc1_ci95=wilson(hits1, n),
        acc5_ci95=wilson(hits5, n),
        mean_per_class_recall=metrics.mean_per_class_recall(labels, correct, c),
        recall=metrics.per_class_recall(labels, correct, c),
        answers=answers,
        difference=difference,
        gained=np.flatnonzero(correct & ~base.correct),
        lost=np.flatnonzero(~correct & base.correct),
        changed=int(np.count_nonzero(answers.predicted != base.predicted)),
        deck=deck,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """One class between two ways of asking: recalls, and how many of its pictures were gained and lost."""

    classname: str
    n: int
    before: float
    after: float
    gained: int
    lost: int


def class_changes(study: PromptStudyResult, name: str, other: str | None = None) -> tuple[ClassChange, ...]:
    """What template `name` changes for each class against `other` (default the baseline), largest change
    first."""
    after, before = study.find(name), study.find(other or study.baseline)
    c, labels = len(study.classnames), study.labels
    right, was = after.answers.correct, before.answers.correct
    gained, lost = (np.bincount(labels[right & ~was], minlength=c), np.bincount(labels[~right & was], minlength=c))
    sizes = np.bincount(labels, minlength=c)
    rows = [
        ClassChange(
            classname=study.classnames[i],
            n=int(sizes[i]),
            before=float(before.recall[i]),
            after=float(after.recall[i]),
            gained=int(gained[i]),
            lost=int(lost[i]),
        )
        for i in range(c)
        if sizes[i]
    ]
    return tuple(sorted(rows, key=lambda r: -abs(r.after - r.before)))


def difference(a: TemplateResult, b: TemplateResult) -> PairedDifference:
    """a minus b on the same pictures: two templates, two spellings of the class names, or two models whose
    sets have the same rows."""
    return paired_difference(a.answers.correct, b.answers.correct)
