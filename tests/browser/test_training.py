"""Probe, few-shot and comparison in a real browser: from two sides to a picture and both answers, keyboard, contrast,
narrow screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from core.engine import Engine
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS
from core.studies.few_shot.study import FewShot
from core.studies.probe.result import ProbeResult
from tests import worlds
from tests.browser.conftest import offences, served, settled
from tests.conftest import POOR, World
from tests.worlds import run_study

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]
PATHS = ("/linear_probe", "/few_shot", "/compare")
SIDES = {"a": f"probe:{POOR}", "b": f"zero-shot:{POOR}"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, ProbeResult]:
    world, probe = worlds.trained_world(tmp_path_factory.mktemp("trained"))
    run_study(
        Engine(world.cache, world.data, in_process=False),
        FewShot,
        POOR,
        world.colours,
        shots=SHOTS,
        methods=METHODS,
        seeds=SEEDS,
    )
    return world, probe


@pytest.fixture(scope="module")
def here(trained: tuple[World, ProbeResult]) -> Iterator[str]:
    with served(trained[0]) as url:
        yield url


def on_colours(world: World, path: str, **more: str) -> str:
    return f"{path}?" + urlencode({"model": POOR, "data": world.colours, **more}, quote_via=quote)


def choices(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_from_a_comparison_to_a_picture_and_both_answers(
    visit: Visit, here: str, trained: tuple[World, ProbeResult]
) -> None:
    page = visit(here + on_colours(trained[0], "/compare", **SIDES))
    expect(page.get_by_role("table").filter(has_text="each classified by both")).to_be_visible()
    tiles = page.get_by_role("group", name="Images that only Linear probe classifies correctly").get_by_role("button")
    expect(tiles.first).to_be_visible()
    tiles.first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    expect(dialog).to_contain_text("ResNet-50 · OpenAI, linear probe")
    expect(dialog).to_contain_text("ResNet-50 · OpenAI, zero-shot")
    expect(dialog).to_contain_text("· correct")
    page.wait_for_url("**parted=*")
    assert choices(page)["parted"][0] in trained[1].ids
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_function("!location.search.includes('parted=')")


def test_a_few_shot_draw_as_a_side_says_what_one_draw_is_worth(
    visit: Visit, here: str, trained: tuple[World, ProbeResult]
) -> None:
    sides = {"a": f"tip-f/2/0:{POOR}", "b": f"zero-shot:{POOR}"}
    page = visit(here + on_colours(trained[0], "/compare", **sides))
    told = page.get_by_text("is a single draw (seed 0), which is weak evidence")
    expect(told).to_be_visible()
    expect(page.get_by_role("table").filter(has_text="each classified by both")).to_be_visible()
    page.get_by_role("spinbutton", name="ResNet-50 · OpenAI (first): draw (seed)").fill("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**a=tip-f%2F2%2F1*")
    expect(page.get_by_text("is a single draw (seed 1)")).to_be_visible()
    tiles = page.get_by_role("group", name="Images that only").get_by_role("button")
    tiles.first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Tip-Adapter-F, 2 per class")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="All draws").click()
    expect(page.get_by_role("heading", name="How much do a few labels help?")).to_be_visible()
    assert choices(page)["model"] == [POOR] and "a" not in choices(page)


def test_another_side_goes_into_the_address(visit: Visit, here: str, trained: tuple[World, ProbeResult]) -> None:
    page = visit(here + on_colours(trained[0], "/compare", **SIDES))
    box = page.get_by_test_id("stSelectbox").filter(has_text="ResNet-50 · OpenAI (second): prompts")
    box.get_by_role("combobox").click()
    page.get_by_role("option", name="Seven of the original study").click()
    page.wait_for_url("**b=deck*")
    assert choices(page)["b"] == [f"zero-shot:{POOR}", "deck"]


def test_a_link_to_a_probe_shows_it(visit: Visit, here: str, trained: tuple[World, ProbeResult]) -> None:
    page = visit(here + on_colours(trained[0], "/linear_probe"))
    expect(page.get_by_test_id("stMetric")).to_have_count(1)
    expect(page.get_by_role("table")).to_contain_text("ResNet-50 · OpenAI")
    with page.expect_download() as saved:
        page.locator(".st-key-csv-probe-accuracy").get_by_role("button").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 4 and {line.split(",")[5] for line in lines[1:]} == {"zero-shot", "probe", "trained"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_nothing_offends_the_accessibility_rules(
    visit: Visit, here: str, axe: str, trained: tuple[World, ProbeResult], path: str, scheme: str
) -> None:
    page = visit(here + on_colours(trained[0], path, **(SIDES if path == "/compare" else {})), scheme=scheme)
    settled(page)
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    assert offences(page, axe) == []


@pytest.mark.parametrize("path", [*PATHS, "/accuracy"])
def test_a_narrow_screen_is_not_wider_than_it_is(
    visit: Visit, here: str, trained: tuple[World, ProbeResult], path: str
) -> None:
    page = visit(here + on_colours(trained[0], path), width=390)
    settled(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
