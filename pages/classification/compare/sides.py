"""The two sides of a comparison: a model, a method and a wording each, kept in the address as `a` and `b`.

A few-shot method has two numbers in its name, the pictures a class and the seed of the draw: `tip-f/16/0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.catalog.models import find_model
from core.catalog.prompts import PROMPT_SETS
from core.engine import Engine
from core.errors import TMVError, unknown
from core.stats.numbers import count
from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.study import SingleDraw
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.classify import ZeroShotResult, check_templates
from core.studies.zero_shot.study import ZeroShot
from core.types import DatasetSpec, ModelSpec
from core.words.few_shot import say_draw
from core.words.names import DRAWN, METHODS, PROBE, ZERO_SHOT, few_shot_method, say_model, short_names
from core.words.shorter import middle_out
from pages.classification.compare.few_shot_side import SEED, SHOTS_OPENED, pick_draw, read_draw
from pages.shared.encode import encode_filled
from pages.shared.model_list import model_options
from pages.shared.own_data import page_model
from pages.shared.pickers import MODEL_HELP, TYPED, look_up, note_problems
from pages.shared.stored import default_models, stored_pairs
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import select, widget_key

OFFERED = {
    ZERO_SHOT: "Zero-shot",
    PROBE: "Linear probe",
    "few-shot-probe": "Few-shot probe",
    "tip": "Tip-Adapter",
    "tip-f": "Tip-Adapter-F",
}
SideResult = ZeroShotResult | ProbeResult | FewShotDraw
UNPROMPTED = (PROBE, "few-shot-probe")
MOST_TEMPLATES, MOST_OF_A_NAME = 20, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """`wording` is () for the data set's own prompts, the name of a prompt set, or templates of one's own; `shots` and
    `seed` count for few-shot methods."""

    model: ModelSpec
    method: str
    wording: tuple[str, ...] = ()
    shots: int = SHOTS_OPENED
    seed: int = SEED

    @property
    def drawn(self) -> bool:
        """Whether it learns from a draw of few pictures."""
        return self.method in DRAWN

    @property
    def trained(self) -> bool:
        """Whether it learns from pictures of the training split."""
        return self.method != ZERO_SHOT

    @property
    def prompted(self) -> bool:
        """Whether prompts have a part in it."""
        return self.method not in UNPROMPTED

    @property
    def token(self) -> tuple[str, ...]:
        """The side as the address holds it: method and model, then the wording."""
        method = f"{self.method}/{self.shots}/{self.seed}" if self.drawn else self.method
        return (f"{method}:{self.model.name}", *self.wording)

    @property
    def templates(self) -> tuple[str, ...] | None:
        """Templates of one's own, where there are any."""
        return self.wording if any("{}" in text for text in self.wording) else None

    @property
    def prompts(self) -> dict[str, Any]:
        """The wording as the engine is told it."""
        named = self.wording[0] if self.wording and not self.templates else None
        return {"templates": self.templates, "prompt_set": named}

    @property
    def draw(self) -> dict[str, Any]:
        """A few-shot side without its seed, as the engine is told it."""
        return {"method": few_shot_method(self.method), "shots": self.shots, **self.prompts}

    def result(self, engine: Engine, dataset: DatasetSpec, split: str | None, classnames: str) -> SideResult | None:
        """The stored answers of this side; None for a classifier that is not trained yet. Raises `NotHere`, and
        `EncoderWarming` where new templates wait for the encoder."""
        place = self.model.name, dataset.name, split
        if self.method == PROBE:
            return engine.kept(LinearProbe.at(engine, *place))
        if self.drawn:
            return engine.kept(SingleDraw.at(engine, *place, seed=self.seed, **self.draw))
        if self.templates:
            images = engine.vectors.require(engine.place(*place))
            encode_filled(engine, self.model.name, self.templates, engine.prompting.classnames(images, classnames))
        return engine.run(ZeroShot.at(engine, *place, classnames=classnames, **self.prompts))

    def words(self, other: Side) -> str:
        """What tells this side from the other one, the model's name first."""
        return ", ".join([say_model(self.model), *self._apart(other)])

    def short(self, other: Side) -> str:
        """The least that tells the two apart: "LAION-2B", "Linear probe", "The deck's seven"."""
        if self.model.name == other.model.name:
            said = ", ".join(self._apart(other)) or say_model(self.model)
            return said[0].upper() + said[1:]
        return ", ".join([short_names([self.model, other.model])[0], *self._apart(other)])

    def _apart(self, other: Side) -> list[str]:
        found = []
        if (self.method, self.shots, self.seed) != (other.method, other.shots, other.seed):
            found.append(self._how(other))
        if self.prompted and other.prompted and other.wording != self.wording:
            found.append(say_wording(self.wording))
        return found

    def _how(self, other: Side) -> str:
        if not self.drawn:
            return METHODS[self.method]
        same = (self.method, self.shots) == (other.method, other.shots)
        return say_draw(self.method, self.shots, self.seed if same else None)


def say_wording(wording: tuple[str, ...]) -> str:
    """ "CLIP's three for EuroSAT", or the template itself in quotes."""
    if wording and "{}" in "".join(wording):
        return f"“{wording[0]}”" if len(wording) == 1 else count(len(wording), "own template")
    return _titles()[wording[0] if wording else ""]


def _titles() -> dict[str, str]:
    return {"": "Default prompts", **{p.name: p.title for p in PROMPT_SETS}}


# --- from the address -------------------------------------------------------------------------------------


def sides(engine: Engine, dataset: DatasetSpec) -> tuple[tuple[Side, Side], tuple[str, ...]]:
    """Both sides as the address has them; else the first two models chosen on other pages, or that have vectors of
    this data set; where there is one model only, its zero-shot and its probe. And what of the address is not here, in
    whose place nothing may be shown."""
    models, problems = look_up(get_choice("model"), lambda name: page_model(engine, name))
    wrong = [] if models or (get_choice("a") and get_choice("b")) else list(problems)
    stored = stored_pairs(engine).pairs
    names = [m.name for m in models if (m.name, dataset.name) in stored]
    names += [n for n in default_models(engine, (dataset.name,), 6) if n not in names]
    first, last = find_model(names[0]), find_model(names[min(1, len(names) - 1)])
    other = Side(model=last, method=ZERO_SHOT if len(names) > 1 else PROBE)
    two = _side(engine, "a", Side(model=first, method=ZERO_SHOT), wrong), _side(engine, "b", other, wrong)
    return two, tuple(wrong)


def _side(engine: Engine, name: str, default: Side, wrong: list[str]) -> Side:
    values = get_choice(name)
    if not values:
        return default
    try:
        return _read(engine, name, values)
    except TMVError as error:
        wrong.append(str(error))
        return default


def _read(engine: Engine, name: str, values: tuple[str, ...]) -> Side:
    named, _, model = values[0].partition(":")
    method, _, drawn = named.partition("/")
    if method not in OFFERED or (drawn and method not in DRAWN):
        raise unknown("method", named, OFFERED)
    spec = page_model(engine, model)
    shots, seed = read_draw(name, drawn)
    if method in UNPROMPTED:
        return Side(model=spec, method=method, wording=(), shots=shots, seed=seed)
    try:
        return Side(model=spec, method=method, wording=_checked(values[1:]), shots=shots, seed=seed)
    except TMVError as error:
        note_problems([str(error)])
        return Side(model=spec, method=method, wording=(), shots=shots, seed=seed)


def _checked(wording: tuple[str, ...]) -> tuple[str, ...]:
    """The wording; raises `TMVError` for what is neither a prompt set nor templates."""
    if any("{}" in text for text in wording) or len(wording) > 1:
        return check_templates(wording[:MOST_TEMPLATES])
    if wording and wording[0] not in _titles():
        raise TMVError(
            f"{wording[0]!r} is no known prompt set, and a template of your own needs {{}} where the class name goes."
        )
    return wording


# --- widgets ----------------------------------------------------------------------------------------------


def side_titles(first: Side, second: Side) -> tuple[str, str]:
    """What the choices of each side are called by: its model, and which of the two where it is the same one."""
    if first.model.name == second.model.name:
        name = say_model(first.model)
        return f"{name} (first)", f"{name} (second)"
    # Labels of fields in one row: a name that takes three lines would push them apart.
    a, b = (middle_out(name, MOST_OF_A_NAME) for name in short_names([first.model, second.model]))
    return a, b


def pick_side(engine: Engine, dataset: DatasetSpec, name: str, side: Side, which: str, title: str) -> None:
    """The choices of one side in a row: model, method and, for zero-shot, the wording. `which` of the two it is names
    the model, the model (`title`) the rest."""
    models = model_options(engine, [dataset.name], [side.model])
    left, middle, right = st.columns([5, 4, 5], vertical_alignment="bottom")
    with left:
        look = {"on_change": _chose, "args": (name, side.wording), "help": MODEL_HELP, **TYPED}
        select(f"{name}-model", which, models, side.model.name, **look)
    with middle:
        select(f"{name}-method", f"{title}: method", OFFERED, side.method, on_change=_chose, args=(name, side.wording))
    with right:
        if side.prompted:
            _pick_wording(name, side, title)
        else:
            st.markdown("Trained on labels; it needs no prompts.")
    if side.drawn:
        pick_draw(name, side.shots, side.seed, title, _chose, (name, side.wording))


def _pick_wording(name: str, side: Side, title: str) -> None:
    titles = _titles()
    now = side.wording[0] if side.wording else ""
    if side.templates:
        titles[now] = say_wording(side.wording).strip("“”")
    select(
        f"{name}-wording",
        f"{title}: prompts",
        titles,
        now,
        accept_new_options=True,
        on_change=_chose,
        args=(name, side.wording),
        help="A known set, or a template of your own with {} for the class name.",
    )


def _chose(name: str, before: tuple[str, ...]) -> None:
    model, method = (st.session_state[widget_key(f"{name}-{part}")] for part in ("model", "method"))
    wording, shots, seed = (st.session_state.get(widget_key(f"{name}-{part}")) for part in ("wording", "shots", "seed"))
    if method in DRAWN:
        # What is written into the box is checked as anything in the address is.
        method = f"{method}/{SHOTS_OPENED if shots is None else shots}/{SEED if seed is None else seed}"
    # Several own templates stand in the box by their first; another model or method keeps them all.
    kept = before if before and wording == before[0] else ((wording or "").strip(),)
    set_choice(name, [f"{method}:{model}", *([] if method.split("/")[0] in UNPROMPTED else kept)])
    set_choice("parted", None)
    st.session_state["page_a"] = st.session_state["page_b"] = 1
