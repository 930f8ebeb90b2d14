"""Presentation mode in a real browser, driven by keys, with everything but this machine cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.deck.steps import STEPS

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]
LAST = len(STEPS)


def step(page: Any, place: int) -> None:
    # A fresh browser loads its parts first, which takes long on a busy machine.
    expect(page.locator(".stage-progress")).to_contain_text(f"{place} of {LAST}", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(STEPS[place - 1].title)
    page.locator("html[data-stage=listens]").wait_for(state="attached")


def cut_off(page: Any, address: str) -> list[str]:
    """From now on nothing but this server can be reached; what was asked for elsewhere is in the list."""
    strange: list[str] = []

    def decide(route: Any) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            return route.continue_()
        strange.append(route.request.url)
        return route.abort()

    page.route("**/*", decide)
    return strange


def test_a_clicker_leads_through_the_whole_story(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true")
    strange = cut_off(page, address)
    step(page, 1)
    for place in range(2, LAST + 1):
        page.keyboard.press("PageDown")
        step(page, place)
    page.keyboard.press("PageDown")
    step(page, LAST)
    assert parse_qs(urlsplit(page.url).query)["step"] == [str(LAST)] and strange == []


def test_every_key_does_what_it_says(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step=3")
    step(page, 3)
    for key, place in (("ArrowRight", 4), ("Space", 5), ("PageUp", 4), ("ArrowLeft", 3), ("End", LAST), ("Home", 1)):
        page.keyboard.press(key)
        step(page, place)
    page.keyboard.press("b")
    expect(page.locator("#stage-blank")).to_be_visible()
    page.keyboard.press("PageDown")
    expect(page.locator("#stage-blank")).to_have_count(0)
    step(page, 1)


def test_nothing_distracts_and_escape_leaves(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step=2")
    step(page, 2)
    expect(page.get_by_test_id("stHeader")).not_to_be_visible()
    expect(page.get_by_test_id("stSelectbox")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stHeader")).to_be_visible(timeout=30_000)
    expect(page.locator(".stage-progress")).to_have_count(0)
    page.wait_for_function("!location.search.includes('present=')")
    assert parse_qs(urlsplit(page.url).query)["step"] == ["2"]


def test_what_is_typed_does_not_move_the_story(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step=2")
    step(page, 2)
    page.keyboard.press("/")
    box = page.get_by_role("textbox", name="A prompt from the audience")
    expect(box).to_be_focused()
    page.keyboard.type("no pb f")
    step(page, 2)
    expect(box).to_have_value("no pb f")
    page.keyboard.press("PageDown")
    step(page, 3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", [4, 5, 17])
def test_the_stage_does_not_offend(visit: Visit, address: str, axe: str, place: int, scheme: str) -> None:
    from tests.browser.test_pages import _offences, _settled

    page = visit(f"{address}/presentations?present=true&step={place}", scheme=scheme)
    step(page, place)
    _settled(page)
    assert _offences(page, axe) == []


@pytest.mark.parametrize(("width", "factor"), [(1920, 1.5), (1024, 1.0)])
def test_type_grows_with_the_screen(visit: Visit, address: str, width: int, factor: float) -> None:
    page = visit(f"{address}/presentations?present=true&step=4", width=width)
    step(page, 4)
    size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size >= 16 * factor
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
