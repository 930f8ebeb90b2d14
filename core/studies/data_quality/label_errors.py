"""The request for likely label errors of one split, by the probabilities of a model that was not trained on it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.confident import LabelErrors, label_errors
from core.stats.intervals import wilson
from core.stats.numbers import percent
from core.studies.base import Lab, Study
from core.studies.labels import check_one_label
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.result import StudyResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.system.progress import Progress
from core.types import EvalProtocol, FloatArray, IntArray, Note, beside

Judge = Literal["probe", "zero-shot"]
UNSURE = 0.5
"""A judge that is right for fewer than half of the images finds its own errors rather than those of the labels."""


def weak_judge(acc1: float) -> str:
    """What is said of a judge that is right too rarely."""
    return f"It is right for only {percent(acc1)} of the images, so most of these are its own errors."


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelErrorsResult(StudyResult):
    """`found` the likely errors among n images with `labels` (n,) and `ids`; `judge` whose probabilities they are by,
    `acc1` how often that one is right, and `protocol` how it was made."""

    judge: Judge
    acc1: float
    protocol: EvalProtocol
    classnames: tuple[str, ...]
    ids: tuple[str, ...]
    labels: IntArray
    found: LabelErrors

    @property
    def n(self) -> int:
        """Images that were judged."""
        return len(self.ids)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the answer, and a warning where the judge is too weak to say."""
        weak = self.acc1 < UNSURE and len(self.found.rows)
        own = (
            [Note(f"Labels are judged by {self.judge}. {weak_judge(self.acc1)}", "weak_judge", "warning")]
            if weak
            else []
        )
        return beside(self.provenance.beside, own)

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `label-errors`: `labels` are the likely errors, the clearest first."""
        found = self.found
        return {
            **self.place_record(),
            "n": self.n,
            "likely_errors": len(found.rows),
            "estimated_errors": found.estimate,
            "judge": self.judge,
            "acc1": self.acc1,
            "acc1_ci95": list(wilson(round(self.acc1 * self.n), self.n)),
            "classnames": list(self.classnames),
            "protocol": asdict(self.protocol),
            "labels": [
                {
                    "id": self.ids[row],
                    "label": self.classnames[self.labels[row]],
                    "suggested": self.classnames[suggested],
                    "margin": float(margin),
                }
                for row, suggested, margin in zip(found.rows, found.suggested, found.margin, strict=True)
            ],
            **self.source_record(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyLabelErrors(Study[LabelErrorsResult]):
    """Confident learning on one split. The probabilities are those of the linear probe that is kept for it, which was
    trained on another split, else zero-shot ones asked with these prompts."""

    kind: ClassVar[str] = "label-errors"
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"

    def key(self, lab: Lab) -> Hashable:
        """The vectors, the texts, and whether a probe is kept."""
        images = lab.vectors.require(self.place)
        probe = _probe(lab, self)
        templates = None if self.templates is None else tuple(self.templates)
        return images.key, templates, self.prompt_set, self.classnames, None if probe is None else probe.C

    def run(self, lab: Lab, progress: Progress | None = None) -> LabelErrorsResult:
        """Raises as zero-shot classification does."""
        images = lab.vectors.require(self.place)
        check_one_label(images)
        probe = _probe(lab, self)
        if probe is not None:
            return _judged(probe, "probe", probe.acc1, _whole(probe))
        study = ZeroShot(
            place=self.place, templates=self.templates, prompt_set=self.prompt_set, classnames=self.classnames
        )
        result = lab.run(study, progress)
        head = lab.prompting.class_head(images.key.model, result.templates, result.classnames)
        every = np.empty((result.n, len(head)), np.float32)
        for rows, scores in metrics.score_blocks(images.image_embeddings, head):
            every[rows] = metrics.softmax(scores, images.logit_scale)
        return _judged(result, "zero-shot", result.acc1, every)


def _probe(lab: Lab, study: LikelyLabelErrors) -> ProbeResult | None:
    """The probe that is kept for this split, where it was trained on another."""
    try:
        found = lab.kept(LinearProbe(place=study.place))
    except TMVError:
        return None
    return found if found is not None and found.split == study.place.split else None


def _whole(probe: ProbeResult) -> FloatArray:
    """Probabilities (n, c) of a probe, of which the five largest are kept: the rest of 1 is shared evenly by the other
    classes, each of which has less than the fifth."""
    k = probe.top5.shape[1]
    c = len(probe.classnames)
    rest = np.maximum(0, 1 - probe.top5_probability.sum(axis=1)) / max(1, c - k)
    every = np.repeat(rest[:, None], c, axis=1).astype(np.float32)
    np.put_along_axis(every, probe.top5, probe.top5_probability, axis=1)
    return every


def _judged(
    result: ProbeResult | ZeroShotResult, judge: Judge, acc1: float, probabilities: FloatArray
) -> LabelErrorsResult:
    return LabelErrorsResult(
        model=result.model,
        dataset=result.dataset,
        split=result.split,
        provenance=result.provenance,
        judge=judge,
        acc1=acc1,
        protocol=result.protocol,
        classnames=result.classnames,
        ids=result.ids,
        labels=result.labels,
        found=label_errors(result.labels, probabilities),
    )
