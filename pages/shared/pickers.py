"""The choices of a page: widgets in words, drawn from and written to the exact names in the address
(`url_state`).

Names in an address were typed by anyone, so each is looked up again here; one that nobody knows is left
out, with the sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog.models import find_model
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import DATASETS, find_dataset
from core.stats.numbers import listed
from core.types import DatasetSpec, ModelSpec
from core.words.names import say_dataset, say_model, show_on_page
from pages.shared.own_data import page_dataset, page_model
from pages.shared.stored import ANY_KIND, default_datasets, default_models, known_models, stored_pairs
from pages.shared.url_state import get_choice
from pages.shared.widgets import multiselect, select
from pages.shared.words import plain

KINDS = {"classification": "classes", "captions": "captions"}
"""What the pictures of a data set carry, by its kind."""
Spec = TypeVar("Spec", ModelSpec, DatasetSpec)
_below: ContextVar[DeltaGenerator | None] = ContextVar("below", default=None)


def look_up(names: Sequence[str], find: Callable[[str], Spec]) -> tuple[tuple[Spec, ...], tuple[str, ...]]:
    """The records of these names, and the sentences about those that have none."""
    found: dict[str, Spec] = {}
    problems = []
    for name in names:
        try:
            spec = find(name)
            found[spec.name] = spec
        except TMVError as error:
            problems.append(str(error))
    return tuple(found.values()), tuple(problems)


def note_problems(problems: Sequence[str]) -> None:
    """Quiet lines about names that were left out; those about a choice of a `choice_row` stand under the row."""
    place = _below.get()
    for problem in problems:
        (st if place is None else place).caption(plain(problem))


def note_replaced(problems: Sequence[str], what: str, titles: Sequence[str]) -> None:
    """That nothing of what the address asks for can be shown, and what is shown in its place: never in small print,
    since these are another model's or data set's figures."""
    place = _below.get()
    said = f"{' '.join(problems)} Shown instead of the {what} asked for: {listed(titles)}."
    (st if place is None else place).warning(plain(said), icon=":material/warning:")


def _tell(problems: Sequence[str], what: str, titles: Sequence[str], replaced: bool) -> None:
    if replaced and problems:
        note_replaced(problems, what, titles)
    else:
        note_problems(problems)


class ChoiceColumn:
    """A column of a `choice_row`, entered with `with`, as often as there is something to put into it."""

    def __init__(self, column: DeltaGenerator, below: DeltaGenerator) -> None:
        self._column, self._below, self._tokens = column, below, list[Token[DeltaGenerator | None]]()

    def __enter__(self) -> ChoiceColumn:
        self._column.__enter__()
        self._tokens.append(_below.set(self._below))
        return self

    def __exit__(self, *error: Any) -> None:
        _below.reset(self._tokens.pop())
        self._column.__exit__(*error)


def choice_row(widths: int | Sequence[int]) -> list[ChoiceColumn]:
    """Columns for choices, which stand in one row whatever is told about one of them."""
    columns, below = st.columns(widths, vertical_alignment="bottom"), st.container()
    return [ChoiceColumn(column, below) for column in columns]


# --- models and data sets ---------------------------------------------------------------------------------


def pick_models(engine: Engine, datasets: Sequence[DatasetSpec], *, most: int = 8) -> tuple[ModelSpec, ...]:
    """Several models; opens with those that have vectors of these data sets."""
    picked, problems, replaced = _models(engine, tuple(d.name for d in datasets), most)
    options = {m.name: say_model(m) for m in (*known_models(engine), *picked)}
    multiselect(
        "model",
        "Models",
        options,
        [m.name for m in picked[:most]],
        max_selections=most,
        accept_new_options=True,
        help="Any name that OpenCLIP knows can be typed too, as ARCHITECTURE/PRETRAINED.",
    )
    _tell(problems, "model", [say_model(m) for m in picked], replaced)
    _tell_cut(len(picked), most, "models")
    show_on_page(picked[:most])
    return picked[:most]


def pick_datasets(engine: Engine, kind: str = "classification", *, most: int = 6) -> tuple[DatasetSpec, ...]:
    """Several data sets of one kind; opens with those that have vectors."""
    picked, problems, options, replaced = _datasets(engine, kind, most)
    multiselect(
        "data",
        "Data sets",
        options,
        [d.name for d in picked[:most]],
        max_selections=most,
        accept_new_options=True,
        help="Own pictures in the data folder can be typed too, for example folder:my-pictures.",
    )
    _tell(problems, "data set", [say_dataset(d.name) for d in picked], replaced)
    _tell_cut(len(picked), most, "data sets")
    return picked[:most]


def _tell_cut(asked: int, most: int, what: str) -> None:
    """More than a page can show is not cut in silence."""
    if asked > most:
        note_problems([f"{asked} {what} are asked for; the first {most} are shown."])


def pick_dataset(engine: Engine, kind: str = "classification") -> DatasetSpec | None:
    """One data set: the first of those chosen elsewhere. Choosing another puts it first and keeps the
    rest."""
    picked, problems, options, replaced = _datasets(engine, kind, 6)
    if not picked:
        return None
    select("data", "Data set", options, picked[0].name, args=[d.name for d in picked])
    _tell(problems, "data set", [picked[0].title], replaced)
    return picked[0]


def pick_model(engine: Engine, dataset: DatasetSpec) -> ModelSpec:
    """One model: the first of those chosen elsewhere. Choosing another puts it first and keeps the rest."""
    picked, problems, replaced = _models(engine, (dataset.name,), 6)
    options = {m.name: say_model(m) for m in (*known_models(engine), *picked)}
    select("model", "Model", options, picked[0].name, args=[m.name for m in picked])
    _tell(problems, "model", [say_model(picked[0])], replaced)
    return picked[0]


def chosen_model(engine: Engine) -> ModelSpec:
    """The model that a page with one model is about, without drawing anything."""
    return _models(engine, default_datasets(engine, "classification", 6), 6)[0][0]


def _models(
    engine: Engine, datasets: tuple[str, ...], most: int
) -> tuple[tuple[ModelSpec, ...], tuple[str, ...], bool]:
    """The models of the address, what is wrong with its names, and whether others stand in for all of them."""
    picked, problems = look_up(get_choice("model"), lambda n: page_model(engine, n))
    usual = () if picked else tuple(find_model(n) for n in default_models(engine, datasets, most))
    return picked or usual, problems, not picked


def _datasets(
    engine: Engine, kind: str, most: int
) -> tuple[tuple[DatasetSpec, ...], tuple[str, ...], dict[str, str], bool]:
    """The data sets of the address, what is wrong with its names, what can be chosen, and whether others stand in."""
    named, problems = look_up(get_choice("data"), lambda n: page_dataset(engine, n))
    picked = tuple(d for d in named if kind in (d.kind, ANY_KIND))
    replaced = not picked
    if replaced:
        problems += tuple(f"{say_dataset(d.name)} has no {KINDS[kind]}, so it is not shown here." for d in named)
        picked = tuple(find_dataset(n) for n in default_datasets(engine, kind, most))
    offered = [d for d in (*offered_datasets(engine), *picked) if kind in (d.kind, ANY_KIND)]
    return picked, problems, {d.name: say_dataset(d.name) for d in offered}, replaced


def offered_datasets(engine: Engine) -> tuple[DatasetSpec, ...]:
    """The catalog, and own data in the data folder that has vectors here."""
    extra = [n for n in stored_pairs(engine).datasets if n not in {d.name for d in DATASETS}]
    return DATASETS + look_up(extra, lambda n: page_dataset(engine, n))[0]
