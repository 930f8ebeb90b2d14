"""The deck replayed: one step for each of its experiments, its claims, and what does not fit; or one's own story."""

import streamlit as st

from core.deck.scenes import usable
from core.deck.steps import STEPS, find_step
from core.engine import Engine
from pages.present import stage
from pages.present.clicker import KEYS
from pages.present.presentations.own import own_stories
from pages.present.presentations.ready import ready_line
from pages.present.presentations.scene import draw_step
from pages.present.stage import StoryPosition, go_to, heading, presenting, story_position
from pages.present.stage_html import styles
from pages.shared.engine import engine
from pages.shared.first_run import show as preparing
from pages.shared.guard import errors_in_place, safe_callback
from pages.shared.pickers import note_problems
from pages.shared.url_state import bind, set_choice
from pages.shared.widgets import widget_key
from pages.shared.words import plain


def page(engine: Engine) -> None:
    """The story at its place; outside of a presentation with the ways to move, and what else can be done."""
    told = story_position(engine, list(st.session_state.get("page-files", {})))
    note_problems([told.problem] if told.problem else [])
    pairs = usable(engine)
    step = STEPS[min(_place(told), len(STEPS)) - 1]
    own = told.own_step
    styles()
    if not presenting():
        controls(engine, told)
    heading(own.title if own else step.title, own.note if own else step.said)
    if own is not None and own.page != stage.STORY_PATH:
        st.button(
            "Open this view", on_click=safe_callback(go_to), args=(told, told.place), icon=":material/arrow_forward:"
        )
    else:
        draw_step(engine, find_step(step.name), pairs)
    if not presenting():
        ready_line(engine, told, pairs)
        own_stories(engine)


def _place(told: StoryPosition) -> int:
    """Which step of the deck is shown; a step of one's own story may lead to one."""
    if told.own_step is None:
        return told.place
    place = told.own_step.place
    return int(place) if place.isascii() and place.isdigit() and 0 < int(place) <= len(STEPS) else 1


def controls(engine: Engine, told: StoryPosition) -> None:
    """Back, which step, on, and the stage."""
    preparing(engine)
    titles = [s.title for s in (told.own.steps if told.own else STEPS)]
    back, which, on, present = st.columns([1, 6, 1, 2], vertical_alignment="bottom")
    back.button(
        "Back",
        key="step-back",
        on_click=safe_callback(go_to),
        args=(told, max(1, told.place - 1)),
        disabled=told.place == 1,
        width="stretch",
    )
    st.session_state[widget_key("step")] = told.place
    which.selectbox(
        f"Step {told.place} of {told.length}" + (f" · {plain(told.own.title)}" if told.own else ""),
        range(1, told.length + 1),
        key=widget_key("step"),
        format_func=lambda i: f"{i} · {titles[i - 1]}" if 0 < i <= len(titles) else str(i),
        on_change=safe_callback(lambda: go_to(told, int(st.session_state[widget_key("step")]))),
    )
    on.button(
        "On",
        key="step-on",
        on_click=safe_callback(go_to),
        args=(told, min(told.length, told.place + 1)),
        disabled=told.place == told.length,
        width="stretch",
    )
    present.button(
        "Present",
        key="present-now",
        type="primary",
        icon=":material/present_to_all:",
        width="stretch",
        on_click=safe_callback(_present),
        args=(told,),
        help=KEYS,
    )


def _present(told: StoryPosition) -> None:
    set_choice("present", "true")
    go_to(told, told.place)


if not presenting():
    bind(*stage.PLACE)
with errors_in_place():
    page(engine())
