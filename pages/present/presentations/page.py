"""Presentations: all of them, and the one that is chosen: the original study replayed, or one's own with its slides."""

import streamlit as st

from core.deck.scenes import Pairs, usable
from core.deck.steps import STEPS
from core.engine import Engine
from core.words.deck import ORIGINAL_STUDY
from pages.present import stage
from pages.present.clicker import KEYS
from pages.present.presentations.own import manage, presentations, slides
from pages.present.presentations.ready import own_lacking, prepare, status_of
from pages.present.presentations.scene import draw_step
from pages.present.presentations.where import where_its_figures_are
from pages.present.stage import StoryPosition, go_to, heading, present, presenting, story_position
from pages.present.stage_html import styles
from pages.shared.engine import engine
from pages.shared.first_run import show as preparing
from pages.shared.guard import safe_callback
from pages.shared.layout import page_title
from pages.shared.pickers import note_problems
from pages.shared.url_state import bind
from pages.shared.widgets import widget_key
from pages.shared.words import plain

WHERE = "Its zero-shot figures among those of published checkpoints"
LEAD = "A presentation is a list of slides, each a view of one of the other pages. It works without a network."


def page(engine: Engine) -> None:
    """On stage the slide alone; otherwise every presentation, and the chosen one."""
    told = story_position(engine, list(st.session_state.get("page-files", {})))
    pairs = usable(engine)
    styles()
    if presenting():
        note_problems([told.problem] if told.problem else [])
        if told.deck_step is not None:
            on_stage(engine, told, pairs)
        return
    page_title("What do you want to present?", LEAD)
    note_problems([told.problem] if told.problem else [])
    preparing(engine)
    presentations(engine, lambda name: status_of(engine, name, pairs))
    if told.own is None:
        original_study(engine, told, pairs)
        return
    head(told, told.own.title)
    manage(engine, told.name, told.own)
    prepare(engine, told.own, pairs)
    slides(engine, told.name, told.own, own_lacking(engine, told.own), lambda place: go_to(told, place))


def on_stage(engine: Engine, told: StoryPosition, pairs: Pairs) -> None:
    """A slide of the original study, or a link of one's own to one."""
    step, own = told.deck_step, told.own_step
    assert step is not None
    heading(own.title if own else step.title, own.note if own else step.said)
    draw_step(engine, step, pairs)


def original_study(engine: Engine, told: StoryPosition, pairs: Pairs) -> None:
    """What it was, and its slides one at a time."""
    head(told, "The original study")
    st.markdown(ORIGINAL_STUDY)
    prepare(engine, None, pairs)
    controls(told)
    step = STEPS[told.place - 1]
    with st.container(border=True):
        st.subheader(plain(step.title), anchor=False)
        st.markdown(plain(step.said))
        draw_step(engine, step, pairs)
    box = st.expander(WHERE, on_change="rerun", key="open-where")
    if box.open:
        with box:
            where_its_figures_are(engine)


def head(told: StoryPosition, title: str) -> None:
    """The title of the presentation and the button that starts it."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(plain(title), anchor=False, width="content")
        st.button(
            "Present",
            key="present-now",
            type="primary",
            icon=":material/present_to_all:",
            on_click=safe_callback(present),
            args=(told,),
            help=KEYS,
        )


def controls(told: StoryPosition) -> None:
    """Back, which slide, next."""
    titles = [step.title for step in STEPS]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Back",
            key="step-back",
            on_click=safe_callback(go_to),
            args=(told, max(1, told.place - 1)),
            disabled=told.place == 1,
        )
        st.session_state[widget_key("step")] = told.place
        st.selectbox(
            f"Slide {told.place} of {told.length}",
            range(1, told.length + 1),
            key=widget_key("step"),
            format_func=lambda i: f"{i} · {titles[i - 1]}" if 0 < i <= len(titles) else str(i),
            on_change=safe_callback(lambda: go_to(told, int(st.session_state[widget_key("step")]))),
        )
        st.button(
            "Next",
            key="step-on",
            on_click=safe_callback(go_to),
            args=(told, min(told.length, told.place + 1)),
            disabled=told.place == told.length,
        )


if not presenting():
    bind(*stage.PLACE)
page(engine())
