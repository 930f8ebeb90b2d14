"""Every page and the stage, once in a look: no rule of axe-core is offended, nothing is wider than the screen, nothing is
fetched from elsewhere, and no program of the page fails. `test_light` and `test_dark` do it, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from core.deck.steps import STEPS
from tests import worlds
from tests.browser.conftest import offences, served, settled
from tests.conftest import GOOD, POOR, World

WIDTHS = (1440, 390)
ON_COLOURS = (
    "",
    "field",
    "leaderboard",
    "search",
    "check_my_number",
    "data_and_models",
    "accuracy",
    "errors_by_class",
    "compare",
    "linear_probe",
    "few_shot",
    "compare_templates",
    "prompt_results",
    "better_prompt",
    "word_importance",
)
ON_CAPTIONS = ("retrieval_scores", "inspect_caption", "search")
ON_STAGE = (1, 2, 7, len(STEPS))


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The dashboard with captions: its address, and the models and data set to choose there."""
    world = worlds.captions_world(tmp_path_factory.mktemp("captioned"))
    with served(world) as url:
        yield url, f"model={quote(GOOD)}&model={quote(POOR)}&data={quote(worlds.told_set(world))}"


def faults_of_every_page(
    browser: Any, address: str, captioned: tuple[str, str], axe: str, world: World, scheme: str, width: int
) -> dict[str, list[Any]]:
    """Address -> what is wrong there; {} where nothing is."""
    chosen = f"model={quote(POOR)}&model={quote(GOOD)}&data={quote(world.colours)}"
    pages = [f"{address}/{path}?{chosen}" for path in ON_COLOURS]
    pages += [f"{captioned[0]}/{path}?{captioned[1]}" for path in ON_CAPTIONS]
    pages += [f"{address}/presentations?present=true&step={STEPS[place - 1].name}" for place in ON_STAGE]
    context = browser.new_context(viewport={"width": width, "height": 900 if width > 600 else 844}, color_scheme=scheme)
    context.set_default_timeout(60_000)
    found = {url: faults for url in pages if (faults := _faults(context, url, axe, width))}
    context.close()
    return found


def _faults(context: Any, url: str, axe: str, width: int) -> list[Any]:
    page, faults = context.new_page(), list[Any]()
    own = (url.split("/", 3)[0] + "//" + url.split("/", 3)[2], "data:", "blob:", "ws")
    page.on("request", lambda r: faults.append(("fetched", r.url)) if not r.url.startswith(own) else None)
    page.on("pageerror", lambda error: faults.append(("failed", str(error))))
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    faults += [("wider than the screen", wide)] if wide > width else []
    faults += offences(page, axe)
    page.close()
    return faults
