"""The prompt pages in a real browser: an edited class name, what a template turns, the deck's question from a preset
to one picture and on to its words, keyboard, contrast, narrow screens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from core.deck.presets import picture_presets
from core.store import TextStore
from core.studies.prompts.compose import leave_one_out, rewordings_of
from tests.browser.conftest import served, settled
from tests.conftest import GOOD, POOR, World
from tests.fakes import FakeEncoder

sync_api = pytest.importorskip("playwright.sync_api")
expect, TimedOut = sync_api.expect, sync_api.TimeoutError
Visit = Callable[..., Any]
SLOWLY = 240_000


@pytest.fixture(scope="module", autouse=True)
def questions_known(world: World) -> None:
    """Vectors of the questions that the pages open with, as the library's own work leaves them."""
    texts = TextStore(world.cache)
    asked = [t for preset in picture_presets(world.colours) for t in (*preset.texts, *preset.minus)]
    asked += [other for t in asked for other in (*(s.without for s in leave_one_out(t)), *rewordings_of(t))]
    for model in (GOOD, POOR):
        encoder = FakeEncoder(model)
        texts.put(
            encoder.card.model_digest, list(dict.fromkeys(asked)), encoder.encode_texts(list(dict.fromkeys(asked)))
        )


def choices(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def on_colours(world: World, path: str) -> str:
    return f"{path}?model={quote(POOR)}&data={quote(world.colours)}"


def test_an_edited_class_name_joins_the_comparison(visit: Visit, address: str, world: World) -> None:
    page = visit(address + on_colours(world, "/compare_templates"))
    settled(page)
    page.get_by_role("button", name="Curated names").click()
    sheet = page.get_by_test_id("stPopoverBody").locator("canvas").first
    sheet.wait_for()
    _write_into_cell(page, sheet, "green")
    page.wait_for_url("**edited-curated*")
    assert choices(page)["names"] == ["curated", "edited-curated"]
    assert choices(page)["rename"] in (["curated:red=green"], ["curated:green=green"], ["curated:blue=green"])
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stMetric")).to_have_count(2, timeout=SLOWLY)
    expect(page.get_by_role("button", name="2 sets of class names")).to_be_visible()


def _write_into_cell(page: Any, sheet: Any, text: str) -> None:
    """Type into the third row until the address knows it; a table that is drawn again meanwhile loses a click, the
    open cell or what was typed into it. It is always the same cell, so typing again changes nothing else."""
    cell = page.locator("textarea.gdg-input, .gdg-input textarea, #portal textarea").last
    deadline = time.monotonic() + SLOWLY / 1000
    while time.monotonic() < deadline:
        where = _still(page, sheet)
        page.mouse.click(where["x"] + where["width"] / 2, where["y"] + 3.5 * where["height"] / 5)
        page.keyboard.press("Enter")
        try:
            cell.wait_for(timeout=3000)
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text, delay=60)
            expect(cell).to_have_value(text, timeout=3000)
            page.keyboard.press("Enter")
            page.wait_for_url("**rename=*", timeout=30_000)
            return
        except (TimedOut, AssertionError):
            continue
    raise AssertionError("no cell of the table can be edited")


def _still(page: Any, sheet: Any) -> dict[str, float]:
    """Where the table is once it has come to rest: what is drawn above it may still push it down."""
    before, now = None, sheet.bounding_box()
    while before != now:
        page.wait_for_timeout(400)
        before, now = now, sheet.bounding_box()
    return dict(now)


def test_from_a_template_to_a_picture_that_it_turns(visit: Visit, address: str, world: World) -> None:
    page = visit(address + on_colours(world, "/compare_templates"))
    tile = page.get_by_role("group", name="image").get_by_role("button").first
    expect(tile).to_be_visible(timeout=SLOWLY)
    tile.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("templates classify it correctly", timeout=SLOWLY)
    page.wait_for_url("**flipped=*")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_function("!location.search.includes('flipped=')")


def test_a_mark_in_the_chart_leads_to_what_it_changes(visit: Visit, address: str, world: World) -> None:
    page = visit(address + on_colours(world, "/compare_templates"))
    marks = page.get_by_test_id("stPlotlyChart").first.locator(".scatterlayer .trace .point")
    marks.first.wait_for(state="attached")
    place = marks.nth(3).bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_url("**changed=*")
    assert choices(page)["changed"] == [POOR, "curated", "a cartoon of a {}"]


def test_hovering_a_picture_lights_up_its_twin(visit: Visit, address: str, world: World) -> None:
    page = visit(f"{address}/prompt_results?model={quote(GOOD)}&model={quote(POOR)}&data={quote(world.colours)}&k=20")
    lists = page.get_by_role("group").filter(has=page.locator(".tile"))
    expect(lists).to_have_count(4, timeout=SLOWLY)
    both = lists.nth(0).locator(".tile").filter(has_text="in both").first
    name = both.get_attribute("data-id")
    twin = lists.nth(1).locator(f'.tile[data-id="{name}"]')
    both.hover()
    expect(twin).to_have_class(re.compile(r"\btwin\b"))
    page.mouse.move(0, 0)
    expect(twin).not_to_have_class(re.compile(r"\btwin\b"))


def test_the_lists_can_be_saved_as_rows_and_as_a_picture(visit: Visit, address: str, world: World) -> None:
    page = visit(address + on_colours(world, "/prompt_results"))
    with page.expect_download() as saved:
        page.locator(".st-key-hits-png").get_by_role("button").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").first.click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("model,") and len(lines) == 1 + 2 * 10


# --- with the demo's own encoder --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on the demo's captions, really drawn and embedded with one demo model."""
    from core.engine import Engine

    root: Path = tmp_path_factory.mktemp("demo")
    world = World(root / "cache", root / "data", root / "home")
    world.home.mkdir()
    Engine(world.cache, world.data).vectors.ensure(
        Engine(world.cache, world.data).place("demo-rn/demo", "demo-captions")
    )
    with served(world) as url:
        yield url


@pytest.mark.slow
def test_from_a_preset_to_pictures_to_one_picture_to_its_words(visit: Visit, demo_address: str) -> None:
    page = visit(f"{demo_address}/prompt_results?model=demo-rn/demo&data=demo-captions")
    page.get_by_text("Adjectives: bird", exact=True).click()
    expect(page.get_by_role("heading", name="“a photo of flying white bird”")).to_be_visible(timeout=5 * SLOWLY)
    assert choices(page)["prompt"][0] == "a photo of bird" and choices(page)["order"] == ["before"]
    tile = page.get_by_role("group", name="a photo of flying white bird").get_by_role("button").first
    expect(tile).to_contain_text("was rank", timeout=SLOWLY)
    tile.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    dialog.get_by_role("link", name="Which words matter?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which words matter?", timeout=SLOWLY)
    expect(page.get_by_test_id("stMetric")).to_have_count(1, timeout=60_000)
    assert choices(page)["target"] and choices(page)["text"] == ["a photo of bird"]
