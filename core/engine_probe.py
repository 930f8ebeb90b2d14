"""The engine's linear probe: trained on one split of a data set, tested on another, kept on disk."""

from __future__ import annotations

import hashlib
import json

from core.catalog.published import deck_figures, published
from core.engine_parts import EngineParts
from core.errors import NotHere, TMVError
from core.studies.probe.result import ProbeOutcome, ProbeResult, assemble
from core.studies.probe.training import FOLDS, SEED, VALIDATION_SHARE, probe
from core.types import EmbeddingSet, Job, Progress

TRAIN, ALL, HELD_OUT = "train", "all", ("test", "val")
_VERSION = 3


class ProbeStudies:
    """Methods of `core.engine.Engine`."""

    def train_split(self: EngineParts, dataset: str) -> str:
        """The split that a classifier may be trained on; `TMVError` for a data set that has none."""
        return train_split(self, dataset)

    def tested_split(self: EngineParts, dataset: str, split: str | None = None) -> str:
        """`split`, or the one that a trained classifier is tested on: the default one, or where that holds
        training pictures too, the test split."""
        return tested_split(self, dataset, split)

    def probe(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        normalise: bool = False,
        progress: Progress | None = None,
    ) -> ProbeResult:
        """A linear probe trained on the training split and tested on `split`, computed once and kept.

        `normalise` scales embeddings to unit length first. See `core.studies.probe.training`. Raises `NotHere`
        while either split is not embedded.
        """
        train, test = pair_of(self, model, dataset, split)
        key = _key(train, test, normalise)

        def make() -> ProbeResult:
            outcome = _kept(self, key)
            if outcome is None:
                outcome = probe(train, test, normalise=normalise, progress=progress)
                self.results.keep(key, outcome.to_bytes())
            return _assemble(self, train, test, outcome)

        return self.studies.get(("probe", key), make)

    def probe_cached(
        self: EngineParts, model: str, dataset: str, split: str | None = None, *, normalise: bool = False
    ) -> ProbeResult | None:
        """What `probe` with the same arguments found, if it has run; never computes."""
        try:
            train, test = pair_of(self, model, dataset, split)
        except NotHere:
            return None
        outcome = _kept(self, _key(train, test, normalise))
        if outcome is None:
            return None
        key = ("probe", _key(train, test, normalise))
        return self.studies.get(key, lambda: _assemble(self, train, test, outcome))

    def submit_probe(
        self: EngineParts, model: str, dataset: str, split: str | None = None, *, normalise: bool = False
    ) -> Job:
        """Embed what is missing and run `probe` in a process of its own; `probe_cached` finds the result."""
        train_split(self, dataset)
        spec, data, split = self.model(model), self.dataset(dataset), tested_split(self, dataset, split)
        params = {"model": spec.name, "dataset": data.name, "split": split, "normalise": normalise}
        from core.tables.names import full_title

        title = f"Training a linear probe on {full_title(data)} with {full_title(spec)}"
        return self.jobs.submit("probe", probe_job_key(self, model, dataset, split, normalise), title, params)

    def probe_job_key(
        self: EngineParts, model: str, dataset: str, split: str | None = None, *, normalise: bool = False
    ) -> str:
        """The key under which `submit_probe` with the same arguments files its job."""
        return probe_job_key(self, model, dataset, split, normalise)


# --- parts ------------------------------------------------------------------------------------------------


def train_split(engine: EngineParts, dataset: str) -> str:
    """See `ProbeStudies.train_split`."""
    spec, splits = engine.dataset(dataset), engine.splits(dataset)
    if spec.kind != "classification":
        raise TMVError(
            f"{spec.title} has captions, not classes; a classifier needs a data set with classes, such as "
            "demo-objects, cifar100 or eurosat."
        )
    if not splits:
        engine.split_of(dataset, None)  # a path where nothing is says so
    if TRAIN not in splits:
        there = f"there is: {', '.join(splits)}" if splits else "it has only one"
        raise TMVError(
            f"{spec.title} has no training split ({there}); choose a data set that has one, such as "
            "demo-objects, cifar100 or eurosat, or put your pictures into train/ and test/."
        )
    return TRAIN


def probe_job_key(engine: EngineParts, model: str, dataset: str, split: str | None, normalise: bool) -> str:
    """See `ProbeStudies.probe_job_key`."""
    place = f"{engine.model(model).name}/{engine.dataset(dataset).name}/{tested_split(engine, dataset, split)}"
    return f"probe/{place}/{'unit' if normalise else 'plain'}"


def tested_split(engine: EngineParts, dataset: str, split: str | None) -> str:
    """See `ProbeStudies.tested_split`."""
    default = engine.split_of(dataset, split)
    if split or default not in (TRAIN, ALL):
        return default
    there = engine.splits(dataset)
    return next((name for name in HELD_OUT if name in there), default)


def pair_of(engine: EngineParts, model: str, dataset: str, split: str | None) -> tuple[EmbeddingSet, EmbeddingSet]:
    """(training, test) vectors; `NotHere` while either is not embedded."""
    training = train_split(engine, dataset)
    test = engine.needed(model, dataset, tested_split(engine, dataset, split))
    return engine.needed(model, dataset, training), test


def _key(train: EmbeddingSet, test: EmbeddingSet, normalise: bool) -> str:
    plan = json.dumps([_VERSION, normalise, VALIDATION_SHARE, FOLDS, SEED])
    digest = hashlib.sha256(plan.encode()).hexdigest()[:16]
    return f"probe/{train.key.fingerprint}/{test.key.fingerprint}/{digest}"


def _kept(engine: EngineParts, key: str) -> ProbeOutcome | None:
    """The outcome on disk; None where there is none that can be read."""
    kept = engine.results.get(key)
    if not isinstance(kept, bytes):
        return None
    try:
        return ProbeOutcome.from_bytes(kept)
    except ValueError:
        return None


def _assemble(engine: EngineParts, train: EmbeddingSet, test: EmbeddingSet, outcome: ProbeOutcome) -> ProbeResult:
    names = engine.model(test.key.model), engine.dataset(test.key.dataset)
    return assemble(train, test, outcome, published(*names, "linear_probe_"), deck_figures(*names, "linear_probe_"))
