"""The choices of a page: widgets in words, drawn from and written to the exact names in the address
(`url_state`).

Names in an address were typed by anyone, so each is looked up again here; one that nobody knows is left
out, with the sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from typing import Any, Generic, NoReturn, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog.models import find_model
from core.engine import Engine
from core.errors import NotHere, TMVError
from core.readers.datasets import DATASETS
from core.stats.numbers import listed
from core.types import DatasetSpec, ModelSpec
from core.words.datasets import choice_said
from core.words.names import is_own, say_dataset, say_model, show_on_page
from pages.shared.guard import SaidAlready, public
from pages.shared.model_list import model_options
from pages.shared.own_data import page_dataset, page_model
from pages.shared.stored import carries, default_datasets, default_models, stored_pairs
from pages.shared.url_state import get_choice
from pages.shared.widgets import multiselect, select
from pages.shared.words import plain

KINDS = {"classification": "classes", "captions": "captions"}
"""What the pictures of a data set carry, by its kind."""
OPENS_WITH = 8
"""A page opens with at most so many models; it shows more where they are chosen."""
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


def not_available(problems: Sequence[str], what: str) -> NoReturn:
    """One box that says what is not here and what to do, and the end of this part of the page: no other set's or
    model's numbers are shown under a name that was asked for."""
    place = _below.get()
    said = f"**This {what} is not available here.** {plain(public(' '.join(problems)))}"
    todo = f"Choose another {what}, or add it under [Data & models](data_and_models)."
    (st if place is None else place).warning(f"{said} {todo}", icon=":material/search_off:")
    raise SaidAlready


SHOWN = "choices-shown"


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


@contextmanager
def folded_choices(name: str = "", *, button: bool = True) -> Iterator[None]:
    """What is drawn inside stands behind one button where the screen is narrow, so that the finding comes first; a
    second part of it has a `name` and no `button`. The style of `keep_readable` knows how wide the screen is."""
    shown = bool(st.session_state.get(SHOWN))
    if button:
        st.button("Choices", key="show-choices", icon=":material/tune:", width="stretch", on_click=_turn_choices)
    with st.container(key=f"choices-{'open' if shown else 'folded'}{name}"):
        yield


def _turn_choices() -> None:
    st.session_state[SHOWN] = not st.session_state.get(SHOWN)


def choice_row(widths: int | Sequence[int]) -> list[ChoiceColumn]:
    """Columns for choices, which stand in one row whatever is told about one of them."""
    with folded_choices():
        columns = st.columns(widths, vertical_alignment="bottom")
    below = st.container()
    return [ChoiceColumn(column, below) for column in columns]


# --- models and data sets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked(Generic[Spec]):
    """What the address asks for: the records of its names, what is wrong with the others, and whether these stand in
    for names of another kind of data. `missing` are the names asked for where none of them is here."""

    specs: tuple[Spec, ...]
    problems: tuple[str, ...] = ()
    replaced: bool = False
    missing: tuple[str, ...] = ()

    def tell(self, what: str, titles: Sequence[str]) -> None:
        """Say what is wrong under the field; ends this part of the page where nothing asked for is here."""
        if self.missing:
            not_available(self.problems, what)
        if self.replaced and self.problems:
            note_replaced(self.problems, what, titles)
        else:
            note_problems(self.problems)


def pick_models(
    engine: Engine, datasets: Sequence[DatasetSpec], *, most: int = 16, opens: int = OPENS_WITH
) -> tuple[ModelSpec, ...]:
    """Several models; opens with at most `opens` of those that have vectors of these data sets."""
    found = _models(engine, tuple(d.name for d in datasets), min(most, opens))
    options = model_options(engine, [d.name for d in datasets], found.specs)
    now = [*found.missing, *(m.name for m in found.specs)][:most]
    multiselect(
        "model", "Models", _with(options, now), now, max_selections=most, select_all=False, help=MODEL_HELP, **TYPED
    )
    found.tell("model", [say_model(m) for m in found.specs])
    _tell_cut([say_model(m) for m in found.specs], most, "models")
    if not get_choice("model"):
        _tell_more(len(default_models(engine, tuple(d.name for d in datasets), most * 100)), len(found.specs))
    show_on_page(found.specs[:most])
    return found.specs[:most]


def pick_datasets(engine: Engine, kind: str = "classification", *, most: int = 6) -> tuple[DatasetSpec, ...]:
    """Several data sets of one kind; opens with those that have vectors."""
    found = _datasets(engine, kind, most)
    now = [*found.missing, *(d.name for d in found.specs)][:most]
    # What is chosen stands in a row of its own, where there is no room for counts.
    options = _with({**_offered(engine, kind, ()), **{d.name: say_dataset(d.name) for d in found.specs}}, now)
    multiselect("data", "Data sets", options, now, max_selections=most, help=DATA_HELP, **TYPED)
    found.tell("data set", [say_dataset(d.name) for d in found.specs])
    _tell_cut([say_dataset(d.name) for d in found.specs], most, "data sets")
    return found.specs[:most]


def _tell_cut(asked: Sequence[str], most: int, what: str) -> None:
    """More than a page can show is not cut in silence."""
    if left := asked[most:]:
        said = f"{len(asked)} {what} are chosen and this page shows {most} at a time. Left out: {listed(left, 3)}."
        note_problems([f"{said} Remove others above to see them."])


def _tell_more(here: int, shown: int) -> None:
    """That a page opens with some of the models that are here."""
    if here > shown:
        note_problems([f"{shown} of {here} models with embeddings of this are shown; choose others above."])


def pick_dataset(engine: Engine, kind: str = "classification") -> DatasetSpec | None:
    """One data set: the first of those chosen elsewhere. Choosing another puts it first and keeps the
    rest."""
    found = _first_alone(_datasets(engine, kind, 6, get_choice("data")[:1]), lambda: _datasets(engine, kind, 6))
    names = [*found.missing, *(d.name for d in found.specs)]
    if not names:
        return None
    options = _with(_offered(engine, kind, found.specs), names[:1])
    select("data", "Data set", options, names[0], args=names, help=DATA_HELP, **TYPED)
    one = replace(found, specs=found.specs[:1])
    one.tell("data set", [say_dataset(d.name) for d in one.specs])
    return found.specs[0]


def pick_model(engine: Engine, dataset: DatasetSpec) -> ModelSpec:
    """One model: the first of those chosen elsewhere. Choosing another puts it first and keeps the rest."""
    found = _one_model(engine, (dataset.name,))
    names = [*found.missing, *(m.name for m in found.specs)]
    options = _with(model_options(engine, [dataset.name], found.specs[:1], others=found.specs), names[:1])
    select("model", "Model", options, names[0], args=names, help=MODEL_HELP, **TYPED)
    one = replace(found, specs=found.specs[:1])
    one.tell("model", [say_model(m) for m in one.specs])
    return found.specs[0]


def chosen_model(engine: Engine) -> ModelSpec:
    """The model that a page with one model is about, without drawing anything."""
    found = _one_model(engine, default_datasets(engine, "classification", 6))
    if found.missing:
        raise SaidAlready
    return found.specs[0]


TYPED: Mapping[str, Any] = {"accept_new_options": True}
MODEL_HELP = (
    "Type words to find any model that OpenCLIP lists: family, size, training data, such as “siglip so400m”. "
    "Others can be typed as hf-hub:ORG/NAME or file:CONFIG,WEIGHTS."
)
DATA_HELP = "Your own data in the server's data folder is listed too; its name can be typed, for example folder:birds."


def _with(options: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The options, and what was typed or linked though it is none of them."""
    return {**options, **{name: name for name in names if name not in options}}


def _first_alone(first: Picked[Spec], every: Callable[[], Picked[Spec]]) -> Picked[Spec]:
    """A page of one model or data set is about the first name asked for: where that is not here, none of the others
    answers in its place."""
    return first if first.missing else every()


def _one_model(engine: Engine, datasets: tuple[str, ...]) -> Picked[ModelSpec]:
    first = _models(engine, datasets, 6, get_choice("model")[:1])
    return _first_alone(first, lambda: _models(engine, datasets, 6))


def _models(
    engine: Engine, datasets: tuple[str, ...], most: int, asked: Sequence[str] | None = None
) -> Picked[ModelSpec]:
    asked = get_choice("model") if asked is None else asked
    picked, problems = look_up(asked, lambda n: page_model(engine, n))
    if asked and not picked:
        return Picked(specs=(), problems=problems, missing=tuple(asked))
    return Picked(
        specs=picked or tuple(find_model(n) for n in default_models(engine, datasets, min(most, OPENS_WITH))),
        problems=problems,
    )


def _datasets(engine: Engine, kind: str, most: int, asked: Sequence[str] | None = None) -> Picked[DatasetSpec]:
    asked = get_choice("data") if asked is None else asked
    named, problems = look_up(asked, lambda n: here(engine, page_dataset(engine, n)))
    if asked and not named:
        return Picked(specs=(), problems=problems, missing=tuple(asked))
    if picked := tuple(d for d in named if d.kind == kind or carries(engine, d, kind)):
        return Picked(specs=picked, problems=problems)
    problems += tuple(f"{say_dataset(d.name)} has no {KINDS[kind]}, so it is not shown here." for d in named)
    usual = tuple(page_dataset(engine, n) for n in default_datasets(engine, kind, most))
    return Picked(specs=usual, problems=problems, replaced=True)


def here(engine: Engine, dataset: DatasetSpec) -> DatasetSpec:
    """The same record, of own data only where it or its vectors are here. Raises `NotHere` with the reason."""
    found = engine.data.on_disk(dataset.name).state if is_own(dataset.name) else None
    if found is not None and found.state == "absent":
        raise NotHere(found.why)
    return dataset


def _offered(engine: Engine, kind: str, picked: Sequence[DatasetSpec]) -> dict[str, str]:
    return titles(engine, [*(d for d in offered_datasets(engine) if carries(engine, d, kind)), *picked])


def titles(engine: Engine, datasets: Sequence[DatasetSpec]) -> dict[str, str]:
    """Names of data sets with what a list to choose from shows for each: its title, and how many images are here."""
    return {d.name: choice_said(say_dataset(d.name), engine.data.on_disk(d.name)) for d in datasets}


def offered_datasets(engine: Engine) -> tuple[DatasetSpec, ...]:
    """The catalog, own data in the data folder, and own data that has only vectors here."""
    own = [name for name in engine.data.own() if engine.data.on_disk(name).state.state == "ready"]
    known = {*own, *(d.name for d in DATASETS)}
    extra = [n for n in stored_pairs(engine).datasets if n not in known]
    return DATASETS + look_up([*own, *extra], lambda n: page_dataset(engine, n))[0]
