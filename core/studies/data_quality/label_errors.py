"""The request for likely label errors of one split, by the probabilities of a model that was not trained on it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.confident import LabelErrors, label_errors
from core.studies.base import Lab, Study
from core.studies.labels import check_one_label
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.system.progress import Progress
from core.types import FloatArray, IntArray

Judge = Literal["probe", "zero-shot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelErrorsResult:
    """`found` the likely errors among n images with `labels` (n,) and `ids`; `judge` whose probabilities they are by,
    and `acc1` how often that one is right."""

    model: str
    dataset: str
    split: str
    judge: Judge
    acc1: float
    classnames: tuple[str, ...]
    ids: tuple[str, ...]
    labels: IntArray
    found: LabelErrors

    @property
    def n(self) -> int:
        """Images that were judged."""
        return len(self.ids)


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
        return images.key, self.templates, self.prompt_set, self.classnames, None if probe is None else probe.C

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
        judge=judge,
        acc1=acc1,
        classnames=result.classnames,
        ids=result.ids,
        labels=result.labels,
        found=label_errors(result.labels, probabilities),
    )
