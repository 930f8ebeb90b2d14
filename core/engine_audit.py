"""The engine's audit: why is this number not the paper's number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.catalog.benchmark_names import published_set
from core.catalog.datasets import DATASETS
from core.catalog.models import MODELS
from core.errors import Damaged, NotHere, TMVError
from core.readers.external import OTHER_LANGUAGE, Classes, Predictions
from core.store import read_card
from core.studies import audit
from core.studies.audit import Asked, AuditResult, Known, Repeat, Vectors, cases, runs
from core.studies.audit import external as elsewhere
from core.studies.audit.repeat import repeated
from core.studies.audit.runs import AuditParts
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import DatasetSpec, EmbeddingSet, IntArray, Progress

MATCHED = 0.99
"""So many pictures of a table must be known by name before it is compared picture by picture."""
TRAIN = "train"


class AuditStudies:
    """Methods of `core.engine.Engine`."""

    def audit(
        self: AuditParts,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
        *,
        encode: bool = False,
        progress: Progress | None = None,
    ) -> AuditResult:
        """Every check on one zero-shot study (or, for captions, on their retrieval); see `core.studies.audit`.

        Uses what the cache holds. `encode` also encodes texts of other ways to ask that are missing, and a sample of
        pictures again, which takes the model; what that found is kept. Raises as the study itself does.
        """
        images = self.needed(self.model(model).name, dataset, split)
        repeat = repeated(self, images, encode)
        forms = self.templates(dataset, templates, prompt_set) if images.labels is not None else ()

        def make() -> AuditResult:
            if self.dataset(dataset).kind == "captions":
                return _captions(self, images, repeat)
            result = self.zero_shot(model, dataset, split, forms, None, classnames, progress)
            return _zero_shot(self, images, result, repeat, encode)

        now = (repeat, runs.state_of_cache(self, images), encode)
        return self.studies.get(("audited", images.key, forms, classnames, now), make)

    def audit_probe(self: AuditParts, model: str, dataset: str, split: str | None = None) -> AuditResult | None:
        """Every check on a linear probe that has been trained; None where none has."""
        spec = self.model(model)
        result = self.probe_cached(spec.name, dataset, split)
        if result is None:
            return None
        images = self.needed(spec.name, dataset, result.split)
        train = self.embeddings(spec.name, dataset, result.train_key.split)
        vectors = Vectors(images=images.image_embeddings, train=None if train is None else train.image_embeddings)
        known = _known(self, images)
        zero = _zero_shot_acc1(self, spec.name, dataset, result.split)
        return audit.audit(cases.probe_case(result, known, vectors, zero, repeated(self, images, False)))

    def audit_predictions(
        self: AuditParts,
        brought: Predictions,
        model: str | None = None,
        dataset: str | None = None,
        split: str | None = None,
        *,
        templates: Sequence[str] | None = None,
        classnames: str | None = None,
        encode: bool = False,
    ) -> AuditResult:
        """Every check on someone's own predictions or figures.

        `model` and `dataset` say what they are of (a document may say so itself); where these are in the cache, the
        predictions are compared with our own runs picture by picture. `templates` and `classnames` ("curated", "raw")
        say how pictures were asked about, where that is known.
        """
        spec, wrong, quick = elsewhere.weights_named(model or brought.model, "" if model else brought.pretrained)
        pictures = None if brought.own or dataset else published_set(brought.dataset)
        name = dataset or brought.dataset
        data = self.dataset(name) if dataset else None if pictures is not None else _dataset(self, name)
        found = elsewhere.known_of_figures(spec, pictures) if pictures is not None else cases.known_of(spec, data)
        foreign = any(note.code == OTHER_LANGUAGE for note in brought.notes)
        known = replace(found, weights_note=wrong, quick_gelu=quick, published=() if foreign else found.published)
        brought = elsewhere.identified(brought, spec, pictures, data, model or "", dataset or "", split or "")
        asked, images = _stated(data, brought, templates, classnames), None
        if spec is not None and data is not None and brought.predicted is not None:
            images = self.embeddings(spec.name, data.name, brought.split or None)
        if images is None or images.labels is None:
            return audit.audit(elsewhere.brought_case(brought, known, data, asked=asked))
        return _compared(self, brought, known, data, images, asked, encode)

    def audit_deck(self: AuditParts) -> tuple[AuditResult, ...]:
        """Every check on every figure of the deck, as figures: what is wrong in it, and how one sees that."""
        return tuple(audit.audit(case) for case in elsewhere.deck_cases(MODELS, DATASETS))

    def audit_classes(self: AuditParts, dataset: str, split: str | None = None) -> Classes:
        """The class names that a table about this data set may use: curated or raw; none where that is not known."""
        spec = self.dataset(dataset)
        if spec.classnames:
            return Classes(names=spec.classnames, raw=spec.raw_classnames)
        try:
            rows = self.dataset_rows(dataset, split)  # first the disk: the same before and after embedding
        except NotHere:
            rows = None
        if rows is not None:
            return Classes(names=rows.classnames, raw=rows.raw_classnames)
        if damaged := self.store.damaged(dataset):
            raise Damaged(
                f"What is stored of {dataset} cannot be read ({damaged[0]} is damaged): run "
                "`python -m core verify` to mend the cache."
            )
        for entry in self.store.entries():
            if entry.complete and entry.key.dataset == dataset and split in (None, entry.key.split):
                images = self.store.load(entry.key)
                return Classes(names=images.classnames, raw=images.raw_classnames)
        return Classes()


# --- parts ------------------------------------------------------------------------------------------------


def _captions(engine: AuditParts, images: EmbeddingSet, repeat: Repeat | None) -> AuditResult:
    found = engine.retrieve(images.key.model, images.key.dataset, images.key.split)
    return audit.audit(
        cases.retrieval_case(found, _known(engine, images), Vectors(images=images.image_embeddings), repeat)
    )


def _zero_shot(
    engine: AuditParts, images: EmbeddingSet, result: ZeroShotResult, repeat: Repeat | None, encode: bool
) -> AuditResult:
    asked, known = _asked(images, engine.dataset(images.key.dataset), result), _known(engine, images)
    ways = runs.other_ways(asked, bool(known.published))
    tried = [runs.alternative(engine, images, way, encode) for way in ways]
    case = cases.zero_shot_case(
        result,
        known,
        _vectors(engine, images, result),
        asked=asked,
        alternatives=[a for a in tried if a is not None],
        others=runs.other_models(engine, images, result),
        repeat=repeat,
    )
    return audit.audit(case)


def _known(engine: AuditParts, images: EmbeddingSet) -> Known:
    model, dataset = engine.model(images.key.model), engine.dataset(images.key.dataset)
    return cases.known_of(model, dataset, read_card(engine.cache_dir, model.name))


def _asked(images: EmbeddingSet, data: DatasetSpec, result: ZeroShotResult) -> Asked:
    reference = cases.reference_templates(data)
    return Asked(
        classnames=result.classnames,
        curated=images.classnames,
        raw=images.raw_classnames,
        templates=result.templates,
        reference=reference,
    )


def _vectors(engine: AuditParts, images: EmbeddingSet, result: ZeroShotResult) -> Vectors:
    head, train = engine.class_head(images.key.model, result.templates, result.classnames), None
    if images.key.split != TRAIN:
        try:
            train = engine.embeddings(images.key.model, images.key.dataset, TRAIN)
        except TMVError:
            train = None
    return Vectors(
        images=images.image_embeddings,
        classes=head,
        train=None if train is None else train.image_embeddings,
        logit_scale=images.logit_scale,
    )


def _zero_shot_acc1(engine: AuditParts, model: str, dataset: str, split: str) -> float | None:
    try:
        return engine.zero_shot(model, dataset, split).acc1
    except TMVError:
        return None


# --- answers from elsewhere -------------------------------------------------------------------------------


def _dataset(engine: AuditParts, name: str) -> DatasetSpec | None:
    try:
        return engine.dataset(name) if name else None
    except TMVError:
        return None


def _stated(
    data: DatasetSpec | None, brought: Predictions, templates: Sequence[str] | None, classnames: str | None
) -> Asked | None:
    """How pictures were asked about, as far as whoever brought the answers says so."""
    if templates is None and classnames is None:
        return None
    curated = (data.classnames if data is not None else ()) or brought.classnames
    raw = (data.raw_classnames if data is not None else ()) or brought.classnames
    used = {"raw": raw, "curated": curated}.get(classnames or "", ())
    reference = cases.reference_templates(data) if data is not None else ()
    return Asked(classnames=used, curated=curated, raw=raw, templates=tuple(templates or ()), reference=reference)


def _compared(
    engine: AuditParts,
    brought: Predictions,
    known: Known,
    data: DatasetSpec | None,
    images: EmbeddingSet,
    asked: Asked | None,
    encode: bool,
) -> AuditResult:
    """Predictions beside our own runs on the same pictures."""
    ours, labels = elsewhere.align(brought.ids, images.ids), np.asarray(images.labels)
    rows = np.flatnonzero(ours >= 0)
    strangers = len(ours) - len(rows)
    mapped = elsewhere.in_classes_of(brought, images)
    if len(rows) < MATCHED * len(ours) or mapped is None:
        note = elsewhere.not_compared(brought, images, strangers if mapped is not None else 0)
        return audit.audit(elsewhere.brought_case(brought, known, data, asked=asked, notes=[note]))
    notes = list(elsewhere.strangers_note(strangers, len(ours), images.key.dataset))
    brought = elsewhere.renumbered(mapped, labels[ours[rows]], rows)
    known = replace(known, labels={brought.ids[i]: int(labels[ours[i]]) for i in rows})
    alternatives = _runs(engine, data, images, ours[rows], encode)
    case = elsewhere.brought_case(brought, known, data, asked=asked, alternatives=alternatives, rows=rows, notes=notes)
    return audit.audit(case)


def _runs(
    engine: AuditParts, data: DatasetSpec | None, images: EmbeddingSet, rows: IntArray, encode: bool
) -> list[audit.Alternative]:
    """Our own runs on these rows of ours: as published, and with the usual departures."""
    reference = cases.reference_templates(data) if data is not None else ()
    usual = Asked(
        classnames=images.classnames,
        curated=images.classnames,
        raw=images.raw_classnames,
        templates=reference or runs.PHOTO,
        reference=reference,
    )
    found = [runs.alternative(engine, images, way, encode) for way in runs.usual_ways(usual)]
    found.append(runs.unnormalised(engine, images, usual))
    return [replace(a, predicted=a.predicted[rows], correct=a.correct[rows]) for a in found if a is not None]
