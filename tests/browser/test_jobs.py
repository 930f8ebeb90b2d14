"""A batch of embeddings from the keyboard alone, and the strip that follows it over the pages."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.readers import make_demo
from core.store import Store
from tests.browser.conftest import served, sync_api
from tests.conftest import World

Visit = Callable[..., Any]
expect = sync_api.expect


@pytest.fixture
def own_world(world: World, tmp_path: Path) -> World:
    """The world with a drawn set of the demo, whose models can really embed it."""
    cache = tmp_path / "cache"
    shutil.copytree(world.cache, cache, ignore=shutil.ignore_patterns("*.sock", "encoder*", "run"))
    make_demo("demo-satellite", cache)
    return World(cache, world.data, world.home)


def choose(page: Any, label: str, *typed: str) -> None:
    """Add what is typed to a list, as the keyboard does."""
    box = page.get_by_role("combobox", name=re.compile(f"^{label}|. {label}$|{label}$"))
    box.focus()
    for text in typed:
        page.keyboard.type(text)
        time.sleep(0.5)
        page.keyboard.press("Enter")
        time.sleep(1.0)
    page.keyboard.press("Escape")


def test_a_batch_by_keyboard_and_the_strip_that_follows_it(own_world: World, visit: Visit) -> None:
    with served(own_world) as url:
        page = visit(f"{url}/data_and_models")
        choose(page, "Models", "demo-rn/demo", "demo-vit/demo")
        choose(page, "Data sets", "Demo satellite")
        button = page.get_by_role("button", name="Compute 2 pairs")
        expect(button).to_be_enabled()
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("place 1 in the queue").first).to_be_visible()
        link = page.get_by_role("link", name="Leaderboard").first
        link.focus()
        page.keyboard.press("Enter")
        strip = page.locator(".st-key-running-work a")
        expect(strip.first).to_contain_text("job")
        expect(strip.first).to_contain_text("Done: see results", timeout=180_000)
        strip.first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/data_and_models*")
        expect(page.get_by_role("heading", name="Recent jobs")).to_be_visible()
        expect(strip).to_have_count(0)
    done = {(e.key.model, e.key.split) for e in Store(own_world.cache).entries() if e.key.dataset == "demo-satellite"}
    assert done == {("demo-rn/demo", "test"), ("demo-vit/demo", "test")}
