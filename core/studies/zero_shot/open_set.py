"""Each label by itself: none, one or several may be right, which a model trained with a sigmoid can say (SigLIP, Zhai
et al. 2023). One trained with a softmax only compares labels, so it has no rule of its own for "none of these".

A label is accepted from a threshold on: the fixed one, or the one that is best (F1) on images whose classes are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotHere, TMVError
from core.stats import metrics
from core.stats.intervals import wilson
from core.stats.metrics import Float64Array
from core.studies.base import Lab
from core.studies.labels import truth_of
from core.studies.zero_shot.one_picture import name_picture
from core.types import EmbeddingSet, FloatArray, Interval, Place, ScoreRule

EVEN = 0.5
"""More likely right than not, if the model's probabilities can be believed."""
VALIDATION = ("val", "dev", "train", "trainval")
"""Splits that a threshold may be chosen on, best first."""
MOST_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which probability on a label is accepted. Where it was chosen on the `images` of a `split`: its F1 over all
    pairs of an image and a class there, with precision and recall and their 95 % intervals (Wilson's)."""

    value: float = EVEN
    dataset: str = ""
    split: str = ""
    images: int = 0
    classes: int = 0
    f1: float | None = None
    precision: float | None = None
    precision_ci95: Interval | None = None
    recall: float | None = None
    recall_ci95: Interval | None = None

    @property
    def chosen(self) -> bool:
        """Whether images decided it, and not we."""
        return self.f1 is not None

    def to_record(self) -> dict[str, Any]:
        """JSON-ready; a fixed one is its value alone."""
        return {"chosen_on": "validation" if self.chosen else "fixed", **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One label: its probability by the model's rule; `accepted` None where that rule cannot say."""

    label: str
    probability: float
    accepted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedImage:
    """One image with every label, the likeliest first. `threshold` is None for a model that only compares labels."""

    labels: tuple[Judged, ...]
    rule: ScoreRule
    threshold: Threshold | None

    @property
    def accepted(self) -> tuple[str, ...]:
        """The labels that are right by themselves; none where the rule cannot say."""
        return tuple(judged.label for judged in self.labels if judged.accepted)

    @property
    def none_of_these(self) -> bool | None:
        """Whether no label is accepted; None where the model's rule has no answer."""
        return None if self.threshold is None else not self.accepted

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "labels": [asdict(judged) for judged in self.labels],
            "none_of_these": self.none_of_these,
            "score_rule": self.rule.as_dict(),
            "threshold": None if self.threshold is None else self.threshold.to_record(),
        }


def judge(
    picture: FloatArray, classes: FloatArray, labels: Sequence[str], rule: ScoreRule, threshold: Threshold
) -> JudgedImage:
    """Every label by the model's own rule; arguments as of `name_picture`."""
    named = name_picture(picture, classes, labels, rule, len(labels))
    return JudgedImage(
        labels=tuple(
            Judged(label=label, probability=p, accepted=p >= threshold.value if rule.each_alone else None)
            for label, p in named
        ),
        rule=rule,
        threshold=threshold if rule.each_alone else None,
    )


# --- the threshold ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A threshold with what it gives: `hits` of the `accepted` pairs are right, of all that are `right`."""

    value: float
    accepted: int
    hits: int
    right: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / (self.accepted + self.right)


def best_cut(probability: NDArray[Any], truth: NDArray[np.bool_]) -> Cut:
    """The probability from which on accepting gives the highest F1 over all pairs; of equal ones the highest.
    probability (n, c), truth (n, c)."""
    if not truth.any():
        raise TMVError("A threshold needs images with labels, and there is none.")
    values, right = probability.ravel(), truth.ravel()
    order = np.argsort(-values, kind="stable")
    ordered, hits = values[order], np.cumsum(right[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # equal ones are accepted together
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    at = ends[int(f1.argmax())]
    return Cut(value=float(ordered[at]), accepted=int(at) + 1, hits=int(hits[at]), right=int(hits[-1]))


def chosen_threshold(images: EmbeddingSet, classes: FloatArray, most_pairs: int = MOST_PAIRS) -> Threshold:
    """The best cut on these images, or on evenly spread ones where there are too many pairs of image and class."""
    truth = truth_of(images, len(classes))
    rows = np.arange(len(images))[:: max(1, -(-len(images) * len(classes) // most_pairs))]
    cosines = np.asarray(metrics.normalise(images.image_embeddings[rows]) @ classes.T, np.float64)
    probability: Float64Array = np.asarray(images.score_rule.probabilities(cosines), np.float64)  # type: ignore[arg-type]
    cut = best_cut(probability, truth[rows])
    return Threshold(
        value=cut.value,
        dataset=images.key.dataset,
        split=images.key.split,
        images=len(rows),
        classes=len(classes),
        f1=cut.f1,
        precision=cut.hits / cut.accepted,
        precision_ci95=wilson(cut.hits, cut.accepted),
        recall=cut.hits / cut.right,
        recall_ci95=wilson(cut.hits, cut.right),
    )


def validation_threshold(lab: Lab, place: Place, templates: Sequence[str]) -> Threshold:
    """The best threshold on the embedded validation split of a data set, with its own class names; else on its training
    split, else on the split of `place`. Raises `NotHere` where none of them is embedded."""
    images = _validation(lab, place)
    labels = images.labels
    if images.label_pairs is None and (labels is None or not len(labels) or (labels < 0).any()):
        raise TMVError(
            f"A threshold is chosen on images with labels, but {images.key.dataset} ({images.key.split}) has images "
            "without; use 0.5, or choose a data set with class labels."
        )

    def make() -> Threshold:
        return chosen_threshold(images, lab.prompting.class_head(images.key.model, templates, images.classnames))

    return lab.memory.studies.get(("threshold", images.key, tuple(templates)), make)


def validation_split(lab: Lab, place: Place) -> Place | None:
    """Where a threshold would best be chosen: the first of `VALIDATION` that the data set has, if it has one."""
    there = lab.data.splits(place.dataset.name)
    return next((place.at(split) for split in VALIDATION if split in there), None)


def _validation(lab: Lab, place: Place) -> EmbeddingSet:
    for split in (s for s in VALIDATION if s in lab.data.splits(place.dataset.name)):
        try:
            return lab.vectors.require(place.at(split))
        except NotHere:
            continue
    return lab.vectors.require(place)
