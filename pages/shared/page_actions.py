"""What can be done with a view, at the top right of its page: copy its link, add it to a presentation, export it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import streamlit as st

from core.deck.scenes import stories_folder
from core.deck.stories import LENGTHS, OwnStory, check_step, load_story, name_of, save_story, story_names
from core.engine import Engine
from core.errors import TMVError
from core.words.names import say_dataset, say_model
from pages.shared.engine import engine
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.prompt_picker import PromptChoice
from pages.shared.report import report_button
from pages.shared.texts import short_enough
from pages.shared.url_state import address
from pages.shared.words import plain

HERE = Path(__file__).parent
HTML = '<button type="button">Copy link</button>\n'
BOX, NEW = "add-to-presentation", ""
Choices = Mapping[str, Sequence[str]]


def page_actions(choices: Choices) -> None:
    """Draw the three for a view with these choices of the address, exact and complete."""
    query = address(choices)
    _component()(key="copy-link", data={"query": query}, width="content")
    _add(engine(), query)
    _export(choices)


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    css, js = (HERE / "png.css").read_text("utf-8"), (HERE / "copy_link.js").read_text("utf-8")
    made: Callable[..., Any] = st.components.v2.component("copy_link", html=HTML, css=css, js=js)
    return made


def _export(choices: Choices) -> None:
    models, datasets = choices.get("model", ()), choices.get("data", ())
    if not models or not datasets:
        return
    with st.popover("Export", type="tertiary", icon=":material/download:", key="export-view", on_change="rerun") as box:
        if box.open:
            st.caption(
                "Figures, tables, errors, checks, protocol and provenance of these models on these data sets in one "
                "file. Each chart and table also has its own PNG or CSV below it."
            )
            report_button(engine(), models, datasets, PromptChoice(), "view")


# --- to a presentation ------------------------------------------------------------------------------------


def _add(engine: Engine, query: str) -> None:
    page = st.session_state.get("page-path", "")
    with st.popover(
        "Add to presentation", type="tertiary", icon=":material/add_to_queue:", key=BOX, on_change="rerun"
    ) as box:
        if not box.open:
            return
        names = story_names(stories_folder(engine))
        with st.form("add-step", border=False):
            st.selectbox(
                "Presentation", [*names, NEW], format_func=lambda n: n or "A new one", key="add-story", index=0
            )
            st.text_input("Title, if it is a new one", key="add-story-title")
            st.text_input("Title of the slide", _suggested(query), key="add-title")
            st.text_input("Note", key="add-note")
            st.form_submit_button(
                "Add", type="primary", on_click=safe_callback(_added, at=BOX), args=(engine, f"/{page}?{query}")
            )
        show_form_error(BOX)


def _suggested(query: str) -> str:
    """The models and data sets of the view, in words."""
    found = parse_qs(query)
    models, sets = map(say_model, found.get("model", [])[:2]), map(say_dataset, found.get("data", [])[:1])
    return " on ".join(filter(None, (" and ".join(models), " and ".join(sets))))[:120]


def _added(engine: Engine, view: str) -> None:
    state, folder = st.session_state, stories_folder(engine)
    pages = list(state.get("page-files", {}))
    step = check_step(state["add-title"], state["add-note"], view, pages)
    if name := state["add-story"]:
        story = load_story(folder, name, pages).with_step(step)
    else:
        title = short_enough(str(state["add-story-title"]).strip(), "The title", LENGTHS["title"])
        if not title:
            raise TMVError("A new presentation needs a title.")
        name = name_of(title)
        if name in story_names(folder):
            raise TMVError(f"There is a presentation called {name} already; choose it above or take another title.")
        story = OwnStory(title=title, steps=(step,))
    save_story(folder, story, name)
    state[BOX] = False
    st.toast(plain(f"Added to {story.title}, now {len(story.steps)} slides."), icon=":material/check:")
