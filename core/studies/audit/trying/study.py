"""The request: which known mistake gives the answers that someone brought, or the vectors that are stored?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np

from core.embedding.speed import speed
from core.encoders import weights
from core.errors import NotHere, TMVError
from core.studies.audit.case import Asked
from core.studies.audit.cases import known_of, reference_templates
from core.studies.audit.repeat import LIMIT, LIMITS
from core.studies.audit.runs import PHOTO, mistakes_of
from core.studies.audit.trying.result import Trial
from core.studies.audit.trying.search import SAMPLE, Brought, Search
from core.studies.base import Lab, LongStudy
from core.studies.labels import check_one_label
from core.system.progress import Progress
from core.types import EmbeddingSet, IntArray, Place

_VERSION = 2
MOST_ENCODED = 80
"""About how often the sample is encoded where nothing explains what was brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying(LongStudy[Trial]):
    """Every known wrong way of encoding and asking, tried on a sample. `answers` is the digest of what `keep_answers`
    kept; "" tries the stored vectors themselves, or an `accuracy` where that is all that is known. `templates` are
    those of the right way, None: as published."""

    kind: ClassVar[str] = "audit-try"
    title: ClassVar[str] = "Trying known mistakes on {dataset} ({split}) with {model}"
    answers: str = ""
    templates: Sequence[str] | None = None
    accuracy: float | None = None

    def kept(self, lab: Lab) -> Trial | None:
        """From disk; never tries."""
        return lab.results.read(self._kept_key(lab.vectors.require(self.place)), Trial.of_dict)

    def run(self, lab: Lab, progress: Progress | None = None) -> Trial:
        """Tried once and kept. Raises `NotHere` while images are not embedded, or weights or images not here."""
        images = lab.vectors.require(self.place)
        if (kept := self.kept(lab)) is not None:
            return kept
        check_one_label(images)
        lab.data.rows(images.key.dataset, images.key.split)
        known = known_of(self.place.model, self.place.dataset, lab.encoding.card(self.place.model.name))
        search = Search(
            lab=lab,
            images=images,
            brought=self._brought(lab, images),
            asked=self._asked(images),
            mistakes=mistakes_of(known.texts),
            progress=progress,
        )
        found = search.run()
        lab.results.keep(self._kept_key(images), found.as_dict())
        return found

    def seconds(self, lab: Lab) -> float | None:
        """How long it may take at most, by what embedding took; None where that is not known."""
        images = lab.vectors.find(self.place)
        known = None if images is None else speed(lab.results, images.key)
        return None if known is None else known.seconds_per_picture * SAMPLE * MOST_ENCODED

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        templates = None if self.templates is None else list(self.templates)
        return {"answers": self.answers, "templates": templates, "accuracy": self.accuracy}

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        return f"{self.kind}/{'/'.join(self.place.names)}/{self._digest()}"

    def _digest(self) -> str:
        accuracy = () if self.accuracy is None else (repr(float(self.accuracy)),)
        told = "\n".join((str(_VERSION), self.answers, *(self.templates or ()), *accuracy))
        return sha256(told.encode()).hexdigest()[:16]

    def _kept_key(self, images: EmbeddingSet) -> str:
        return f"audit/tried/{images.key.fingerprint}/{self._digest()}"

    def _asked(self, images: EmbeddingSet) -> Asked:
        reference = reference_templates(self.place.dataset)
        return Asked(
            classnames=images.classnames,
            curated=images.classnames,
            raw=images.raw_classnames,
            templates=tuple(self.templates or reference or PHOTO),
            reference=reference,
        )

    def _brought(self, lab: Lab, images: EmbeddingSet) -> Brought:
        if self.accuracy is not None:
            return Brought(answers=np.asarray(images.labels), accuracy=self.accuracy)
        if not self.answers:
            card = lab.encoding.card(images.key.model)
            formats = (images.provenance.precision, card.precision if card else "fp32")
            return Brought(limit=max(LIMITS.get(p, LIMIT) for p in formats))
        kept = lab.results.read(_answers_key(self.answers), lambda found: np.frombuffer(found, "<i4"))
        if kept is None or len(kept) != len(images):
            raise NotHere("The predictions are no longer kept here; bring the file again.")
        return Brought(answers=kept.astype(np.int64))


def keep_answers(lab: Lab, answers: IntArray) -> str:
    """Keep someone's answers (n,) for a job, by stored row, -1 where there is none: the digest that `Trying` takes."""
    content = answers.astype("<i4").tobytes()
    digest = sha256(content).hexdigest()
    if lab.results.get(_answers_key(digest)) != content:
        lab.results.keep(_answers_key(digest), content)
    return digest


def _answers_key(digest: str) -> str:
    return f"audit/answers/{digest}"


def can_try(lab: Lab, place: Place) -> bool:
    """Whether vectors, weights and images are here, and each image has one label."""
    try:
        images = lab.vectors.find(place)
        lab.data.rows(place.dataset.name, place.split)
    except TMVError:
        return False
    return images is not None and images.labels is not None and weights.locate(place.model) is not None
