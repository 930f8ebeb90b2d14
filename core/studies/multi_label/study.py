"""The request for zero-shot classification of images that may have none or several labels."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

from core.errors import NotHere, TMVError
from core.store.own_names import is_own_data
from core.studies.base import Lab, Study
from core.studies.multi_label.result import MultiLabelResult, measure
from core.studies.zero_shot.open_set import EVEN, Threshold, validation_threshold
from core.system.progress import Progress
from core.types import EmbeddingSet, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiLabel(Study[MultiLabelResult]):
    """Zero-shot where several labels may be right; see `core.studies.multi_label.result`.

    `templates`, `prompt_set` and `classnames` as of `ZeroShot`; `threshold` is the probability from which a label is
    accepted, or None for the one that is best on a validation split.
    """

    kind: ClassVar[str] = "multilabel"
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"
    threshold: float | None = EVEN

    def asked(self, lab: Lab) -> tuple[EmbeddingSet, tuple[str, ...], tuple[str, ...]]:
        """(images with the notes on their names, templates, class names)."""
        images = lab.vectors.require(self.place)
        if images.label_pairs is None:
            raise TMVError(
                f"Every image of {images.key.dataset} ({images.key.split}) has at most one label, so its accuracy is "
                "measured; several labels an image come from a table labels.csv beside the images."
            )
        forms = lab.prompting.templates(self.place.dataset.name, self.templates, self.prompt_set)
        images, names = lab.prompting.named(images, self.classnames, several=True)
        return images, forms, names

    def key(self, lab: Lab) -> Hashable | None:
        """The vectors, the texts, the threshold, and what stands beside them."""
        images, forms, names = self.asked(lab)
        if self.threshold is None:
            return None  # it depends on other vectors, which may be embedded meanwhile
        return images.key, forms, names, self.classnames, self.threshold, images.provenance.beside

    def run(self, lab: Lab, progress: Progress | None = None) -> MultiLabelResult:
        """Raises `NotHere` while the images are not embedded, `EncoderWarming` while texts wait for the encoder."""
        images, forms, names = self.asked(lab)
        head = lab.prompting.class_head(self.place.model.name, forms, names, progress)
        found = measure(images, head, names, forms, self._threshold(lab, images, forms), self.classnames)
        return replace(found, own_notes=beside(found.own_notes, lab.prompting.notes(images, forms, names)))

    def _threshold(self, lab: Lab, images: EmbeddingSet, forms: tuple[str, ...]) -> Threshold:
        if self.threshold is not None:
            return Threshold(value=self.threshold)
        return validation_threshold(lab, self.place, forms) if images.score_rule.each_alone else Threshold()


def has_several_labels(lab: Lab, dataset: str, split: str | None = None) -> bool:
    """Whether an image of a data set may have none or several labels; of one that is not here, as its vectors say. Of
    the catalog's own none has."""
    if not is_own_data(dataset):
        return False
    try:
        return lab.data.rows(dataset, split).label_pairs is not None
    except NotHere:
        return lab.vectors.has_several_labels(dataset)
