"""What can be done with a view: its link is complete, and it becomes a slide of a presentation from any page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.deck.scenes import stories_folder
from core.deck.stories import load_story
from core.engine import Engine
from pages.shared.page_actions import BOX, NEW
from tests.app.making import said
from tests.conftest import GOOD, POOR, World

Page = Callable[..., AppTest]
PAGES = ("classification/accuracy", "classification/errors_by_class", "prompt_study/compare_templates", "search")


def opened(page: Page, file: str, **choices: object) -> AppTest:
    app = page(file, **choices)
    app.session_state[BOX] = True
    return app.run()


@pytest.mark.parametrize("file", PAGES)
def test_any_view_becomes_a_slide(page: Page, world: World, file: str) -> None:
    name, engine = f"for-{PAGES.index(file)}", Engine(world.cache, world.data, in_process=False)
    for old in stories_folder(engine).glob("*.toml"):
        old.unlink()
    app = opened(page, file, model=[GOOD, POOR], data=["eurosat"])
    app.text_input(key="add-story-title").set_value(f"For {PAGES.index(file)}")
    assert str(app.text_input(key="add-title").value).endswith("on EuroSAT")
    app.button(key="FormSubmitter:add-step-Add").click().run()
    assert not app.exception and not app.error and app.session_state[BOX] is False
    (step,) = load_story(stories_folder(engine), name, [file.rpartition("/")[2]]).steps
    assert step.page == file.rpartition("/")[2] and step.choices["data"] == ["eurosat"]
    assert step.choices["model"][0] == GOOD, "the link is complete, whatever the page opens with elsewhere"
    app.session_state[BOX] = True
    app.run()
    assert app.selectbox(key="add-story").value == name
    app.button(key="FormSubmitter:add-step-Add").click().run()
    assert len(load_story(stories_folder(engine), name, [step.page]).steps) == 2


def test_what_is_missing_is_said_at_the_form_and_nothing_is_lost(page: Page) -> None:
    app = opened(page, "classification/accuracy", model=[GOOD], data=["eurosat"])
    app.selectbox(key="add-story").set_value(NEW)
    app.text_input(key="add-note").set_value("Look at the intervals.")
    app.button(key="FormSubmitter:add-step-Add").click().run()
    assert "A new presentation needs a title." in said(app)
    assert app.text_input(key="add-note").value == "Look at the intervals."


def test_the_copied_link_is_spelled_out(page: Page) -> None:
    app = page("classification/accuracy", model=[GOOD], data=["eurosat"])
    found = [e.proto for e in app.get("bidi_component") if e.proto.component_name.endswith("copy_link")]
    text = str(found[0]) if found else ""
    assert "model=ViT-B-32/openai" in text and "data=eurosat" in text, parse_qs(text)
