"""What texts say of images that may have none or several labels.

Each class orders all images by the cosine of image and class vector; its average precision says how far its own come
first, and their mean (mAP) is the figure of the field (VOC 2007, COCO). It depends on no threshold and is the same for
a softmax and a sigmoid. Which labels are accepted follows from the model's own rule, where it has one: see
`core.studies.zero_shot.open_set`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats import metrics
from core.stats.average_precision import average_precisions, mean_interval
from core.stats.intervals import wilson
from core.stats.numbers import some_of
from core.studies.labels import truth_of
from core.studies.result import StudyResult, place_of
from core.studies.zero_shot.classify import check_templates, name_notes, unsaid
from core.studies.zero_shot.open_set import Threshold
from core.types import EmbeddingSet, FloatArray, Interval, Note, ScoreRule, beside

CANNOT_SAY, SAME_IMAGES = "cannot_say", "threshold_on_these"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Of `accepted` pairs of image and label `hits` are right, of all that are `right`."""

    accepted: int
    hits: int
    right: int

    @property
    def precision(self) -> float | None:
        """None where nothing is accepted."""
        return self.hits / self.accepted if self.accepted else None

    @property
    def recall(self) -> float | None:
        """None where nothing is right."""
        return self.hits / self.right if self.right else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where there is nothing to find and nothing is accepted."""
        both = self.accepted + self.right
        return 2 * self.hits / both if both else None

    def to_record(self) -> dict[str, Any]:
        """JSON-ready, with Wilson's intervals."""
        return {
            **asdict(self),
            "precision": self.precision,
            "precision_ci95": list(wilson(self.hits, self.accepted)) if self.accepted else None,
            "recall": self.recall,
            "recall_ci95": list(wilson(self.hits, self.right)) if self.right else None,
            "f1": self.f1,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """One class: `n` images have it; `ap` None where none has; `accepted` None where the model's rule cannot say."""

    classname: str
    n: int
    ap: float | None
    accepted: Accepted | None

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        found = None if self.accepted is None else self.accepted.to_record()
        return {"classname": self.classname, "n": self.n, "average_precision": self.ap, "at_threshold": found}


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiLabelResult(StudyResult):
    """One model on one split whose images may have none or several labels.

    `map` is the mean of the average precisions of the classes that images have, with an interval by a bootstrap over
    images; `chance` what a random order gives. `threshold` and `accepted` are None where the model's rule only compares
    labels.
    """

    n: int
    map: float
    map_ci95: Interval
    chance: float
    labels_per_image: float
    classes: tuple[LabelFigures, ...]
    templates: tuple[str, ...]
    classnames_kind: str
    rule: ScoreRule
    threshold: Threshold | None
    accepted: Accepted | None
    own_notes: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the answer."""
        return beside(self.provenance.beside, self.own_notes)

    @property
    def classnames(self) -> tuple[str, ...]:
        """In the order of the data set."""
        return tuple(each.classname for each in self.classes)

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `classify` for such a data set."""
        return {
            **self.place_record(),
            "n": self.n,
            "mean_average_precision": self.map,
            "mean_average_precision_ci95": list(self.map_ci95),
            "chance": self.chance,
            "labels_per_image": self.labels_per_image,
            "at_threshold": None if self.accepted is None else self.accepted.to_record(),
            "threshold": None if self.threshold is None else self.threshold.to_record(),
            "score_rule": self.rule.as_dict(),
            "templates": list(self.templates),
            "classnames": list(self.classnames),
            "classnames_kind": self.classnames_kind,
            "per_class": [each.to_record() for each in self.classes],
            **self.source_record(),
        }


def measure(
    images: EmbeddingSet,
    classes: FloatArray,
    classnames: Sequence[str],
    templates: Sequence[str],
    threshold: Threshold,
    classnames_kind: str = "curated",
) -> MultiLabelResult:
    """Every figure; `classes` (c, d) unit vectors, row i the class i. Raises `TMVError` where no image has a label."""
    if len(classes) != len(classnames):
        raise TMVError(f"Expected one class vector for each of {len(classnames)} class names, got {len(classes)}.")
    truth = truth_of(images, len(classes))
    if not truth.any():
        key = images.key
        raise TMVError(f"No image of {key.dataset} ({key.split}) has a label, so there is nothing to find.")
    cosines = np.asarray(metrics.normalise(images.image_embeddings) @ classes.T, np.float32)
    precision, rule, sizes = average_precisions(cosines, truth), images.score_rule, truth.sum(axis=0)
    yes = rule.probabilities(cosines) >= threshold.value if rule.each_alone else None
    said = images.provenance.beside
    return MultiLabelResult(
        **place_of(images),
        n=len(images),
        map=float(np.nanmean(precision)),
        map_ci95=mean_interval(cosines, truth),
        chance=float(sizes[sizes > 0].mean() / len(images)),
        labels_per_image=float(truth.sum() / len(images)),
        classes=_by_class(classnames, precision, truth, yes),
        templates=check_templates(templates),
        classnames_kind=classnames_kind,
        rule=rule,
        threshold=threshold if rule.each_alone else None,
        accepted=None if yes is None else _accepted(yes, truth),
        own_notes=unsaid(said, _notes(images, classnames, int(np.count_nonzero(sizes == 0)), threshold)),
    )


def _by_class(
    classnames: Sequence[str], precision: NDArray[np.float64], truth: NDArray[np.bool_], yes: NDArray[np.bool_] | None
) -> tuple[LabelFigures, ...]:
    return tuple(
        LabelFigures(
            classname=name,
            n=int(truth[:, i].sum()),
            ap=float(precision[i]) if truth[:, i].any() else None,
            accepted=None if yes is None else _accepted(yes[:, i], truth[:, i]),
        )
        for i, name in enumerate(classnames)
    )


def _accepted(yes: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Accepted:
    return Accepted(accepted=int(yes.sum()), hits=int((yes & truth).sum()), right=int(truth.sum()))


def _notes(images: EmbeddingSet, classnames: Sequence[str], empty: int, threshold: Threshold) -> list[Note]:
    notes = [note for note in name_notes(classnames) if note.code != "one_class"]
    if empty:
        text = f"{some_of(empty, len(classnames), 'class', 'has', 'have')} no image here; the mean is over the others."
        notes.append(Note(text, "empty_classes"))
    if not images.score_rule.each_alone:
        text = (
            "Precision and recall at a threshold are not given: this model was trained with a softmax, which compares "
            "labels and cannot say of one alone whether it is right. Average precision needs no threshold."
        )
        notes.append(Note(text, CANNOT_SAY))
    elif (threshold.dataset, threshold.split) == (images.key.dataset, images.key.split):
        text = "The threshold was chosen on the same images, so precision and recall are a little too good."
        notes.append(Note(text, SAME_IMAGES, "warning"))
    return notes
