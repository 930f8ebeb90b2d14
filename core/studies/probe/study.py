"""The request for a linear probe: trained on one split of a data set, tested on another, kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from core.catalog.published import deck_figures, published
from core.studies.base import Lab
from core.studies.probe.result import ProbeOutcome, ProbeResult, assemble
from core.studies.probe.splits import TrainedStudy
from core.studies.probe.training import FOLDS, SEED, VALIDATION_SHARE, probe
from core.system.progress import Progress
from core.types import EmbeddingSet

_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearProbe(TrainedStudy[ProbeResult]):
    """A linear probe; `normalise` scales embeddings to unit length first. See `core.studies.probe.training`."""

    kind: ClassVar[str] = "probe"
    title: ClassVar[str] = "Training a linear probe on {dataset} with {model}"
    normalise: bool = False

    def key(self, lab: Lab) -> Hashable:
        """Where its outcome is kept on disk."""
        return self._kept_key(*self.pair(lab))

    def kept(self, lab: Lab) -> ProbeResult | None:
        """From the outcome on disk, where there is one that can be read."""
        train, test = self.pair(lab)
        key = self._kept_key(train, test)
        outcome = lab.results.read(key, ProbeOutcome.from_bytes)
        if outcome is None:
            return None
        return lab.memory.studies.get((self.kind, key), lambda: self._assemble(train, test, outcome))

    def run(self, lab: Lab, progress: Progress | None = None) -> ProbeResult:
        """Computed once and kept. Raises `NotHere` while either split is not embedded."""
        train, test = self.pair(lab)
        key = self._kept_key(train, test)
        outcome = lab.results.read(key, ProbeOutcome.from_bytes)
        if outcome is None:
            outcome = probe(train, test, normalise=self.normalise, progress=progress)
            lab.results.keep(key, outcome.to_bytes())
        return self._assemble(train, test, outcome)

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        return {"normalise": self.normalise}

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        return f"probe/{'/'.join(self.place.names)}/{'unit' if self.normalise else 'plain'}"

    def _kept_key(self, train: EmbeddingSet, test: EmbeddingSet) -> str:
        plan = json.dumps([_VERSION, self.normalise, VALIDATION_SHARE, FOLDS, SEED])
        digest = hashlib.sha256(plan.encode()).hexdigest()[:16]
        return f"probe/{train.key.fingerprint}/{test.key.fingerprint}/{digest}"

    def _assemble(self, train: EmbeddingSet, test: EmbeddingSet, outcome: ProbeOutcome) -> ProbeResult:
        model, dataset = self.place.model, self.place.dataset
        return assemble(
            train,
            test,
            outcome,
            published(model, dataset, "linear_probe_"),
            deck_figures(model, dataset, "linear_probe_"),
        )
