"""How pictures are asked about: prompts, class names and the split. One button in words; what can change
it inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from core.catalog.prompts import PROMPT_SETS
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.studies.zero_shot.classify import ZeroShotResult, check_templates
from core.studies.zero_shot.study import ZeroShot
from core.types import DatasetSpec
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.pickers import note_problems
from pages.shared.texts import lines, short_enough
from pages.shared.url_choices import one_of
from pages.shared.url_state import MOST, get_choice, set_choice
from pages.shared.widgets import choice_button, close_choice, radio, select, widget_key
from pages.shared.words import plain

OWN = "own"
CLASSNAMES = {"curated": "Curated", "raw": "Folder names"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChoice:
    """The prompts, class names and split of a zero-shot study; `split` counts for the data sets that
    have it."""

    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"
    split: str | None = None

    def split_of(self, dataset: DatasetSpec) -> str | None:
        """The split to study: the chosen one where the data set has it, else its own default."""
        return self.split if self.split in dataset.splits else None

    def study(self, engine: Engine, model: str, dataset: DatasetSpec) -> ZeroShotResult:
        """The zero-shot study asked for; raises what `Engine.run` raises."""
        return engine.run(ZeroShot.at(engine, model, dataset.name, self.split_of(dataset), **self.prompts))

    @property
    def prompts(self) -> dict[str, Any]:
        """How pictures are asked about, as studies take it."""
        return {"templates": self.templates, "prompt_set": self.prompt_set, "classnames": self.classnames}

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """For a link to this page."""
        return {
            "split": (self.split,) if self.split else (),
            "template": self.templates or (),
            "templates": (self.prompt_set,) if self.prompt_set else (),
            "classnames": (self.classnames,),
        }

    @property
    def words(self) -> str:
        """ "a photo of a {} · curated names", short enough for a button."""
        names = "curated names" if self.classnames == "curated" else "folder names"
        return " · ".join([self._prompts(), names, *([f"{self.split} split"] if self.split else [])])

    def _prompts(self) -> str:
        if self.templates:
            return self.templates[0] if len(self.templates) == 1 else count(len(self.templates), "own template")
        return _titles().get(self.prompt_set or "", "")


def _titles() -> dict[str, str]:
    return {"": "Each data set's own prompts", **{p.name: p.title for p in PROMPT_SETS}}


def get_prompt_choice(datasets: Sequence[DatasetSpec]) -> PromptChoice:
    """What the address says, checked; draws nothing but what is wrong with it."""
    templates, problem = _templates()
    note_problems([problem] if problem else [])
    prompt_set = one_of("templates", [p.name for p in PROMPT_SETS], "", instead="each data set's own prompts are used")
    return PromptChoice(
        templates=templates or None,
        prompt_set=None if templates else prompt_set or None,
        classnames=one_of("classnames", CLASSNAMES, "curated"),
        split=one_of("split", _splits(datasets), "", instead="the one each is measured on is used") or None,
    )


def _templates() -> tuple[tuple[str, ...], str]:
    found = get_choice("template")
    try:
        return (check_templates(found), "") if found else ((), "")
    except TMVError as error:
        return (), str(error)


def _splits(datasets: Sequence[DatasetSpec]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s for d in datasets for s in d.splits))


def pick_prompts(datasets: Sequence[DatasetSpec]) -> PromptChoice:
    """A button that says how pictures are asked about, and opens the ways to change it."""
    now = get_prompt_choice(datasets)
    with choice_button("Prompts, class names, split", plain(now.words), key="prompts"):
        _pick_prompt_set(now)
        _pick_templates(now)
        _pick_classnames(now)
        _pick_split(now, datasets)
    return now


def pick_class_names(datasets: Sequence[DatasetSpec]) -> PromptChoice:
    """`pick_prompts` without the prompts, for pages that choose these in a way of their own."""
    now = get_prompt_choice(datasets)
    names = "Curated names" if now.classnames == "curated" else "Folder names"
    words = f"{names} · {plain(now.split)} split" if now.split else names
    with choice_button("Class names, split", words, key="classnames"):
        _pick_classnames(now)
        _pick_split(now, datasets)
    return now


def _pick_prompt_set(now: PromptChoice) -> None:
    titles = _titles() | ({OWN: "The templates below"} if now.templates else {})
    select("templates", "Prompts", titles, OWN if now.templates else now.prompt_set or "", on_change=_chose_prompt_set)


def _chose_prompt_set() -> None:
    value = st.session_state[widget_key("templates")]
    if value != OWN:
        set_choice("template", None)
        set_choice("templates", value)


def _pick_templates(now: PromptChoice) -> None:
    with st.form("own-templates", border=False):
        st.session_state.setdefault(widget_key("template"), "\n".join(now.templates or ()))
        st.text_area(
            "Own templates, one per line",
            key=widget_key("template"),
            placeholder="a photo of a {}\na sketch of a {}",
            help="{} is replaced by the class name. Several are averaged, as in CLIP.",
        )
        used = safe_callback(_wrote_templates, at="own-templates", then=partial(close_choice, "prompts"))
        st.form_submit_button("Use these", on_click=used)
    show_form_error("own-templates")


def _wrote_templates() -> None:
    written = [short_enough(line, "A template") for line in lines(st.session_state[widget_key("template")])]
    if len(written) > MOST:
        raise TMVError(f"At most {MOST} templates are averaged, got {len(written):,}.")
    set_choice("template", written)


def _pick_classnames(now: PromptChoice) -> None:
    radio(
        "classnames",
        "Class names",
        CLASSNAMES,
        now.classnames,
        horizontal=True,
        help="Curated names are written for people (annual crop land); folder names are those of the files.",
    )


def _pick_split(now: PromptChoice, datasets: Sequence[DatasetSpec]) -> None:
    splits = _splits(datasets)
    if len(splits) < 2:
        return
    titles = {"": "Default splits", **{s: s for s in splits}}
    select("split", "Split", titles, now.split or "")
