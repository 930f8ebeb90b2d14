"""Presentation mode around any page: what is hidden, how large type is, keys, progress, and questions from the
audience. The story in use and its place are in the address: `?present=true&story=NAME&step=3`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from core.deck.scenes import stories_folder
from core.deck.steps import STEPS
from core.deck.stories import OwnStep, OwnStory, load_story
from core.engine import Engine
from core.errors import TMVError
from pages.present.clicker import KEYS, clicker
from pages.present.stage_html import styles
from pages.shared.guard import safe_callback
from pages.shared.url_choices import one_of, wrong_choice
from pages.shared.url_state import bind, get_choice, open_page, set_choice
from pages.shared.words import plain

STORY_PAGE, STORY_PATH = "pages/present/presentations/page.py", "presentations"
CSS = Path(__file__).with_name("stage.css")
PLACE = ("story", "step", "ask")
GO, ON = "stage-go", "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPosition:
    """The story in use: the deck's (`own` None) or someone's own, and the step that is shown, from 1."""

    own: OwnStory | None
    name: str
    place: int
    problem: str = ""

    @property
    def length(self) -> int:
        """How many steps there are."""
        return len(self.own.steps) if self.own else len(STEPS)

    @property
    def own_step(self) -> OwnStep | None:
        """The step of one's own story that is shown."""
        return self.own.steps[self.place - 1] if self.own else None


def presenting() -> bool:
    """Whether the address asks for presentation mode."""
    return get_choice("present") == (ON,)


def story_position(engine: Engine, pages: Collection[str]) -> StoryPosition:
    """What the address says, checked; the deck's story where it makes no sense."""
    name, own, problem = next(iter(get_choice("story")), ""), None, ""
    if name:
        try:
            own = load_story(stories_folder(engine), name, pages)
        except TMVError as error:
            name, problem = "", str(error)
    length = len(own.steps) if own else len(STEPS)
    asked = next(iter(get_choice("step")), "1")
    if asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= length:
        return StoryPosition(own=own, name=name, place=int(asked), problem=problem)
    step = wrong_choice("step", asked, f"a number from 1 to {length}", "the first step is shown")
    return StoryPosition(own=own, name=name, place=1, problem=f"{problem} {step}".strip())


def move(told: StoryPosition, where: str) -> None:
    """Callback: one step on or back, to an end, or out of presentation mode; a question is put away first."""
    if where in ("back", "leave") and get_choice("ask"):
        set_choice("ask", None)
        st.session_state["stage-question"] = ""
        return
    if where == "leave":
        set_choice("present", None)
        return
    place = {"next": told.place + 1, "back": told.place - 1, "first": 1, "last": told.length}.get(where, told.place)
    go_to(told, min(max(place, 1), told.length))


def go_to(told: StoryPosition, place: int) -> None:
    """Callback: show this step. A step of one's own story brings its page and all its choices."""
    set_choice("ask", None)
    st.session_state["stage-question"] = ""
    set_choice("step", str(place))
    if told.own is None:
        return
    step = told.own.steps[place - 1]
    for name in {name for s in told.own.steps for name in s.choices}:
        set_choice(name, step.choices.get(name))
    st.session_state[GO] = step.page


def presentation_asked_for() -> bool:
    """Whether this is a presentation, before what keeps the place is mounted."""
    if "present" in st.session_state:
        return presenting()
    return st.query_params.get("present") == ON


def mount_stage(files: dict[str, str]) -> bool:
    """Go where a callback said, or mount what keeps the place; whether this is a presentation. After the navigation,
    which knows the pages, and before any other choice, since a page cannot be left with choices mounted."""
    st.session_state["page-files"] = files
    if (page := st.session_state.pop(GO, None)) is not None:
        open_page(files.get(page, STORY_PAGE))
    bind("present")
    one_of("present", [ON], "", instead="the page is shown with its controls")
    if presenting():
        bind(*PLACE)
    return presenting()


def draw_stage(engine: Engine, pages: Collection[str]) -> None:
    """Draw what stands around every page of a presentation."""
    told = story_position(engine, pages)
    styles()
    st.html(f"<style>{CSS.read_text('utf-8')}</style>")
    _warm_charts()
    clicker(safe_callback(lambda where: move(told, where)))
    with st.container(key="stage-bar", horizontal=True, vertical_alignment="center"):
        _question()
        st.html(_progress(told), width="stretch")
        for where, icon, said in (
            ("back", ":material/chevron_left:", "Back"),
            ("next", ":material/chevron_right:", "On"),
            ("leave", ":material/close:", "Leave the presentation"),
        ):
            st.button(
                said,
                key=f"stage-{where}",
                icon=icon,
                type="tertiary",
                on_click=safe_callback(move),
                args=(told, where),
                help=f"{said}. {KEYS}",
            )
    if told.own_step is not None and told.own_step.page != STORY_PATH:
        heading(told.own_step.title, told.own_step.note)


def _warm_charts() -> None:
    """A chart that nobody sees, so that the browser has loaded what draws charts before the first step with one."""
    with st.container(key="stage-warm"):
        st.plotly_chart(go.Figure(), key="stage-warm-chart", config={"staticPlot": True})


def heading(title: str, note: str) -> None:
    """The title of a step, large, and a line under it."""
    with st.container(key="stage-heading", gap="xxsmall"):
        st.title(plain(title), anchor=False)
        if note:
            st.markdown(plain(note))


def _question() -> None:
    def asked() -> None:
        set_choice("ask", str(st.session_state["stage-question"]).strip()[:200])

    with st.container(key="stage-ask", width=420):
        st.text_input(
            "A prompt from the audience",
            key="stage-question",
            on_change=asked,
            max_chars=200,
            placeholder="A prompt from the audience  ( / )",
            label_visibility="collapsed",
        )


def _progress(told: StoryPosition) -> str:
    share = 100 * told.place / told.length
    return (
        f'<div class="stage-progress" role="status">{told.place} of {told.length}'
        f'<span class="stage-line"><i style="width: {share:.1f}%"></i></span></div>'
    )
