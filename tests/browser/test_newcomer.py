"""The way of a newcomer: an empty machine, no click, a chart; then from a bar to the pictures, to one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import served
from tests.conftest import World

expect = pytest.importorskip("playwright.sync_api").expect
MINUTES = 60_000


@pytest.mark.slow
def test_from_nothing_to_a_picture(visit: Callable[..., Any], tmp_path: Path) -> None:
    world = World(tmp_path / "cache", tmp_path / "data", tmp_path / "home")
    world.home.mkdir()
    with served(world) as address:
        page = visit(address)
        expect(page.get_by_text("generated images")).to_be_visible()
        expect(page.get_by_text("Preparing the demo")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Preparing the demo")).to_be_visible()

        chart = page.get_by_test_id("stPlotlyChart").first
        expect(chart).to_be_visible(timeout=6 * MINUTES)
        bar = chart.locator(".barlayer .point path").first
        bar.wait_for(timeout=2 * MINUTES)
        bar.click(force=True)
        expect(page.get_by_role("heading", name="What does it get right")).to_be_visible()

        tile = page.get_by_role("group", name="pictures").get_by_role("button").first
        expect(tile).to_be_visible()
        tile.click()
        expect(page.get_by_role("dialog").get_by_role("img").first).to_be_visible()
