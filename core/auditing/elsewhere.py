"""Cases from elsewhere: someone's own predictions, figures of an evaluation, and the deck's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from core.auditing.cases import known_of
from core.catalog import registry
from core.catalog.models import find_model
from core.catalog.published import deck_figures
from core.readers.brought import Predictions
from core.studies.audit import Alternative, Answers, Asked, Case, Cell, Known
from core.types import DatasetSpec, IntArray, ModelSpec, Reference, TMVError, UnknownName


def weights_named(model: str, pretrained: str) -> tuple[ModelSpec | None, str, str]:
    """(record, what is wrong with the pair, the name that loads it with QuickGELU where this one does not say so)."""
    name = model if not pretrained or "/" in model else f"{model}/{pretrained}"
    if not name:
        return None, "", ""
    try:
        spec = find_model(name)
    except UnknownName:
        return None, "", ""
    except TMVError as error:
        return None, str(error), ""
    listed = registry.published_weights().get((spec.architecture, spec.pretrained))
    quick = bool(listed and listed.quick_gelu) and not registry.architecture_config(spec.architecture).get("quick_gelu")
    return spec, "", f"{spec.architecture}-quickgelu" if quick else ""


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
    rows: IntArray | None = None,
    notes: Sequence[str] = (),
) -> Case:
    """Someone's predictions or figures. `rows` keeps only these rows of a table."""
    answers = None if brought.predicted is None or brought.labels is None else _answers(brought, rows)
    model = "/".join(filter(None, (brought.model, brought.pretrained)))
    size = brought.n if answers is None else len(answers.ids)
    c = len(brought.classnames) or (len(dataset.classnames) if dataset is not None else 0) or None
    return Case(
        title=brought.source, source="figures" if answers is None else "predictions", model=model,
        method=_method(brought), dataset=brought.dataset, split=brought.split,
        scores=dict(brought.figures) or _counted(answers), n=size or _official(known), n_assumed=not size, c=c,
        classnames=brought.classnames, answers=answers, asked=asked, known=known,
        alternatives=tuple(alternatives), notes=tuple(notes),
    )  # fmt: skip


def _method(brought: Predictions) -> Any:
    if brought.task == "linear_probe":
        return "probe"
    return "retrieval" if any("_retrieval_" in name for name in brought.figures) else "zero-shot"


def _answers(brought: Predictions, rows: IntArray | None) -> Answers:
    keep = np.arange(len(brought.ids)) if rows is None else rows
    labels, predicted = np.asarray(brought.labels)[keep], np.asarray(brought.predicted)[keep]
    ids = tuple(brought.ids[i] for i in keep)
    if brought.scores is None:
        sure = None if brought.probability is None else brought.probability[keep]
        return Answers(ids, labels, predicted[:, None], None, sure)
    values = brought.scores.values[keep]
    top = np.argsort(-values, axis=1, kind="stable")[:, :5].astype(np.int64)
    own = values[np.arange(len(labels)), labels]
    ranks = 1 + np.count_nonzero(values > own[:, None], axis=1).astype(np.int64)
    return Answers(ids, labels, top, ranks, None, values, brought.scores.kind)


def _counted(answers: Answers | None) -> dict[str, float]:
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
    return Cell(f"{model.title} on {dataset.title}", model.name, _deck_scores(figures, "zeroshot_"))


def _deck_scores(figures: Sequence[Reference], start: str) -> dict[str, float]:
    return {r.metric.removeprefix(start): r.value for r in figures if r.metric.startswith(start)}


def _deck_cases(
    model: ModelSpec, dataset: DatasetSpec, figures: Sequence[Reference], others: Sequence[Cell]
) -> list[Case]:
    known, c = known_of(model, dataset), len(dataset.classnames) or None
    zero, probe = _deck_scores(figures, "zeroshot_"), _deck_scores(figures, "linear_probe_")
    split = next((s for s in reversed(known.measured_on) if s in known.sizes), dataset.default_split)
    shared: dict[str, Any] = {"model": model.name, "dataset": dataset.name, "source": "figures", "c": c,
                              "n": _official(known), "known": known, "classnames": dataset.classnames,
                              "split": split}  # fmt: skip
    where = f"{model.title} on {dataset.title}"
    cases = [Case(f"the deck: {where}", scores=zero, others=tuple(others), **shared)] if zero else []
    if probe:
        cases.append(
            Case(
                f"the deck: linear probe of {where}", method="probe", scores={"acc1": probe["test_acc1"]},
                train_acc1=probe.get("train_acc1"), zero_shot_acc1=zero.get("acc1"), **shared,
            )
        )  # fmt: skip
    return cases
