"""Presentations: all of them in a table, one chosen, and what can be done with one of one's own and with its slides."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.deck.scenes import stories_folder
from core.deck.steps import STEPS
from core.deck.stories import (
    SUFFIX,
    OwnStep,
    OwnStory,
    check_step,
    delete_story,
    free_name,
    load_story,
    name_of,
    read_story,
    save_story,
    story_names,
)
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from pages.shared.guard import forget_refused, open_box, public, safe_callback, show_form_error
from pages.shared.url_state import get_choice, set_choice
from pages.shared.words import plain

DECK, TITLE = "", "The original study"
TABLE = "presentations-table"
EXAMPLE = '[[step]]\ntitle = "Which model is better?"\nnote = "Look at the intervals."\nview = "/accuracy?model=…"'


def presentations(engine: Engine, status: Callable[[str], str]) -> None:
    """Every presentation with its slides and whether it can be shown, to choose one; `status` says that in words."""
    names = (DECK, *story_names(stories_folder(engine)))
    now = next(iter(get_choice("story")), DECK)
    rows = [_row(engine, name, status) for name in names]
    shown = {"chosen": [name == now for name in names]} | {key: [row[key] for row in rows] for key in rows[0]}
    st.dataframe(
        shown,
        key=TABLE,
        hide_index=True,
        on_select=safe_callback(lambda: _picked(names)),
        selection_mode="single-row",
        column_config={
            "chosen": st.column_config.CheckboxColumn("Shown", width="small"),
            "title": "Presentation",
            "slides": st.column_config.NumberColumn("Slides", width="small"),
            "status": st.column_config.TextColumn("Ready to present", width="large"),
        },
    )
    with st.container(horizontal=True, gap="small"):
        _new()
        _upload(engine)


def _row(engine: Engine, name: str, status: Callable[[str], str]) -> dict[str, object]:
    if name == DECK:
        return {"title": TITLE, "slides": len(STEPS), "status": status(DECK)}
    try:
        story = load_story(stories_folder(engine), name, _pages())
    except TMVError as error:
        return {"title": name, "slides": None, "status": public(str(error))}
    return {"title": story.title, "slides": len(story.steps), "status": status(name)}


def _picked(names: tuple[str, ...]) -> None:
    rows = st.session_state[TABLE].selection.rows
    if rows and rows[0] < len(names):
        _show(names[rows[0]])


def _show(name: str) -> None:
    set_choice("story", name or None)
    set_choice("step", None)


def _pages() -> list[str]:
    return list(st.session_state.get("page-files", {}))


# --- a new one --------------------------------------------------------------------------------------------


def _new() -> None:
    with st.popover("New presentation", icon=":material/add:"):
        st.markdown("Open any page and press **Add to presentation** at its top right: that view becomes a slide.")


def _upload(engine: Engine) -> None:
    with st.popover("Upload a presentation", icon=":material/upload:"):
        brought = st.file_uploader("A presentation that was downloaded here (.toml)", type=["toml"], key="story-upload")
        st.caption("A small text file, one block for each slide:")
        st.code(EXAMPLE, language="toml")
        if brought is not None:
            st.button(
                "Add it",
                key="keep-story",
                on_click=safe_callback(lambda: _keep(engine, brought.getvalue()), at="story-upload"),
            )
        show_form_error("story-upload")


def _keep(engine: Engine, content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TMVError("A presentation is a text file in UTF-8, and this is not one; download it again.") from error
    story, folder = read_story(text, _pages()), stories_folder(engine)
    if name_of(story.title) in story_names(folder):
        raise TMVError(f"There is a presentation called “{story.title}” already; rename one of the two.")
    _show(save_story(folder, story))


# --- the one that is chosen -------------------------------------------------------------------------------


def manage(engine: Engine, name: str, story: OwnStory) -> None:
    """Rename, copy, download, delete."""
    folder = stories_folder(engine)
    with st.container(horizontal=True, gap="small"):
        with st.popover("Rename", icon=":material/edit:", key="rename-story", on_change="rerun"):
            st.text_input("Title of the presentation", story.title, key="story-title")
            rename = safe_callback(
                lambda: _change(engine, name, lambda s: s.renamed(st.session_state["story-title"])),
                at="rename-story",
                then=lambda: st.session_state.update({"rename-story": False}),
            )
            st.button("Save", key="story-renamed", type="primary", on_click=rename)
            show_form_error("rename-story")
        st.button(
            "Duplicate",
            key="story-copy",
            icon=":material/content_copy:",
            on_click=safe_callback(
                lambda: _show(save_story(folder, story.renamed(_copy_of(story)), free_name(folder, _copy_of(story))))
            ),
        )
        st.download_button(
            "Download",
            story.to_toml(),
            f"{name}{SUFFIX}",
            "text/plain",
            key="story-file",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover("Delete", icon=":material/delete:", key="delete-story"):
            st.markdown(
                f"Delete **{plain(story.title)}** and its {count(len(story.steps), 'slide')}? This cannot be undone."
            )
            st.button(
                "Delete the presentation",
                key="story-deleted",
                type="primary",
                on_click=safe_callback(lambda: _delete(engine, name)),
            )


def _copy_of(story: OwnStory) -> str:
    return f"{story.title[:110]} (copy)"


def _delete(engine: Engine, name: str) -> None:
    delete_story(stories_folder(engine), name)
    _show(DECK)


def _change(engine: Engine, name: str, change: Callable[[OwnStory], OwnStory]) -> None:
    """Callback: what is in the file now, changed; another session may have changed it since the page was drawn."""
    folder = stories_folder(engine)
    save_story(folder, change(load_story(folder, name, _pages())), name)


# --- its slides -------------------------------------------------------------------------------------------


def slides(engine: Engine, name: str, story: OwnStory, lacking: dict[int, str], shown: Callable[[int], None]) -> None:
    """Every slide in a row: its title and note, to be edited in place; move, copy, delete, open. `lacking` says what a
    slide still needs, by its place; `shown` opens it."""
    for place, step in enumerate(story.steps, 1):
        _slide(engine, name, story, place, step, shown)
        if place in lacking:
            st.caption(plain(lacking[place]))
    _add_by_link(engine, name)


def _slide(engine: Engine, name: str, story: OwnStory, place: int, step: OwnStep, shown: Callable[[int], None]) -> None:
    def change(how: Callable[[OwnStory], OwnStory]) -> Callable[..., None]:
        def changed() -> None:
            forget_refused("slide-")
            _change(engine, name, how)

        return safe_callback(changed)

    title, note, form = f"slide-title-{place}", f"slide-note-{place}", f"slide-{place}-{name}"
    # What the file says, not what was typed at this place before slides were moved; only what was refused stays.
    open_box(title, step.title, form)
    open_box(note, step.note, form)
    edited = safe_callback(
        lambda: _change(
            engine,
            name,
            lambda s: s.changed(place, title=str(st.session_state[title]), note=str(st.session_state[note])),
        ),
        at=form,
    )
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key=f"slide-{place}"):
        st.markdown(f"**{place}**", width=24)
        st.text_input(f"Title of slide {place}", key=title, label_visibility="collapsed", on_change=edited)
        st.text_input(
            f"Note of slide {place}", key=note, label_visibility="collapsed", placeholder="Note", on_change=edited
        )
        for what, icon, said, off, action in (
            ("up", "arrow_upward", "Move up", place == 1, change(lambda s: s.moved(place, place - 1))),
            (
                "down",
                "arrow_downward",
                "Move down",
                place == len(story.steps),
                change(lambda s: s.moved(place, place + 1)),
            ),
            ("copy", "content_copy", "Duplicate", False, change(lambda s: s.with_step(s.steps[place - 1], place + 1))),
            ("delete", "delete", "Delete", len(story.steps) == 1, change(lambda s: s.without(place))),
            ("open", "open_in_new", "Open this view", False, safe_callback(lambda: shown(place))),
        ):
            st.button(
                f"{said}: slide {place}",
                key=f"slide-{what}-{place}",
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=off,
                on_click=action,
                help=said,
            )
    show_form_error(form)


def _add_by_link(engine: Engine, name: str) -> None:
    with st.popover("Add a slide by its link", icon=":material/add_link:", key="add-by-link", on_change="rerun"):
        with st.form("own-step", border=False, clear_on_submit=False):
            st.text_input("Title of the slide", key="step-title")
            st.text_input("Note", key="step-note")
            st.text_input("Link", key="step-view", placeholder="Copy link, at the top right of a page")
            st.form_submit_button(
                "Add", type="primary", on_click=safe_callback(lambda: _add(engine, name), at="own-step", then=_emptied)
            )
        show_form_error("own-step")


def _add(engine: Engine, name: str) -> None:
    state = st.session_state
    step = check_step(state["step-title"], state["step-note"], state["step-view"], _pages())
    _change(engine, name, lambda story: story.with_step(step))


def _emptied() -> None:
    st.session_state.update({"step-title": "", "step-note": "", "step-view": "", "add-by-link": False})
