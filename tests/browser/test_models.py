"""Models are found by typing in a browser, whose own filter decides what a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog.finding import find_by_words
from tests.browser.test_pages import Visit, choices, link
from tests.conftest import World

expect = pytest.importorskip("playwright.sync_api").expect


def models_field(page: Any) -> Any:
    return page.get_by_test_id("stMultiSelect").filter(has_text="Models")


def test_typed_words_find_models_that_are_not_here(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    models_field(page).get_by_role("combobox").click()
    page.keyboard.type("siglip so400m")
    options = page.get_by_role("option").filter(has_not_text="Add:")
    expect(options.first).to_contain_text("SO400M")
    shown = options.all_inner_texts()
    assert len(shown) >= 5 and all("SO400M" in text and "SigLIP" in text for text in shown)
    options.first.click()
    page.wait_for_url("**SO400M*")
    chosen = choices(page)["model"][-1]
    assert chosen in {model.name for model in find_by_words("siglip so400m")}
    page.keyboard.press("Escape")
    expect(models_field(page)).to_contain_text("WebLI")
    expect(models_field(page)).not_to_contain_text("—")
