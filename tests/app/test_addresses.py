"""Nonsense in an address: every choice of these pages says what it expected, what came and what is used instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.catalog.prompts import find_prompt_set
from core.deck.stories import MOVED
from core.studies.prompts.search import BUDGET, LARGEST
from core.studies.prompts.study import PromptSearch, prompt_pool
from pages.shared.url_state import SHARED
from tests.app.making import open_page, said
from tests.app.prompt_pages import engine_of
from tests.app.warm import answer_at_once
from tests.conftest import GOOD, POOR, World
from tests.worlds import run_study, told_set

Page = Callable[..., AppTest]
NONSENSE = "<nonsense>"
FREE = {
    *("q", "minus", "upload", "caption", "written", "beside", "words"),
    *("prompt", "pattern", "slot", "noun", "adjective", "around", "term", "text", "reword"),
    *("wording", "rename", "extra", "poolpattern", "poolslot"),
    *("template", "model", "data"),
    "like",
}
"""Free text, which anything is, and what an error of its own is told of: names of models, of data, of a picture to
search with."""
PAGES: dict[str, dict[str, object]] = {
    "home": {},
    "prompt_study/compare_templates": {},
    "prompt_study/prompt_results": {"prompt": ["a square of no colour", "no square"]},  # texts that no other test asks
    "prompt_study/better_prompt": {},
    "prompt_study/word_importance": {},
    "caption_retrieval/retrieval_scores": {},
    "caption_retrieval/inspect_caption": {"beside": ["a square"]},
    "search": {},
}


CAPTIONED = ("caption", "search")
"""Pages that are shown the world with captions."""


def choices_of(app: AppTest) -> set[str]:
    """What the page keeps in the address: keepers are labelled with their own names."""
    return {m.key for m in app.multiselect if m.key == m.label} | {"present"}


@pytest.fixture
def everything(captioned: World, world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], World]:
    """The world that has what a page shows, with an encoder that answers at once."""
    answer_at_once(monkeypatch)

    def point(file: str) -> World:
        made = captioned if file.startswith(CAPTIONED) else world
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        st.cache_resource.clear()
        return made

    return point


@pytest.mark.parametrize("file", PAGES)
def test_every_choice_says_what_is_wrong_with_it(file: str, everything: Callable[[str], World]) -> None:
    world = everything(file)
    usual: dict[str, Any] = {
        "model": [GOOD, POOR],
        "data": [told_set(world) if file.startswith(CAPTIONED) else world.colours],
    }
    if file.endswith("better_prompt"):
        run_study(engine_of(world), PromptSearch, GOOD, world.colours, **plan(world))
    usual |= PAGES[file]
    names = choices_of(open_page(file, **usual)) - FREE
    app = open_page(file, **usual, **{name: [NONSENSE] for name in names})
    app.session_state["find-caption"] = True  # its choices are read where they are seen
    app.run()
    words = said(app)
    assert not app.exception and names - set(SHARED)
    unread = set(SHARED) - set(words_read(file))
    silent = {name for name in names - unread if f"“{name}” in the address is " not in words}
    assert not silent, f"these choices fall back silently: {silent}\n{words}"
    for line in words.splitlines():
        if "in the address is" in line:
            assert f"not “{NONSENSE}”; " in line, line
    assert len(set(lines := [ln for ln in words.splitlines() if "in the address is" in ln])) == len(lines)


def words_read(file: str) -> tuple[str, ...]:
    """Which of the choices that all pages share this page goes by."""
    if file.startswith("home"):
        return ()
    return ("split",) if file.startswith(CAPTIONED) else ("split", "templates", "classnames")


def plan(world: World) -> dict[str, Any]:
    """The search that the page opens with."""
    pool = list(prompt_pool(engine_of(world), world.colours))
    limits = {"budget": BUDGET, "largest": LARGEST, "heldout_share": 0.5}
    return {"pool": pool, "baseline": ["a photo of a {}."], "classnames": "curated", **limits}


# --- pages of a long list ---------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [NONSENSE, "0", "-1", "99", "1.5", "²"])
def test_a_page_of_a_list_that_is_not_there_is_told(asked: str, everything: Callable[[str], World]) -> None:
    file = "search"
    app = open_page(file, model=[GOOD], data=[told_set(everything(file))], **{"asked-page": asked})
    assert not app.exception
    assert f"“asked-page” in the address is a number from 1 to 2, not “{asked}”; page 1 is shown." in said(app)


def test_a_page_of_a_list_that_is_there_is_shown_without_a_word(everything: Callable[[str], World]) -> None:
    file = "search"
    app = open_page(file, model=[GOOD], data=[told_set(everything(file))], **{"asked-page": "2"})
    assert not app.exception and "in the address is" not in said(app)


# --- other forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"ranks": "5-2"}, "“ranks” in the address is two ranks as 2-10, or 11- without an end, not “5-2”; any rank"),
        ({"ranks": "0-4"}, "not “0-4”; any rank is shown"),
        ({"hard": "crowded"}, "is one of length, contenders and crowding, not “crowded”; contenders is used instead."),
        ({"pair": [GOOD, "nobody"]}, f"is two of the models above, not “{GOOD}, nobody”; the first two are compared."),
        ({"hard": "x" * 300}, "not “" + "x" * 60 + "…”"),
        ({"words": "x" * 401}, "A text in the address is longer than 400 characters and is left out: “words”."),
    ],
)
def test_the_sentence_says_what_was_expected(
    choice: dict[str, object], words: str, everything: Callable[[str], World]
) -> None:
    file = "caption_retrieval/retrieval_scores"
    app = open_page(file, model=[GOOD, POOR], data=[told_set(everything(file))], **choice)
    assert not app.exception and words in said(app)


def test_another_set_of_templates_lets_the_baseline_go(everything: Callable[[str], World]) -> None:
    file = "prompt_study/compare_templates"
    baseline = find_prompt_set("deck").templates[2]
    app = open_page(file, model=[GOOD], data=[everything(file).colours], baseline=[baseline])
    app.selectbox(key="shown-wordings").set_value("photo").run()
    assert app.session_state["baseline"] == [] and "in the address is" not in said(app)


# --- addresses of before ----------------------------------------------------------------------------------


@pytest.mark.parametrize("old", MOVED)
def test_an_earlier_address_leads_on_with_its_choices(old: str, everything: Callable[[str], World]) -> None:
    world = everything("")
    app = open_page(old, model=[POOR], data=[world.colours])
    assert not app.exception and app.session_state["model"] == [POOR] and app.session_state["data"] == [world.colours]
    assert app.title[0].value == open_page(MOVED[old], model=[POOR], data=[world.colours]).title[0].value
