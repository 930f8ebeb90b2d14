"""The templates that are compared: a known set or one's own, what they are measured against, and the presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.catalog.prompts import PROMPT_SETS, find_prompt_set
from core.deck.presets import TEMPLATES, TemplatePreset
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.studies.prompts.accuracy import ENSEMBLE
from core.studies.zero_shot.classify import check_templates
from core.words.names import say_dataset
from core.words.prompts import say_template
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.pickers import note_problems
from pages.shared.texts import box_key, checked_lines, get_texts, set_texts
from pages.shared.url_choices import one_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import choice_button, close_choice, select, widget_key
from pages.shared.words import plain

DEFAULT, OWN = "deck", "own"
ROOM = 440


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The templates, in order; `prompt_set` names them where they are a known set ("" otherwise), `baseline`
    is one of them or "ensemble"."""

    templates: tuple[str, ...]
    prompt_set: str
    baseline: str

    @property
    def words(self) -> str:
        """For a button: the set's title, the one template, or how many there are."""
        if self.prompt_set:
            return find_prompt_set(self.prompt_set).title
        return self.templates[0] if len(self.templates) == 1 else count(len(self.templates), "template")

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """For a link; the templates themselves where they are one's own."""
        own = () if self.prompt_set else get_choice("wording", 2000)
        return {"wordings": (self.prompt_set,) if self.prompt_set else (), "wording": own, "baseline": (self.baseline,)}


def wording(engine: Engine) -> Wording:
    """What the address says, checked; says what is wrong with it."""
    own, problem = _own(engine)
    note_problems([problem] if problem else [])
    name = one_of("wordings", [p.name for p in PROMPT_SETS], DEFAULT)
    templates = own or find_prompt_set(name).templates
    expected = "one of the templates that are compared, or ensemble"
    baseline = one_of("baseline", (*templates, ENSEMBLE), templates[0], expected, f"“{templates[0]}” is used instead")
    return Wording(templates=templates, prompt_set="" if own else name, baseline=baseline)


def _own(engine: Engine) -> tuple[tuple[str, ...], str]:
    try:
        found = get_texts(engine, "wording")
        return (tuple(dict.fromkeys(check_templates(found))), "") if found else ((), "")
    except TMVError as error:
        return (), str(error)


# --- choosing ---------------------------------------------------------------------------------------------


def pick_wording(engine: Engine, now: Wording) -> None:
    """A button with the templates in words; inside, a known set or one's own."""
    with choice_button("Templates to compare", plain(now.words), key="wording"):
        titles = {p.name: f"{p.title} ({len(p.templates)})" for p in PROMPT_SETS}
        titles |= {} if now.prompt_set else {OWN: f"The {len(now.templates)} below"}
        select("wordings", "Start from a set", titles, now.prompt_set or OWN, on_change=_took_set)
        key = box_key("wording", now.templates)
        with st.form("own-wording", border=False, width=ROOM):
            st.text_area(
                "Templates, one per line",
                "\n".join(now.templates),
                key=key,
                height=240,
                help="{} is replaced by the class name. Each template is measured alone, and all are averaged.",
            )
            done = partial(close_choice, "wording")
            st.form_submit_button(
                "Compare these",
                type="primary",
                on_click=safe_callback(_wrote, at="wording", then=done),
                args=(engine, key),
            )
        show_form_error("wording")


def _took_set() -> None:
    if (name := st.session_state[widget_key("wordings")]) != OWN:
        take_set(name)


def take_set(name: str) -> None:
    """Callback: compare the templates of a known set."""
    set_choice("wordings", name)
    set_choice("wording", None)
    _keep_baseline(find_prompt_set(name).templates)


def _wrote(engine: Engine, box: str) -> None:
    found = tuple(dict.fromkeys(checked_lines(st.session_state[box], check_templates)))
    known = next((p.name for p in PROMPT_SETS if p.templates == found), "")
    if known or not found:
        take_set(known or DEFAULT)
        return
    set_texts(engine, "wording", found)
    set_choice("wordings", None)
    _keep_baseline(found)


def _keep_baseline(templates: Sequence[str]) -> None:
    """What others are measured against is let go with the template that it was."""
    if not set(get_choice("baseline")) <= {*templates, ENSEMBLE}:
        set_choice("baseline", None)


def pick_baseline(now: Wording) -> None:
    """What every template is measured against, on the same pictures."""
    options = [*now.templates, *([ENSEMBLE] if len(now.templates) > 1 else [])]
    select(
        "baseline",
        "Baseline",
        options,
        now.baseline if now.baseline in options else options[0],
        format_func=say_template,
        help="Differences are paired: both templates classify the same images.",
    )


# --- presets ----------------------------------------------------------------------------------------------


def preset_of(now: Wording, dataset: str) -> TemplatePreset | None:
    """The preset that this choice is, if it is one."""
    return next((p for p in TEMPLATES if p.prompt_set == now.prompt_set and dataset in p.datasets), None)


def pick_preset(now: Wording, dataset: str, offered: Sequence[TemplatePreset] = TEMPLATES) -> None:
    """The deck's question, one click away on each set it is asked on."""
    titles = {p.name: _preset_title(p) for p in offered}
    current = preset_of(now, dataset)
    st.session_state["wording-preset"] = current.name if current else None
    st.pills(
        "Seven templates of the original study, on",
        list(titles),
        key="wording-preset",
        format_func=lambda n: titles.get(n, n),
        on_change=_took_preset,
        wrap=True,
    )


def _preset_title(preset: TemplatePreset) -> str:
    """ "EuroSAT, as titled": the data set, and what the preset's title says about it."""
    _, _, note = preset.title.partition(", ")
    return ", ".join(filter(None, (say_dataset(preset.datasets[0]), note)))


def _took_preset() -> None:
    preset = next((p for p in TEMPLATES if p.name == st.session_state["wording-preset"]), None)
    if preset is None:
        return
    take_set(preset.prompt_set)
    set_choice("data", [preset.datasets[0], *(d for d in get_choice("data") if d != preset.datasets[0])])
    set_choice("baseline", None)
