"""One's own stories: steps that are links to views, written here or by hand, saved, brought, and replayed."""

from __future__ import annotations

import streamlit as st

from core.deck.scenes import stories_folder
from core.deck.stories import SUFFIX, OwnStory, check_step, load_story, name_of, read_story, save_story, story_names
from core.engine import Engine
from core.errors import TMVError
from pages.shared.guard import safe_callback
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import select, widget_key
from pages.shared.words import plain

DECK = ""
EXAMPLE = '[[step]]\ntitle = "Who names more?"\nnote = "Look at the intervals."\nview = "/accuracy?model=…&data=…"'


def own_stories(engine: Engine) -> None:
    """Which story is told, and how to write one."""
    box = st.expander("Another story, or one of your own", on_change="rerun", key="open-stories")
    if not box.open:
        return
    with box:
        names = (DECK, *story_names(stories_folder(engine)))
        now = next(iter(get_choice("story")), DECK)
        shown, title = now if now in names else DECK, "The original study, replayed"
        select("story", "Story", names, shown, format_func=lambda n: n or title, on_change=safe_callback(_picked))
        if now in names and now != DECK:
            text = (stories_folder(engine) / f"{now}{SUFFIX}").read_text("utf-8", "replace")
            st.download_button("Download it", text, f"{now}{SUFFIX}", "text/plain", key="story-file", on_click="ignore")
        left, right = st.columns(2, gap="large")
        with left:
            _write(engine)
        with right:
            # A story from a file
            brought = st.file_uploader("Bring a story", type=["toml"], key="story-upload")
            st.caption("A small text file, one block for each step:")
            st.code(EXAMPLE, language="toml")
            if brought is not None:
                st.button(
                    "Keep it", key="keep-story", on_click=safe_callback(lambda: _keep(engine, brought.getvalue()))
                )


def _picked() -> None:
    set_choice("story", st.session_state[widget_key("story")])
    set_choice("step", None)


def _pages() -> list[str]:
    return list(st.session_state.get("page-files", {}))


def _write(engine: Engine) -> None:
    """Add a step to the story in use, or begin one."""
    now = next(iter(get_choice("story")), DECK)
    with st.form("own-step", clear_on_submit=False):
        st.markdown("**Add a step**" if now else "**Begin a story**")
        if not now:
            st.text_input("Title of the story", key="story-title", max_chars=120)
        st.text_input("Title of the step", key="step-title", max_chars=120)
        st.text_input("Note", key="step-note", max_chars=600)
        st.text_input("View", key="step-view", max_chars=8000, placeholder="The link at the foot of any page")
        st.form_submit_button("Add it", on_click=safe_callback(lambda: _add(engine, now)))


def _add(engine: Engine, now: str) -> None:
    state, folder = st.session_state, stories_folder(engine)
    step = check_step(state["step-title"], state["step-note"], state["step-view"], _pages())
    if now:
        save_story(folder, load_story(folder, now, _pages()).with_step(step), now)
        return
    title = str(state["story-title"]).strip()
    if not title:
        raise TMVError("A story needs a title.")
    _fresh(engine, name_of(title))
    set_choice("story", save_story(folder, OwnStory(title=title, steps=(step,))))
    set_choice("step", None)


def _keep(engine: Engine, content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TMVError("A story is a text file in UTF-8, this is not one.") from error
    story = read_story(text, _pages())
    _fresh(engine, name_of(story.title))
    set_choice("story", save_story(stories_folder(engine), story))
    set_choice("step", None)


def _fresh(engine: Engine, name: str) -> None:
    if name in story_names(stories_folder(engine)):
        raise TMVError(f"There is a story called {plain(name)} already; give this one another title.")
