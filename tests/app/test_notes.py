"""What the reader of a data set says stands on every page beside the numbers made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.embedding.data import Data
from core.types import Dataset, Note
from tests.app.making import said
from tests.app.prompt_pages import answer_at_once
from tests.conftest import GOOD, POOR, World
from tests.worlds import told_set

FAULT = Note("A planted fault of these images.", "planted_fault", "fault")
WARNING = Note("A planted warning.", "planted_warning", "warning")
INFO = Note("A planted explanation.", "planted_info")


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every data set has something to say; the encoder answers at once."""
    answer_at_once(monkeypatch)
    rows = Data.rows

    def with_notes(self: Data, *args: Any, **options: Any) -> Dataset:
        found = rows(self, *args, **options)
        return replace(found, notes=(*found.notes, FAULT, WARNING, INFO))

    monkeypatch.setattr(Data, "rows", with_notes)


def boxes(app: AppTest) -> tuple[list[str], list[str]]:
    """What stands in the red and in the yellow boxes, without Markdown's marks."""
    return tuple([box.value.replace("\\", "") for box in kind] for kind in (app.error, app.warning))  # type: ignore[return-value]


PAGES = (
    "home",
    "classification/accuracy",
    "classification/errors_by_class",
    "classification/compare",
    "prompt_study/compare_templates",
    "prompt_study/prompt_results",
    "prompt_study/word_importance",
)


@pytest.mark.parametrize("file", PAGES)
def test_notes_stand_on_every_page_with_numbers_of_classes(
    page: Callable[..., AppTest], world: World, noted: None, file: str
) -> None:
    app = page(file, model=[GOOD, POOR], data=[world.colours])
    red, yellow = boxes(app)
    assert any(FAULT in text for text in red) and any(WARNING in text for text in yellow), said(app)
    assert INFO in said(app) and said(app).count(FAULT) == 1


def test_the_audit_says_them_as_a_check(page: Callable[..., AppTest], world: World, noted: None) -> None:
    words = said(page("check_my_number", model=[GOOD], data=[world.colours]))
    assert "Was your input read as it is?" in words and FAULT in words and INFO in words


@pytest.mark.parametrize("file", ["benchmark", "ask", "one_caption"])
def test_notes_stand_on_every_page_with_captions(
    caption_page: Callable[..., AppTest], captioned: World, noted: None, file: str
) -> None:
    app = caption_page(f"caption_retrieval/{file}", model=[GOOD], data=[told_set(captioned)])
    red, yellow = boxes(app)
    assert any(FAULT in text for text in red) and any(WARNING in text for text in yellow), said(app)


@pytest.mark.parametrize("choices", [{"data": ["nowhere"]}, {"data": ["folder:gone"]}, {"model": ["no-such/model"]}])
@pytest.mark.parametrize(
    "file",
    [
        *("home", "search", "check_my_number"),
        *(f"classification/{name}" for name in ("accuracy", "errors_by_class", "compare", "linear_probe", "few_shot")),
        *(f"prompt_study/{name}" for name in ("compare_templates", "prompt_results", "better_prompt")),
        "prompt_study/word_importance",
    ],
)
def test_what_is_not_here_is_said_in_one_box_and_no_other_numbers_are_shown(
    page: Callable[..., AppTest], world: World, file: str, choices: dict[str, list[str]]
) -> None:
    app = page(file, **{"model": [GOOD], "data": [world.colours], **choices})
    words = said(app)
    assert not app.exception and words.count("is not available here.") == 1, words
    if file != "home":  # its three questions are about what is here, and say so
        assert not app.metric and not app.dataframe and not app.get("plotly_chart"), words


def test_a_name_that_is_not_here_stays_in_its_field_and_hides_the_others(
    page: Callable[..., AppTest], world: World
) -> None:
    app = page("prompt_study/compare_templates", model=[GOOD], data=["folder:birds", world.colours])
    assert app.selectbox(key="shown-data").value == "folder:birds" and not app.metric
    assert "This data set is not available here." in said(app)
    app.selectbox(key="shown-data").set_value(world.colours).run()
    assert app.metric and "not available" not in said(app)


def test_own_data_is_understood_by_its_bare_name(page: Callable[..., AppTest], world: World) -> None:
    app = page("prompt_study/compare_templates", model=[GOOD], data=["colours"])
    assert app.metric and app.selectbox(key="shown-data").value == world.colours


def test_own_data_in_the_data_folder_can_be_chosen(page: Callable[..., AppTest], world: World) -> None:
    app = page("classification/accuracy", model=[GOOD], data=["eurosat"])
    assert "colours · 32 images" in app.multiselect(key="shown-data").options
    app.multiselect(key="shown-data").set_value(["folder:colours"]).run()
    assert app.metric and app.session_state["data"] == ["folder:colours"]


def test_a_path_written_in_two_ways_is_one_data_set(page: Callable[..., AppTest], world: World) -> None:
    app = page("classification/errors_by_class", model=[GOOD], data=["folder:colours"])
    assert app.selectbox(key="shown-data").format_func(world.colours) == "colours · 32 images"
