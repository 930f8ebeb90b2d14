"""Cases from elsewhere: someone's own predictions, figures of an evaluation, and the deck's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from core.catalog import registry
from core.catalog.benchmark_names import QUICK, PublishedSet, open_clip_name, published_set
from core.catalog.field import find_checkpoint
from core.catalog.models import find_model
from core.catalog.published import deck_figures, published
from core.errors import TMVError, UnknownName
from core.readers.datasets import DATASETS
from core.readers.external import Classes, Predictions
from core.readers.prediction_classes import Join
from core.stats.numbers import count, percent, some_of, verb
from core.studies.audit import Alternative, Asked, Case, CaseAnswers, Cell, Known
from core.studies.audit.cases import known_of, text_side, trained_rule
from core.studies.field.own import field_set_of
from core.types import DatasetSpec, EmbeddingSet, IntArray, ModelSpec, Note, Reference, beside


def weights_named(model: str, pretrained: str) -> tuple[ModelSpec | None, str, str]:
    """(record, what is wrong with the pair, the name that loads it with QuickGELU where this one does not say so)."""
    architecture, pretrained = open_clip_name(model, pretrained)
    name = f"{architecture}/{pretrained}" if pretrained else architecture
    if not name:
        return None, "", ""
    try:
        spec = find_model(name)
    except UnknownName:
        return None, "", ""
    except TMVError as error:
        twin = f"{architecture}{QUICK}"
        known = (twin, pretrained) in registry.published_weights()
        if pretrained.lower() == "openai" and known:
            return find_model(f"{twin}/{pretrained}"), "", twin  # most tools load these weights right by either name
        return None, str(error), ""
    listed = registry.published_weights().get((spec.architecture, spec.pretrained))
    quick = bool(listed and listed.quick_gelu) and not registry.architecture_config(spec.architecture).get("quick_gelu")
    return spec, "", f"{spec.architecture}-quickgelu" if quick else ""


def known_of_figures(model: ModelSpec | None, pictures: PublishedSet) -> Known:
    """What is known of someone's figures on the very pictures that published ones are for."""
    return Known(
        sizes={pictures.split: pictures.n},
        classes=pictures.classes or None,
        balanced=pictures.balanced,
        measured_on=(pictures.split,),
        published=published(model, pictures.spec) if model is not None else (),
        own_preprocessing=None,
        rule=trained_rule(model, None),
        texts=text_side(model, None),
        checkpoint=find_checkpoint(model.name) if model is not None else None,
        field_set=field_set_of(pictures.spec),
    )


def identified(
    brought: Predictions,
    spec: ModelSpec | None,
    pictures: PublishedSet | None,
    data: DatasetSpec | None,
    model: str,
    dataset: str,
    split: str,
) -> Predictions:
    """What was brought under the names it is audited by; names that mean nothing here, or that a reader replaced
    (`model`, `dataset`, `split` as asked for), are told."""
    own_model = "/".join(filter(None, (brought.model, brought.pretrained)))
    own_set = brought.dataset
    notes = list(brought.notes)
    if own_model and spec is None:
        notes.append(Note(f"The model “{own_model}” is none that is known here.", "unknown_model"))
    if own_set and data is None and pictures is None:
        notes.append(Note(f"The data set “{own_set}” is none that is known here.", "unknown_dataset"))
    for own, asked, what, code in (
        (own_model, model, "model", "other_model"),
        (own_set, dataset, "data set", "other_data_set"),
    ):
        if own and asked and not _same_thing(own, asked):
            said = f"The document names the {what} “{own}”; it is audited as {asked}, as asked for."
            notes.append(Note(said, code, "warning"))
    if own_set and brought.split and split and split != brought.split:
        said = f"The document names the split {brought.split}; it is audited as {split}, as asked for."
        notes.append(Note(said, "other_split", "warning"))
    if spec is not None:
        brought = replace(brought, model=spec.name, pretrained="")
    name = data.name if data is not None else pictures.published_name if pictures is not None else own_set
    return replace(brought, dataset=name, split=split or brought.split, notes=tuple(notes))


def _same_thing(own: str, asked: str) -> bool:
    """Whether two names mean one model or one data set."""
    if own == asked or "/".join(open_clip_name(own, "")).removesuffix("/") == asked:
        return True
    if (found := published_set(own)) is None:
        return False
    return asked in (found.published_name, *(d.name for d in DATASETS if d.published_name == found.published_name))


def in_classes_of(brought: Predictions, images: EmbeddingSet) -> Predictions | None:
    """The same predictions with classes as the pictures of ours count them, joined by name; None where they do not
    join. Numbers are positions only where neither side has numbers for names."""
    if brought.classnames == images.classnames:
        return brought
    join = Join.of(Classes(names=images.classnames, raw=images.raw_classnames))
    places = [join(name) for name in brought.classnames]
    whole = len(brought.classnames) == len(images.classnames)
    if None in places or len(set(places)) < len(places) or brought.labels is None or brought.predicted is None:
        return None
    if brought.scores is not None and not whole:
        return None
    to = np.array(places, dtype=np.int64)
    scores = brought.scores
    if scores is not None:
        scores = replace(scores, values=np.ascontiguousarray(scores.values[:, np.argsort(to)]))
    return replace(
        brought, labels=to[brought.labels], predicted=to[brought.predicted], scores=scores, classnames=images.classnames
    )


def renumbered(brought: Predictions, labels: IntArray, rows: IntArray) -> Predictions:
    """The same predictions where a table counts the classes in another order than we do: then each of its numbers is
    one class of ours for all pictures (`labels` (n,) are ours of the `rows`), and the answers only make sense so."""
    if not brought.numbered or brought.labels is None or brought.predicted is None:
        return brought
    theirs, c = brought.labels[rows], len(brought.classnames)
    to = np.full(c, -1, np.int64)
    to[theirs] = labels
    steady = bool((to[theirs] == labels).all()) and len(set(labels.tolist())) == len(set(theirs.tolist()))
    answers = brought.predicted[rows]
    if not steady or (theirs == labels).all() or (answers == theirs).mean() <= (answers == labels).mean():
        return brought
    left = sorted(set(range(c)) - set(to.tolist()))
    to[to < 0] = left[: int((to < 0).sum())]
    scores = brought.scores
    if scores is not None:
        scores = replace(scores, values=np.ascontiguousarray(scores.values[:, np.argsort(to)]))
    first = int(theirs[0])
    said = (
        f"The table counts the classes in another order than the data set ({first} is "
        f"“{brought.classnames[to[first]]}”); they were joined by the labels of the images."
    )
    return replace(
        brought,
        labels=to[brought.labels],
        predicted=to[brought.predicted],
        scores=scores,
        notes=(*brought.notes, Note(said, "renumbered")),
    )


def not_compared(brought: Predictions, images: EmbeddingSet, strangers: int) -> Note:
    """Why someone's table was not laid beside runs of our own."""
    if strangers:
        whole = some_of(strangers, len(brought.ids), "image")
        return Note(
            f"{whole} none of {images.key.dataset}, so it was not compared with our own runs.",
            "not_compared",
            "warning",
        )
    said = (
        f"The {len(brought.classnames):,} classes of the table are not the {len(images.classnames):,} of "
        f"{images.key.dataset}, so it was not compared with our own runs."
    )
    return Note(said, "not_compared", "warning")


def strangers_note(strangers: int, n: int, dataset: str) -> tuple[Note, ...]:
    """How many rows are pictures that the data set does not have."""
    if not strangers:
        return ()
    return (Note(f"{some_of(strangers, n, 'image')} none of {dataset} and left out.", "strangers", "warning"),)


def missing_note(ours: IntArray, images: EmbeddingSet, own: Alternative | None) -> tuple[Note, ...]:
    """How many images of the data set have no row in the table, and whether they are the hard ones: `ours` (n,) the
    row of ours that each row of the table means, `own` our own run on all of ours."""
    left = np.ones(len(images), np.bool_)
    left[ours[ours >= 0]] = False
    if not left.any():
        return ()
    key, lost = images.key, int(left.sum())
    which = f"{lost:,} of the {count(len(images), 'image')} of {key.dataset} ({key.split})"
    said = f"{which} {verb(lost, 'has', 'have')} no row in the table"
    if own is not None and len(own.correct) == len(left) and not left.all():
        gone, kept = own.correct[left], own.correct[~left]
        shares = [percent(float(part.mean())) for part in (gone, kept)]
        said += f"; our own run has {shares[0]} of them right and {shares[1]} of the rest"
    return (Note(f"{said}.", "missing_rows", "warning"),)


def align(ids: Sequence[str], ours: Sequence[str]) -> IntArray:
    """For each of someone's picture names the row of ours it means, −1 for none: (n,) int64.

    By the whole name, else by folder and file, else by the file's name alone where that is unique.
    """
    found = np.full(len(ids), -1, np.int64)
    for parts in (0, 2, 1):
        wanted = [_tail(name, parts) for name in ids]
        place = _unique([_tail(name, parts) for name in ours])
        for row in np.flatnonzero(found < 0):
            found[row] = place.get(wanted[row], -1)
    return found


def _tail(name: str, parts: int) -> str:
    if not parts:
        return name
    path = PurePosixPath(name.replace("\\", "/"))
    return "/".join([*path.parts[-parts:-1], path.stem])


def _unique(names: Sequence[str]) -> dict[str, int]:
    place, twice = dict[str, int](), set[str]()
    for row, name in enumerate(names):
        if name in place:
            twice.add(name)
        place[name] = row
    return {name: row for name, row in place.items() if name not in twice}


def brought_case(
    brought: Predictions,
    known: Known,
    dataset: DatasetSpec | None,
    *,
    asked: Asked | None = None,
    alternatives: Sequence[Alternative] = (),
    others: Sequence[Cell] = (),
    rows: IntArray | None = None,
    notes: Sequence[Note] = (),
) -> Case:
    """Someone's predictions or figures. `rows` keeps only these rows of a table."""
    answers = None if brought.predicted is None or brought.labels is None else _answers(brought, rows)
    model = "/".join(filter(None, (brought.model, brought.pretrained)))
    size = brought.n if answers is None else len(answers.ids)
    c = len(brought.classnames) or (len(dataset.classnames) if dataset is not None else 0) or known.classes
    return Case(
        title=brought.source,
        source="figures" if answers is None else "predictions",
        model=model,
        method=_method(brought),
        dataset=brought.dataset,
        split=brought.split,
        scores=dict(brought.figures) or _counted(answers),
        n=size or _official(known),
        n_assumed=not size,
        c=c,
        classnames=brought.classnames,
        answers=answers,
        asked=asked,
        known=known,
        alternatives=tuple(alternatives),
        others=tuple(others),
        notes=beside(brought.notes, notes),
        train_acc1=brought.train_acc1,
        captions=brought.captions,
    )


def _method(brought: Predictions) -> Any:
    if brought.task == "linear_probe":
        return "probe"
    return "retrieval" if any("_retrieval_" in name for name in brought.figures) else "zero-shot"


def _answers(brought: Predictions, rows: IntArray | None) -> CaseAnswers:
    keep = np.arange(len(brought.ids)) if rows is None else rows
    labels, predicted = np.asarray(brought.labels)[keep], np.asarray(brought.predicted)[keep]
    ids = tuple(brought.ids[i] for i in keep)
    if brought.scores is None:
        sure = None if brought.probability is None else brought.probability[keep]
        return CaseAnswers(ids=ids, labels=labels, top=predicted[:, None], ranks=None, probability=sure)
    values = brought.scores.values[keep]
    top = np.argsort(-values, axis=1, kind="stable")[:, :5].astype(np.int64)
    own = values[np.arange(len(labels)), labels]
    ranks = 1 + np.count_nonzero(values > own[:, None], axis=1).astype(np.int64)
    return CaseAnswers(
        ids=ids, labels=labels, top=top, ranks=ranks, probability=None, scores=values, kind=brought.scores.kind
    )


def _counted(answers: CaseAnswers | None) -> dict[str, float]:
    if answers is None:
        return {}
    five = answers.within(5)
    found = {"acc1": float(answers.correct.mean())}
    return found if five is None else found | {"acc5": float(five.mean())}


def _official(known: Known) -> int | None:
    """The size of what published figures are for, where figures do not say theirs."""
    return next((known.sizes[s] for s in reversed(known.measured_on) if s in known.sizes), None)


# --- the deck ---------------------------------------------------------------------------------------------


def deck_cases(models: Sequence[ModelSpec], datasets: Sequence[DatasetSpec]) -> tuple[Case, ...]:
    """Every zero-shot cell and probe of the deck as a case of figures, beside the deck's other cells."""
    cells = [(m, d, deck_figures(m, d)) for d in datasets for m in models if deck_figures(m, d)]
    found = list[Case]()
    for model, dataset, figures in cells:
        rivals = [_deck_cell(m, d, f) for m, d, f in cells if d is dataset and m is not model]
        found += _deck_cases(model, dataset, figures, rivals)
    return tuple(found)


def _deck_cell(model: ModelSpec, dataset: DatasetSpec, figures: Sequence[Reference]) -> Cell:
    return Cell(title=f"{model.title} on {dataset.title}", model=model.name, scores=_deck_scores(figures, "zeroshot_"))


def _deck_scores(figures: Sequence[Reference], start: str) -> dict[str, float]:
    return {r.metric.removeprefix(start): r.value for r in figures if r.metric.startswith(start)}


def _deck_cases(
    model: ModelSpec, dataset: DatasetSpec, figures: Sequence[Reference], others: Sequence[Cell]
) -> list[Case]:
    known, c = known_of(model, dataset), len(dataset.classnames) or None
    zero, probe = _deck_scores(figures, "zeroshot_"), _deck_scores(figures, "linear_probe_")
    split = next((s for s in reversed(known.measured_on) if s in known.sizes), dataset.default_split)
    shared: dict[str, Any] = {
        "model": model.name,
        "dataset": dataset.name,
        "source": "figures",
        "c": c,
        "n": _official(known),
        "known": known,
        "classnames": dataset.classnames,
        "split": split,
    }
    where = f"{model.title} on {dataset.title}"
    cases = [Case(title=f"the original study: {where}", scores=zero, others=tuple(others), **shared)] if zero else []
    if probe:
        cases.append(
            Case(
                title=f"the original study: linear probe of {where}",
                method="probe",
                scores={"acc1": probe["test_acc1"]},
                train_acc1=probe.get("train_acc1"),
                zero_shot_acc1=zero.get("acc1"),
                **shared,
            )
        )
    return cases
