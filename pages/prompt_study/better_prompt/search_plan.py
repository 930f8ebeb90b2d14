"""What a search for prompts chooses from, what it must beat, and how far it may go."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.catalog.prompts import PROMPT_SETS, find_prompt_set
from core.engine import Engine
from core.stats.numbers import count
from core.studies.prompts.plan import BUDGETS, NONE, OWN, SHARES, SIZES, SearchPlan, planned, templates_of_slots
from core.studies.prompts.search import BUDGET, LARGEST
from core.studies.prompts.study import POOL_SETS
from core.studies.zero_shot.classify import check_templates
from core.types import DatasetSpec
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.prompt_picker import CLASSNAMES
from pages.shared.texts import box_key, get_texts, lines, set_texts, short_enough
from pages.shared.url_choices import one_of, quietly, some_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import widget_key
from pages.shared.words import plain

KEPT = ("pool", "extra", "poolpattern", "poolslot", "beat", "budget", "largest", "heldout")


def search_plan(engine: Engine, dataset: DatasetSpec, classnames: str) -> SearchPlan:
    """What the address says, checked, with these class names; `TMVError` for templates that make no sense."""
    asked = {
        "pool": _sets_asked(),
        "extra": get_texts(engine, "extra"),
        "poolpattern": get_choice("poolpattern"),
        "poolslot": get_texts(engine, "poolslot"),
        "beat": (one_of("beat", [p.name for p in PROMPT_SETS], dataset.prompt_set),),
        "budget": (one_of("budget", BUDGETS, str(BUDGET)),),
        "largest": (one_of("largest", SIZES, str(LARGEST)),),
        "heldout": (one_of("heldout", SHARES, "0.5"),),
    }
    return planned(dataset, {**asked, "classnames": (classnames,)})


def _sets_asked() -> tuple[str, ...]:
    return some_of("pool", (OWN, NONE, *(p.name for p in PROMPT_SETS)), (OWN, *POOL_SETS))


def plan_words(plan: SearchPlan) -> str:
    """ "98 templates, at most 12 of them, against Demo styles"."""
    return (
        f"{count(len(plan.pool), 'template')}, at most {plan.largest} of them, "
        f"against “{find_prompt_set(plan.beat).title}”"
    )


# --- the form ---------------------------------------------------------------------------------------------


def plan_form(engine: Engine, dataset: DatasetSpec, now: SearchPlan | None) -> None:
    """Everything that makes a search, with the button that keeps it; the search itself is started below."""
    written, pattern = get_texts(engine, "extra"), next(iter(get_choice("poolpattern")), "")
    slot_lines = get_texts(engine, "poolslot")
    boxes = box_key("extra", written), box_key("poolpattern", [pattern]), box_key("poolslot", slot_lines)
    with st.form("plan", border=False):
        left, middle, right = st.columns(3, gap="large")
        with left:
            _pick_sets(dataset)
            st.text_area("Templates of your own, one per line", "\n".join(written), key=boxes[0], height=120)
        with middle:
            st.text_input("A pattern with slots", pattern, key=boxes[1], placeholder="a {style} of a {size} {}")
            st.text_area(
                "Values of each slot",
                "\n".join(slot_lines),
                key=boxes[2],
                height=120,
                placeholder="style = photo, drawing\nsize = , small, big",
                help="One slot per line. An empty value leaves the slot out.",
            )
        with right:
            _pick_limits(now)
        asked = partial(_planned, engine, *boxes)
        st.form_submit_button("Apply settings", on_click=safe_callback(asked, at="plan"), key="search-plan")
    show_form_error("plan")


def _pick_sets(dataset: DatasetSpec) -> None:
    own = find_prompt_set(dataset.prompt_set)
    titles = {OWN: f"{dataset.title}'s own: {own.title}"}
    titles |= {p.name: f"{p.title} ({len(p.templates)})" for p in PROMPT_SETS if p.name != own.name}
    with quietly():  # `search_plan` has said what is wrong with them
        st.session_state[widget_key("pool")] = [n for n in _sets_asked() if n in titles]
    st.multiselect("Sets to choose from", list(titles), key=widget_key("pool"), format_func=lambda n: titles.get(n, n))


def _pick_limits(now: SearchPlan | None) -> None:
    titles = {p.name: p.title for p in PROMPT_SETS}
    st.session_state[widget_key("beat")] = now.beat if now else PROMPT_SETS[0].name
    st.selectbox("Baseline", list(titles), key=widget_key("beat"), format_func=lambda n: titles.get(n, n))
    left, right = st.columns(2)
    _choice(left, "largest", "At most", SIZES, str(now.largest if now else LARGEST), "Templates in the ensemble")
    _choice(right, "budget", "Budget", BUDGETS, str(now.budget if now else BUDGET), "Ensembles tried at most")
    _choice(left, "heldout", "Held out", SHARES, f"{now.heldout if now else 0.5:g}", "Share of images for the verdict")
    kinds = list(CLASSNAMES)
    st.session_state[widget_key("poolnames")] = now.classnames if now else "curated"
    right.selectbox("Class names", kinds, key=widget_key("poolnames"), format_func=CLASSNAMES.__getitem__)


def _choice(place: Any, name: str, label: str, options: tuple[str, ...], now: str, said: str) -> None:
    st.session_state[widget_key(name)] = now if now in options else options[-1]
    place.selectbox(label, options, key=widget_key(name), help=said)


def _planned(engine: Engine, extra: str, pattern: str, slot_lines: str) -> None:
    written, form = lines(st.session_state[extra]), short_enough(st.session_state[pattern].strip(), "The pattern")
    values = lines(st.session_state[slot_lines])
    if written:
        check_templates(written)
    if form:
        templates_of_slots(form, values)
    set_texts(engine, "extra", written)
    set_choice("poolpattern", form)
    set_texts(engine, "poolslot", values if form else ())
    sets = st.session_state[widget_key("pool")]
    set_choice("pool", None if tuple(sets) == (OWN, *POOL_SETS) else sets or [NONE])
    for name in ("beat", "budget", "largest", "heldout"):
        set_choice(name, st.session_state[widget_key(name)])
    set_choice("classnames", st.session_state[widget_key("poolnames")])


def plan_sentence(plan: SearchPlan) -> str:
    """For the expander that holds the form."""
    return plain(f"Search settings: {plan_words(plan)}")
