"""A text too long for its field is said at the field and stays there: nothing that is pasted is cut without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.deck.scenes import stories_folder
from core.deck.stories import OwnStep, OwnStory, load_story, save_story
from core.engine import Engine
from pages.shared.page_actions import BOX, NEW
from tests import worlds
from tests.app.making import said
from tests.app.prompt_pages import box, press
from tests.conftest import GOOD, POOR, ROOT, World

Page = Callable[..., AppTest]
LONG = "red " * 2500
SAID = "at most 400 are read"


def test_no_field_cuts_what_is_pasted() -> None:
    files = sorted((ROOT / "pages").rglob("*.py"))
    assert len(files) > 50 and not [f.name for f in files if "max_chars=" in f.read_text("utf-8")]


def stays(app: AppTest, label: str, submit: str, sentence: str = SAID) -> None:
    """A long text in the field of this label, sent off, is refused in words and can be mended."""
    field = box(app, label).set_value(LONG)
    press(app, submit) if submit else field.run()
    assert not app.exception and sentence in said(app)
    assert box(app, label).value == LONG


@pytest.mark.parametrize(
    ("way", "label"), [("slots", "Pattern with slots in braces"), ("ladder", "Noun"), ("ladder", "Put into")]
)
def test_questions_for_images(page: Page, world: World, way: str, label: str) -> None:
    stays(page("prompt_study/prompt_results", data=[world.colours], model=[GOOD], way=way), label, "Find images")


def test_a_pattern_of_a_search(page: Page, world: World) -> None:
    app = page("prompt_study/better_prompt", data=[world.colours], model=[GOOD])
    stays(app, "A pattern with slots", "Apply settings")
    assert not app.session_state["poolpattern"]


def test_own_templates(page: Page, world: World) -> None:
    app = page("classification/accuracy", data=[world.colours], model=[GOOD])
    label = "Own templates, one per line"
    stays(app, label, "Use these")
    assert not app.session_state["template"]
    box(app, label).set_value("\n".join(f"{i} {{}}" for i in range(41)))
    press(app, "Use these")
    assert "At most 40 templates are averaged, got 41." in said(app) and not app.session_state["template"]
    box(app, label).set_value("a {}\n\na b {}")
    press(app, "Use these")
    assert app.session_state["template"] == ["a {}", "a b {}"] and "at most" not in said(app).lower()


def test_words_of_a_list_of_captions(caption_page: Page, captioned: World) -> None:
    app = caption_page(
        "caption_retrieval/retrieval_scores", model=[GOOD, POOR], data=[worlds.told_set(captioned)], words="red"
    )
    stays(app, "Words in the caption", "")
    assert app.session_state["words"] == ["red"]
    box(app, "Words in the caption").set_value("blue").run()
    assert app.session_state["words"] == ["blue"] and SAID not in said(app)


def test_a_path_of_captions(caption_page: Page, captioned: World) -> None:
    app = caption_page("caption_retrieval/retrieval_scores", model=[GOOD], data=[worlds.told_set(captioned)])
    app.session_state["own-captions"] = True
    stays(app.run(), "Path in the data folder", "Read captions", "at most 391 are read")


def test_words_of_the_field(page: Page) -> None:
    app = page("field", words="siglip")
    stays(app, "Words in name, family or training data", "")
    assert app.session_state["words"] == ["siglip"]


@pytest.fixture
def stories(world: World) -> Path:
    """The folder of presentations, empty."""
    folder = stories_folder(Engine(world.cache, world.data, in_process=False))
    for old in folder.glob("*.toml"):
        old.unlink()
    return folder


def test_slides_keep_what_was_typed_until_it_is_mended(page: Page, stories: Path) -> None:
    view = f"/accuracy?model={GOOD}&data=eurosat"
    steps = (OwnStep(title="One", view=view), OwnStep(title="Two", view=view))
    save_story(stories, OwnStory(title="Mine", steps=steps))

    def titles() -> list[str]:
        return [step.title for step in load_story(stories, "mine", ["accuracy"]).steps]

    def shown(app: AppTest) -> list[Any]:
        return [app.text_input(key=f"slide-title-{place}").value for place in (1, 2)]

    app = page("present/presentations", story="mine")
    app.text_input(key="slide-title-2").set_value(LONG).run()
    assert "its title has 10,000 characters, at most 120 are shown" in said(app) and shown(app) == ["One", LONG]
    app.text_input(key="slide-title-1").set_value("First").run()
    assert titles() == ["First", "Two"] and shown(app) == ["First", LONG], "another slide does not lose it either"
    app.text_input(key="slide-title-2").set_value("Second").run()
    assert titles() == ["First", "Second"] and "at most 120" not in said(app)
    app.text_input(key="slide-note-1").set_value(LONG).run()
    assert "its note has 10,000 characters, at most 600 are shown" in said(app)
    app.button(key="slide-down-1").click().run()
    assert titles() == shown(app) == ["Second", "First"] and app.text_input(key="slide-note-1").value == ""
    assert "at most 600" not in said(app), "what was typed for one slide is never taken for another's"
    app.text_input(key="story-title").set_value(LONG)
    app.button(key="story-renamed").click().run()
    assert "its title has 10,000 characters, at most 120 are shown" in said(app)
    assert app.text_input(key="story-title").value == LONG and not app.exception


def test_a_view_that_becomes_a_slide(page: Page, stories: Path) -> None:
    app = page("classification/accuracy", model=[GOOD], data=["eurosat"])
    app.session_state[BOX] = True
    app.run()
    app.selectbox(key="add-story").set_value(NEW)
    for key, usual in (("add-title", "Acc"), ("add-story-title", "Mine")):
        app.text_input(key=key).set_value(LONG)
        app.button(key="FormSubmitter:add-step-Add").click().run()
        assert "at most 120" in said(app) and app.text_input(key=key).value == LONG and not app.exception
        app.text_input(key=key).set_value(usual)


def test_the_audience_s_prompt(page: Page) -> None:
    app = page("present/presentations", present="true", step="8")
    app.text_input(key="stage-question").set_value(LONG).run()
    assert not app.exception and "The prompt has 9,999 characters; at most 200 are read" in said(app)
    assert app.text_input(key="stage-question").value == LONG and not app.session_state["ask"]
