"""The request for zero-shot classification."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

from core.catalog.published import deck_figures, published
from core.readers.named_sets import of_these_images
from core.studies.base import Lab, Study
from core.studies.zero_shot.classify import ZeroShotResult, classify
from core.system.progress import Progress
from core.types import EmbeddingSet, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShot(Study[ZeroShotResult]):
    """Zero-shot classification of stored vectors; see `core.studies.zero_shot.classify`.

    `templates` (none: those of `prompt_set`, or the data set's own); `classnames` is "curated", "raw" or a file.
    """

    kind: ClassVar[str] = "classify"
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"

    def asked(self, lab: Lab) -> tuple[EmbeddingSet, tuple[str, ...], tuple[str, ...]]:
        """(pictures with the notes on their names, templates, class names)."""
        images = lab.vectors.require(self.place)
        forms = lab.prompting.templates(self.place.dataset.name, self.templates, self.prompt_set)
        images, names = lab.prompting.named(images, self.classnames)
        return images, forms, names

    def key(self, lab: Lab) -> Hashable:
        """The vectors, the texts, and what stands beside them."""
        images, forms, names = self.asked(lab)
        return images.key, forms, names, self.classnames, images.provenance.beside

    def run(self, lab: Lab, progress: Progress | None = None) -> ZeroShotResult:
        """Raises `NotHere` while the pictures are not embedded, `EncoderWarming` while texts wait for the encoder."""
        images, forms, names = self.asked(lab)
        model, dataset = self.place.model, self.place.dataset
        figures, other = of_these_images(published(model, dataset, "zeroshot_"), dataset, len(images.ids), names)
        found = classify(
            images,
            lab.prompting.class_head(model.name, forms, names, progress),
            classnames=names,
            templates=forms,
            classnames_kind=self.classnames,
            published=figures,
            deck=deck_figures(model, dataset, "zeroshot_"),
        )
        notes = (*found.notes, other) if other is not None else found.notes
        return replace(found, notes=beside(notes, lab.prompting.notes(images, forms, names)))
