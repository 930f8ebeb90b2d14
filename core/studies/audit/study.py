"""The request for an audit: why is this number not the paper's number?"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from core.catalog.benchmark_names import published_set
from core.catalog.models import MODELS, find_model
from core.errors import Damaged, NotHere, TMVError
from core.readers.datasets import DATASETS, find_dataset
from core.readers.external import OTHER_LANGUAGE, Classes, Predictions
from core.studies import audit
from core.studies.audit import (
    PROTOCOL,
    Asked,
    AuditResult,
    Case,
    CaseVectors,
    Known,
    Repeat,
    TextSide,
    cases,
    external,
    runs,
)
from core.studies.audit.files import compare_seen, count_turned
from core.studies.audit.repeat import repeated
from core.studies.audit.trying.result import Trial
from core.studies.audit.trying.study import Trying, can_try, keep_answers
from core.studies.audit.unnamed import is_unnamed, named_by_order
from core.studies.base import Lab, Study
from core.studies.captions.study import Retrieval
from core.studies.probe.splits import TRAIN
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.system.progress import Progress, Steps
from core.types import DatasetSpec, EmbeddingSet, ModelSpec, Place

MATCHED = 0.99
"""So many pictures of a table must be known by name before it is compared picture by picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Study[AuditResult]):
    """Every check on one zero-shot study (or, for captions, on their retrieval); see `core.studies.audit`.

    Uses what the cache holds. `encode` also encodes texts of other ways to ask that are missing, and a sample of
    pictures again, which takes the model; what that found is kept. Raises as the study itself does.
    """

    kind: ClassVar[str] = "audit"
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"
    encode: bool = False

    def key(self, lab: Lab) -> Hashable:
        """The vectors, the texts, and what the cache knows."""
        images = lab.vectors.require(self.place)
        tried = lab.kept(Trying(place=self.place)) is not None
        now = (repeated(lab, images, self.encode), runs.state_of_cache(lab, images), self.encode, tried)
        return images.key, self._forms(lab, images), self.classnames, now

    def run(self, lab: Lab, progress: Progress | None = None) -> AuditResult:
        """What every check says; raises as the study itself does."""
        images = lab.vectors.require(self.place)
        repeat = repeated(lab, images, self.encode)
        if self.place.dataset.kind == "captions":
            found = lab.run(Retrieval(place=self.place))
            return audit.audit(
                cases.retrieval_case(found, _known(lab, images), CaseVectors(images=images.image_embeddings), repeat)
            )
        study = ZeroShot(place=self.place, templates=self._forms(lab, images), classnames=self.classnames)
        return _zero_shot(lab, images, lab.run(study, progress), repeat, self.encode)

    def _forms(self, lab: Lab, images: EmbeddingSet) -> tuple[str, ...]:
        if images.labels is None:
            return ()
        return lab.prompting.templates(self.place.dataset.name, self.templates, self.prompt_set)


def audit_probe(lab: Lab, study: LinearProbe) -> AuditResult | None:
    """Every check on a linear probe that has been trained; None where none has."""
    result = lab.kept(study)
    if result is None:
        return None
    train, test = study.needs(lab)
    images, train_images = lab.vectors.require(test), lab.vectors.find(train)
    vectors = CaseVectors(
        images=images.image_embeddings, train=None if train_images is None else train_images.image_embeddings
    )
    zero, known = _zero_shot_acc1(lab, study.place), _known(lab, images, train=train_images)
    return audit.audit(cases.probe_case(result, known, vectors, zero, repeated(lab, images, False)))


def audit_predictions(
    lab: Lab,
    brought: Predictions,
    model: str | None = None,
    dataset: str | None = None,
    split: str | None = None,
    *,
    templates: Sequence[str] | None = None,
    classnames: str | None = None,
    encode: bool = False,
    attempt: Attempting | None = None,
) -> AuditResult:
    """Every check on someone's own predictions or figures.

    `model` and `dataset` say what they are of (a document may say so itself); where these are in the cache, the
    predictions are compared with our own runs picture by picture. `templates` and `classnames` ("curated", "raw")
    say how pictures were asked about, where that is known. `attempt` is asked to try known mistakes where that has not
    been done, and gives what came of it, or None.
    """
    spec, wrong, quick = external.weights_named(model or brought.model, "" if model else brought.pretrained)
    pictures = None if brought.own or dataset else published_set(brought.dataset)
    name = dataset or brought.dataset
    data = find_dataset(name) if dataset else None if pictures is not None else _dataset(name)
    card = None if spec is None else lab.encoding.card(spec.name)
    found = external.known_of_figures(spec, pictures) if pictures is not None else cases.known_of(spec, data, card)
    foreign = any(note.code == OTHER_LANGUAGE for note in brought.notes)
    known = replace(found, weights_note=wrong, quick_gelu=quick, published=() if foreign else found.published)
    brought = external.identified(brought, spec, pictures, data, model or "", dataset or "", split or "")
    asked, images = _stated(data, brought, templates, classnames), None
    if spec is not None and data is not None and brought.predicted is not None:
        images = lab.vectors.find(lab.place(spec.name, data.name, brought.split or None))
    if images is None or images.labels is None:
        mine = _run_of_figure(lab, brought, spec, data or (pictures.spec if pictures is not None else None), encode)
        case = external.brought_case(brought, known, data, asked=asked, alternatives=mine)
        figure = _of_figure(lab, case)
        trial = None if figure is None else lab.kept(figure) or (attempt or _kept_only)(figure)
        return audit.audit(replace(case, trial=trial))
    return _compared(lab, brought, known, data, images, asked, encode, attempt or _kept_only)


def audit_deck() -> tuple[AuditResult, ...]:
    """Every check on every figure of the deck, as figures: what is wrong in it, and how one sees that."""
    return tuple(audit.audit(case) for case in external.deck_cases(MODELS, DATASETS))


def audit_classes(lab: Lab, dataset: str, split: str | None = None) -> Classes:
    """The class names that a table about this data set may use: curated or raw; none where that is not known."""
    spec = find_dataset(dataset)
    if spec.classnames:
        return Classes(names=spec.classnames, raw=spec.raw_classnames)
    try:
        rows = lab.data.rows(dataset, split)  # first the disk: the same before and after embedding
    except NotHere:
        rows = None
    if rows is not None:
        return Classes(names=rows.classnames, raw=rows.raw_classnames)
    if damaged := lab.vectors.store.damaged(dataset):
        raise Damaged(
            f"What is stored of {dataset} cannot be read ({damaged[0]} is damaged): run "
            "`python -m core verify` to mend the cache."
        )
    for entry in lab.vectors.store.entries():
        if entry.complete and entry.key.dataset == dataset and split in (None, entry.key.split):
            images = lab.vectors.store.load(entry.key)
            return Classes(names=images.classnames, raw=images.raw_classnames)
    return Classes()


# --- parts ------------------------------------------------------------------------------------------------


def _zero_shot(
    lab: Lab, images: EmbeddingSet, result: ZeroShotResult, repeat: Repeat | None, encode: bool
) -> AuditResult:
    asked, train = _asked(images, find_dataset(images.key.dataset), result), _training(lab, images)
    known = _known(lab, images, encode, train)
    ways = runs.other_ways(asked, bool(known.published))
    tried = [runs.alternative(lab, images, way, encode) for way in ways]
    case = cases.zero_shot_case(
        result,
        known,
        _vectors(lab, images, result, train),
        asked=asked,
        alternatives=[a for a in tried if a is not None],
        others=runs.other_models(lab, images, result),
        repeat=repeat,
    )
    place = lab.place(images.key.model, images.key.dataset, images.key.split)
    return audit.audit(replace(case, trial=lab.kept(Trying(place=place))))


def _known(lab: Lab, images: EmbeddingSet, encode: bool = False, train: EmbeddingSet | None = None) -> Known:
    model, dataset = find_model(images.key.model), find_dataset(images.key.dataset)
    known = cases.of_that_set(cases.known_of(model, dataset, lab.encoding.card(model.name)), dataset, images)
    turned = count_turned(lab, images, encode) if known.published else None
    return replace(known, turned=turned, same=compare_seen(lab, train, images))


def _asked(images: EmbeddingSet, data: DatasetSpec, result: ZeroShotResult) -> Asked:
    reference = cases.reference_templates(data)
    return Asked(
        classnames=result.classnames,
        curated=images.classnames,
        raw=images.raw_classnames,
        templates=result.templates,
        reference=reference,
    )


def _vectors(lab: Lab, images: EmbeddingSet, result: ZeroShotResult, train: EmbeddingSet | None) -> CaseVectors:
    return CaseVectors(
        images=images.image_embeddings,
        classes=lab.prompting.class_head(images.key.model, result.templates, result.classnames),
        train=None if train is None else train.image_embeddings,
        logit_scale=images.logit_scale,
        rule=images.score_rule,
    )


def _training(lab: Lab, images: EmbeddingSet) -> EmbeddingSet | None:
    """The training split of these images where it is embedded; None for the training split itself."""
    if images.key.split == TRAIN:
        return None
    try:
        return lab.vectors.find(lab.place(images.key.model, images.key.dataset, TRAIN))
    except TMVError:
        return None


def _zero_shot_acc1(lab: Lab, place: Place) -> float | None:
    try:
        return lab.run(ZeroShot(place=place)).acc1
    except TMVError:
        return None


# --- answers from elsewhere -------------------------------------------------------------------------------


def _dataset(name: str) -> DatasetSpec | None:
    try:
        return find_dataset(name) if name else None
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
    lab: Lab,
    brought: Predictions,
    known: Known,
    data: DatasetSpec | None,
    images: EmbeddingSet,
    asked: Asked | None,
    encode: bool,
    attempt: Attempting,
) -> AuditResult:
    """Predictions beside our own runs on the same pictures."""
    known = cases.of_that_set(known, data, images)
    whole = _runs(lab, data, images, encode, known.texts)
    mapped = external.in_classes_of(brought, images)
    if mapped is not None and is_unnamed(mapped):
        mapped = brought = named_by_order(mapped, images, whole[0] if whole else None)
        if is_unnamed(mapped):
            return audit.audit(external.brought_case(mapped, known, data, asked=asked))
    ours, labels = external.align(brought.ids, images.ids), np.asarray(images.labels)
    rows = np.flatnonzero(ours >= 0)
    strangers = len(ours) - len(rows)
    if len(rows) < MATCHED * len(ours) or mapped is None:
        note = external.not_compared(brought, images, strangers if mapped is not None else 0)
        return audit.audit(external.brought_case(brought, known, data, asked=asked, notes=[note]))
    notes = list(external.strangers_note(strangers, len(ours), images.key.dataset))
    brought = external.renumbered(mapped, labels[ours[rows]], rows)
    turned = count_turned(lab, images, encode) if known.published else None
    known = replace(known, labels={brought.ids[i]: int(labels[ours[i]]) for i in rows}, turned=turned)
    notes += external.missing_note(ours, images, whole[0] if whole else None)
    mine = [replace(a, predicted=a.predicted[ours[rows]], correct=a.correct[ours[rows]]) for a in whole]
    others = runs.rivals(lab, images, _usual(data, images), ours[rows])
    case = external.brought_case(
        brought, known, data, asked=asked, alternatives=mine, others=others, rows=rows, notes=notes
    )
    study = _of_predictions(lab, case, images)
    trial = None if study is None else lab.kept(study) or attempt(study)
    return audit.audit(replace(case, trial=trial))


Attempting = Callable[[Trying], Trial | None]


def _kept_only(study: Trying) -> None:
    """Nothing is tried now."""


def trying_of(lab: Lab, result: AuditResult) -> Trying | None:
    """What may be tried on an audited result: on predictions that were laid beside our own runs, and on a study of our
    own. None where it has been, or where vectors, weights or images are not here."""
    case = result.case
    if case.method != "zero-shot" or case.trial is not None:
        return None
    try:
        place = lab.place(case.model, case.dataset, case.split or None)
        if not can_try(lab, place):
            return None
        if case.source == "figures":
            return _of_figure(lab, case)
        return Trying(place=place) if case.source == "study" else _of_predictions(lab, case, lab.vectors.require(place))
    except TMVError:
        return None


def _of_figure(lab: Lab, case: Case) -> Trying | None:
    """The request for an accuracy without answers; None where its images are not embedded here."""
    if case.source != "figures" or case.method != "zero-shot" or case.acc1 is None or not 0 <= case.acc1 <= 1:
        return None
    try:
        place = lab.place(case.model, case.dataset, case.split or None)
        images = lab.vectors.find(place)
    except TMVError:
        return None
    here = images is not None and images.labels is not None and (case.n_assumed or case.n in (None, len(images)))
    return Trying(place=place, accuracy=case.acc1) if here else None


def _of_predictions(lab: Lab, case: Case, images: EmbeddingSet) -> Trying | None:
    """The request for someone's answers, which are kept for it; None where they are not on our images and classes."""
    if case.answers is None or case.classnames != images.classnames:
        return None
    answers, ours = np.full(len(images), -1, np.int64), external.align(case.answers.ids, images.ids)
    if (ours >= 0).mean() < MATCHED:
        return None
    answers[ours[ours >= 0]] = case.answers.predicted[ours >= 0]
    stated = case.asked.templates if case.asked is not None and case.asked.templates else None
    place = lab.place(images.key.model, images.key.dataset, images.key.split)
    return Trying(place=place, answers=keep_answers(lab, answers), templates=stated)


def _run_of_figure(
    lab: Lab, brought: Predictions, spec: ModelSpec | None, data: DatasetSpec | None, encode: bool
) -> list[audit.Alternative]:
    """Our own run as published, for a figure without answers of the same model on the same split."""
    if spec is None or data is None or brought.predicted is not None or "acc1" not in brought.figures:
        return []
    try:
        images = lab.vectors.find(lab.place(spec.name, data.name, brought.split or None))
    except TMVError:
        return []
    if images is None or images.labels is None or brought.task == "linear_probe":
        return []
    usual = _usual(data, images)
    found = runs.alternative(lab, images, runs.usual_ways(usual)[0], encode)
    return [] if found is None else [found]


def text_runs(lab: Lab, result: AuditResult) -> Place | None:
    """Where runs of our own, with and without the usual mistakes in texts, would tell more of someone's predictions.
    None where they are there, where the model has no such mistakes, or where its images are not embedded."""
    case = result.case
    ways = [PROTOCOL, *(runs.MISTAKES[how][0] for how in runs.mistakes_of(case.known.texts))]
    if case.source != "predictions" or len(ways) == 1 or all(map(case.alternative, ways)):
        return None
    try:
        place = lab.place(case.model, case.dataset, case.split or None)
        return place if lab.vectors.find(place) is not None else None
    except TMVError:
        return None


def encode_text_runs(lab: Lab, place: Place, progress: Progress) -> None:
    """Make the text vectors that the checks of texts compare with; they are kept. Takes the model."""
    images, model = lab.vectors.require(place), place.model.name
    usual = _usual(place.dataset, images)
    known = cases.known_of(place.model, place.dataset, lab.encoding.card(model))
    mistakes = runs.mistakes_of(known.texts)
    steps = Steps(1 + len(mistakes), progress)
    steps.step(partial(lab.prompting.class_head, model, usual.templates, usual.curated))
    for how in mistakes:
        steps.step(partial(_encode_mistaken, lab, images, usual, how))


def _encode_mistaken(lab: Lab, images: EmbeddingSet, usual: Asked, how: str, progress: Progress) -> None:
    """One call of the model; what comes of it is kept."""
    runs.mistaken(lab, images, usual, how, True)


def _usual(data: DatasetSpec | None, images: EmbeddingSet) -> Asked:
    """As published, where that is known."""
    reference = cases.reference_templates(data) if data is not None else ()
    return Asked(
        classnames=images.classnames,
        curated=images.classnames,
        raw=images.raw_classnames,
        templates=reference or runs.PHOTO,
        reference=reference,
    )


def _runs(
    lab: Lab, data: DatasetSpec | None, images: EmbeddingSet, encode: bool, texts: TextSide | None
) -> list[audit.Alternative]:
    """Our own runs on all images of ours: as published, and with the usual departures."""
    usual = _usual(data, images)
    found = [runs.alternative(lab, images, way, encode) for way in runs.usual_ways(usual)]
    found.append(runs.unnormalised(lab, images, usual))
    found += [runs.mistaken(lab, images, usual, how, encode) for how in runs.mistakes_of(texts)]
    return [a for a in found if a is not None]
