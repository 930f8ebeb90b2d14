"""Presentation mode around any page: what is hidden, how large type is, keys, progress, and questions from the
audience. The story in use and its place are in the address: `?present=true&story=NAME&step=3`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from core.deck.scenes import stories_folder, usable
from core.deck.steps import STEPS, Step, place_of
from core.deck.stories import OwnStep, OwnStory, load_story, story_names
from core.engine import Engine
from core.errors import TMVError
from pages.present.answer import answer
from pages.present.clicker import KEYS, clicker
from pages.present.stage_html import styles
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.texts import short_enough
from pages.shared.theme import TITLED
from pages.shared.url_choices import one_of, wrong_choice
from pages.shared.url_state import bind, get_choice, open_page, set_choice
from pages.shared.words import plain

STORY_PAGE, STORY_PATH = "pages/present/presentations/page.py", "presentations"
CSS = Path(__file__).with_name("stage.css")
MOST_ASKED = 200
"""Characters of a prompt from the audience, which is read from the back of a room."""
PLACE = ("story", "step", "ask")
GO, ON = "stage-go", "true"
SET, SET_FOR = "stage-set", 2.0
"""Where the session keeps what a key has set, and for how many seconds that stands against a slide that was just left:
what looks again by itself there may still send the choices of before, which would show this slide at that place."""


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
    def deck_step(self) -> Step | None:
        """The step of the original study that is shown, also by a link of one's own; None for any other view."""
        if self.own_step is None:
            return STEPS[self.place - 1]
        if self.own_step.page != STORY_PATH:
            return None
        return STEPS[(place_of(self.own_step.place) or 1) - 1]

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
    asked = next(iter(get_choice("step")), "")
    place = 1 if not asked else _numbered(asked, len(own.steps)) if own else place_of(asked)
    if place is not None:
        return StoryPosition(own=own, name=name, place=place, problem=problem)
    expected = f"a number from 1 to {len(own.steps)}" if own else "the name of a slide of the original study"
    step = wrong_choice("step", asked, expected, "the first slide is shown")
    return StoryPosition(own=own, name=name, place=1, problem=f"{problem} {step}".strip())


def _numbered(asked: str, most: int) -> int | None:
    fits = asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= most
    return int(asked) if fits else None


def address_of(own: OwnStory | None, place: int) -> str:
    """How the address names the step at this place: by its number, or by its name in the original study, whose order
    may change."""
    return str(place) if own else STEPS[place - 1].name


def move(told: StoryPosition, where: str) -> None:
    """Callback: one step on or back, to an end, or out of presentation mode; a question is put away first."""
    if where in ("back", "leave") and get_choice("ask"):
        _put_away_question()
        return
    if where == "leave":
        _set({"present": []})
        return
    place = {"next": told.place + 1, "back": told.place - 1, "first": 1, "last": told.length}.get(where, told.place)
    go_to(told, min(max(place, 1), told.length))


def present(told: StoryPosition) -> None:
    """Callback: begin the presentation at the slide that is shown."""
    _set({"present": [ON]})
    go_to(told, told.place)


def go_to(told: StoryPosition, place: int) -> None:
    """Callback: show this step. A step of one's own story brings its page and all its choices."""
    _put_away_question()
    _set({"step": [address_of(told.own, place)]})
    if told.own is not None:
        _open_view(told.own, place)


def _put_away_question() -> None:
    _set({"ask": []})
    st.session_state["stage-question"] = ""


def _set(choices: dict[str, list[str]]) -> None:
    """Callback: set these choices, whatever a slide that was just left says of them."""
    for name, values in choices.items():
        set_choice(name, values)
    _hold(choices)


def _hold(choices: dict[str, list[str]]) -> None:
    until = time.monotonic() + SET_FOR
    st.session_state[SET] = st.session_state.get(SET, {}) | {name: (until, each) for name, each in choices.items()}


def _stand_by_what_is_set() -> None:
    now, held = time.monotonic(), st.session_state.get(SET, {})
    for name, (until, values) in held.items():
        kept = st.session_state.get(name)
        if now < until and isinstance(kept, list) and list(get_choice(name)) != values:
            set_choice(name, values)


def _open_view(own: OwnStory, place: int) -> None:
    """At the next run, go to the page of this step with its choices, and without those of the others."""
    others = {name: list[str]() for step in own.steps for name in step.choices}
    wanted = others | own.steps[place - 1].choices
    st.session_state[GO] = (own.steps[place - 1].page, wanted)
    _hold(wanted)


def _put(name: str, values: list[str]) -> None:
    """The choice of a step in place of the last one's, as its widget keeps it: a list, a text, or a number."""
    state, now = st.session_state, st.session_state.get(name)
    if isinstance(now, list):
        set_choice(name, values)
    elif name in state and not values:
        del state[name]
    elif isinstance(now, int) and values[0].isascii() and values[0].isdigit():
        state[name] = int(values[0])
    elif name in state:
        state[name] = values[0]


def presentation_asked_for() -> bool:
    """Whether this is a presentation, before what keeps the place is mounted."""
    if "present" in st.session_state:
        return presenting()
    return st.query_params.get("present") == ON


def mount_stage(engine: Callable[[], Engine], files: dict[str, str]) -> bool:
    """Go where a callback or a link said, or mount what keeps the place; whether this is a presentation. After the
    navigation, which knows the pages, and before any other choice, since a page cannot be left with choices mounted."""
    st.session_state["page-files"] = files
    _stand_by_what_is_set()
    _straight_to_view(engine, files)
    if (going := st.session_state.pop(GO, None)) is not None:
        for name, values in going[1].items():
            _put(name, values)
        # What no widget of this session keeps yet has to stand in the address of the page when it opens.
        new = {name: values for name, values in going[1].items() if values and name not in st.session_state}
        open_page(files.get(going[0], STORY_PAGE), **new)
    bind("present")
    one_of("present", [ON], "", instead="the page is shown with its controls")
    if presenting():
        bind(*PLACE)
    return presenting()


def _straight_to_view(engine: Callable[[], Engine], files: dict[str, str]) -> None:
    """A link to a presentation itself opens the view of its slide, which is on a page of its own."""
    if "present" in st.session_state or not presentation_asked_for() or st.session_state["page-path"] != STORY_PATH:
        return
    name, asked = st.query_params.get("story", ""), st.query_params.get("step", "1")
    if name not in story_names(stories_folder(engine())):
        return
    try:
        steps = load_story(stories_folder(engine()), name, files).steps
    except TMVError:
        return
    step = steps[(_numbered(asked, len(steps)) or 1) - 1]
    if step.page != STORY_PATH:
        question = {"ask": [text]} if (text := st.query_params.get("ask", "")) else {}
        choices = question | step.choices
        open_page(files.get(step.page, STORY_PAGE), present=ON, story=name, step=asked, **choices)


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
            ("next", ":material/chevron_right:", "Next"),
            ("leave", ":material/close:", "Exit"),
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
    if asked := next(iter(get_choice("ask")), ""):
        answer(engine, usable(engine), told.deck_step, asked)
    st.session_state[TITLED] = told.own_step is not None and told.own_step.page != STORY_PATH
    if told.own_step is not None and st.session_state[TITLED]:
        heading(told.own_step.title, told.own_step.note)


@contextmanager
def slide(on_stage: bool) -> Iterator[None]:
    """What is drawn inside is the slide; as any page without a presentation."""
    if not on_stage:
        yield
        return
    with st.container(key="stage-slide"):
        yield


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
        text = short_enough(str(st.session_state["stage-question"]).strip(), "The prompt", MOST_ASKED)
        _set({"ask": [text] if text else []})

    with st.container(key="stage-ask", width=420):
        st.text_input(
            "A prompt from the audience",
            key="stage-question",
            on_change=safe_callback(asked, at="stage-question"),
            placeholder="A prompt from the audience  ( / )",
            label_visibility="collapsed",
        )
        show_form_error("stage-question")


def _progress(told: StoryPosition) -> str:
    share = 100 * told.place / told.length
    return (
        f'<div class="stage-progress" role="status">{told.place} of {told.length}'
        f'<span class="stage-line"><i style="width: {share:.1f}%"></i></span></div>'
    )
