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

FAULT = Note("A planted fault of these pictures.", "planted_fault", "fault")
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
    assert "Was what was brought understood as it stands?" in words and FAULT in words and INFO in words


@pytest.mark.parametrize("file", ["benchmark", "ask", "one_caption"])
def test_notes_stand_on_every_page_with_captions(
    caption_page: Callable[..., AppTest], captioned: World, noted: None, file: str
) -> None:
    app = caption_page(f"caption_retrieval/{file}", model=[GOOD], data=[told_set(captioned)])
    red, yellow = boxes(app)
    assert any(FAULT in text for text in red) and any(WARNING in text for text in yellow), said(app)


def test_another_set_than_asked_for_is_said_in_large(page: Callable[..., AppTest], world: World) -> None:
    app = page("classification/accuracy", model=["no-such/model"], data=["nowhere"])
    yellow = " ".join(boxes(app)[1])
    assert "No model is called 'no-such/model'" in yellow and "Shown instead of the model asked for" in yellow
    assert "No data set is called 'nowhere'" in yellow and "Shown instead of the data set asked for" in yellow
    one = " ".join(boxes(page("classification/errors_by_class", model=[GOOD], data=["nowhere"]))[1])
    assert "Shown instead of the data set asked for" in one


def test_a_path_written_in_two_ways_is_one_data_set(page: Callable[..., AppTest], world: World) -> None:
    app = page("classification/errors_by_class", model=[GOOD], data=["folder:colours"])
    assert app.selectbox(key="shown-data").format_func(world.colours) == "colours"
