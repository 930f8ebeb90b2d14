"""The two sides of a comparison: a model, a method and a wording each, kept in the address as `a` and `b`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.catalog.prompts import PROMPT_SETS
from core.engine import Engine
from core.frames import say_model
from core.frames.answered import METHODS, PROBE, ZERO_SHOT, Answered
from core.studies.zero_shot import check_templates
from core.types import DatasetSpec, ModelSpec, TMVError
from pages.shared.here import default_models, known_models
from pages.shared.link import choose, chosen
from pages.shared.own_data import page_model
from pages.shared.pickers import shown, tell
from pages.shared.words import plain

OFFERED = {ZERO_SHOT: "zero-shot", PROBE: "linear probe"}


@dataclass(frozen=True, slots=True)
class Side:
    """`wording` is the name of a prompt set, a template of one's own, or "" for the data set's own prompts."""

    model: ModelSpec
    method: str
    wording: str = ""

    @property
    def token(self) -> tuple[str, ...]:
        """The side as the address holds it: method, model, wording."""
        return (f"{self.method}:{self.model.name}", *([self.wording] if self.wording else []))

    def result(self, engine: Engine, dataset: DatasetSpec, split: str | None) -> Answered | None:
        """The stored answers of this side; None for a probe that is not trained yet. Raises `NotHere`."""
        if self.method == PROBE:
            return engine.probe_cached(self.model.name, dataset.name, split)
        templates = [self.wording] if "{}" in self.wording else None
        prompt_set = None if templates else self.wording or None
        return engine.zero_shot(self.model.name, dataset.name, split, templates, prompt_set)

    def words(self, others: Sequence[Side]) -> str:
        """What tells this side from the others, with the model's name first."""
        parts = [say_model(self.model)]
        if any(side.method != self.method for side in others):
            parts.append(METHODS[self.method])
        if any(side.wording != self.wording for side in others) and self.method == ZERO_SHOT:
            parts.append(f"“{self.wording}”" if "{}" in self.wording else _titles()[self.wording])
        return ", ".join(parts)


def _titles() -> dict[str, str]:
    return {"": "own prompts of the set", **{p.name: p.title for p in PROMPT_SETS}}


def sides(engine: Engine, dataset: DatasetSpec) -> tuple[Side, Side]:
    """Both sides as the address has them, or the first two models that have vectors of this data set."""
    names = default_models(engine, (dataset.name,), 2)
    first, last = engine.model(names[0]), engine.model(names[-1])
    other = Side(last, ZERO_SHOT if len(names) > 1 else PROBE)
    return _side(engine, "a", Side(first, ZERO_SHOT)), _side(engine, "b", other)


def _side(engine: Engine, name: str, default: Side) -> Side:
    values = chosen(name)
    if not values:
        return default
    method, _, model = values[0].partition(":")
    wording = values[1] if len(values) > 1 else ""
    try:
        if "{}" in wording:
            check_templates([wording])
        spec = page_model(engine, model)
    except TMVError as error:
        tell([str(error)])
        return default
    return Side(spec, method if method in OFFERED else ZERO_SHOT, wording if _usable(wording) else "")


def _usable(wording: str) -> bool:
    return "{}" in wording or wording in _titles()


def pick_side(engine: Engine, name: str, side: Side, title: str) -> None:
    """The choices of one side in a row: model, method and, for zero-shot, the wording."""
    models = {m.name: say_model(m) for m in (*known_models(engine), side.model)}
    st.markdown(f"**{title}**")
    left, middle, right = st.columns([4, 3, 5], vertical_alignment="bottom")
    st.session_state[shown(f"{name}-model")] = side.model.name
    left.selectbox("Model", list(models), key=shown(f"{name}-model"), format_func=lambda n: models.get(n, n),
                   on_change=_chose, args=(name,))
    st.session_state[shown(f"{name}-method")] = side.method
    middle.selectbox("Method", list(OFFERED), key=shown(f"{name}-method"), format_func=OFFERED.__getitem__,
                     on_change=_chose, args=(name,))
    titles = _titles() | ({side.wording: side.wording} if "{}" in side.wording else {})
    st.session_state[shown(f"{name}-wording")] = side.wording
    right.selectbox("Wording", list(titles), key=shown(f"{name}-wording"), format_func=lambda n: titles.get(n, n),
                    accept_new_options=True, on_change=_chose, args=(name,), disabled=side.method == PROBE,
                    help="A prompt set, or a template of your own with {} for the class name.")


def _chose(name: str) -> None:
    state = {part: st.session_state[shown(f"{name}-{part}")] or "" for part in ("model", "method", "wording")}
    wording = state["wording"].strip()
    choose(name, (f"{state['method']}:{state['model']}", *([wording] if wording else [])))
    choose("picture", None)




def said(side: Side, other: Side) -> str:
    """A side's name in Markdown."""
    return plain(side.words([side, other]))
