"""Presentation mode in a real browser, driven by keys, with everything but this machine cut off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.deck.steps import STEPS
from core.deck.stories import OwnStep, OwnStory, save_story
from tests.conftest import GOOD, World

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]
LAST = len(STEPS)


def step(page: Any, place: int) -> None:
    # A fresh browser loads its parts first, which takes long on a busy machine.
    expect(page.locator(".stage-progress")).to_contain_text(f"{place} of {LAST}", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(STEPS[place - 1].title)
    expect(page.locator("#stage-old")).to_have_count(0)
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
    assert parse_qs(urlsplit(page.url).query)["step"] == [STEPS[-1].name] and strange == []


def test_every_key_does_what_it_says(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step={STEPS[2].name}")
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
    page = visit(f"{address}/presentations?present=true&step={STEPS[1].name}")
    step(page, 2)
    expect(page.get_by_test_id("stHeader")).not_to_be_visible()
    expect(page.get_by_test_id("stSelectbox")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stHeader")).to_be_visible(timeout=30_000)
    expect(page.locator(".stage-progress")).to_have_count(0)
    page.wait_for_function("!location.search.includes('present=')")
    assert parse_qs(urlsplit(page.url).query)["step"] == [STEPS[1].name]


def asking(page: Any) -> Any:
    """The box for a prompt, once the key for it has put the cursor there."""
    page.keyboard.press("/")
    box = page.get_by_role("textbox", name="A prompt from the audience")
    expect(box).to_be_focused()
    return box


def test_what_is_typed_does_not_move_the_story(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step={STEPS[1].name}")
    step(page, 2)
    box = asking(page)
    page.keyboard.type("no pb f")
    step(page, 2)
    expect(box).to_have_value("no pb f")
    page.keyboard.press("PageDown")
    step(page, 3)


def test_a_prompt_begun_before_its_box_is_drawn_does_not_move_the_story(visit: Visit, address: str) -> None:
    page = visit(f"{address}/presentations?present=true&step={STEPS[1].name}")
    step(page, 2)
    page.evaluate("document.querySelector('.st-key-stage-ask').classList.replace('st-key-stage-ask', 'not-yet')")
    page.keyboard.press("/")
    page.keyboard.type("no p ")
    page.evaluate("document.querySelector('.not-yet').classList.replace('not-yet', 'st-key-stage-ask')")
    expect(page.get_by_role("textbox", name="A prompt from the audience")).to_be_focused()
    step(page, 2)


@pytest.mark.parametrize(("width", "factor"), [(1920, 1.5), (1024, 1.0)])
def test_type_grows_with_the_screen(visit: Visit, address: str, width: int, factor: float) -> None:
    page = visit(f"{address}/presentations?present=true&step={STEPS[3].name}", width=width)
    step(page, 4)
    size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size >= 16 * factor
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


# --- slides of one's own ----------------------------------------------------------------------------------

SCREENS = [(1920, 1080), (1024, 768)]
TITLES = ("Which model is better?", "Does the wording matter?", "What is confused?")
BOXES = """() => {
  const seen = e => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden"
  const box = e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom] }
  const all = selector => [...document.querySelectorAll(selector)].filter(seen).map(box)
  return { title: all("h1"), chart: all(".st-key-stage-slide .js-plotly-plot"),
    legend: all(".st-key-stage-slide .legend"), axis: all(".st-key-stage-slide :is(.xaxislayer-above, .yaxislayer-above)"),
    bar: all(".st-key-stage-bar"), wide: document.documentElement.scrollWidth }
}"""


@pytest.fixture(scope="module")
def talk(world: World) -> str:
    """A presentation of three views, in the cache of the server."""
    where = f"model={GOOD}&data=eurosat"
    pages = ("accuracy", "compare_templates", "errors_by_class")
    steps = (OwnStep(title=title, view=f"/{page}?{where}") for title, page in zip(TITLES, pages, strict=True))
    return save_story(world.cache / "stories", OwnStory(title="Talk", steps=tuple(steps)))


def slide(page: Any, place: int) -> None:
    expect(page.locator(".stage-progress")).to_contain_text(f"{place} of {len(TITLES)}", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[place - 1])
    expect(page.locator("#stage-old")).to_have_count(0)
    page.locator("html[data-stage=listens]").wait_for(state="attached")


def cut(page: Any, width: int) -> list[tuple[str, list[float]]]:
    """What stands out of the screen, or under the bar. What is wholly below the bar is left out of the slide."""
    found = page.evaluate(BOXES)
    end = found["bar"][0][1]
    seen = [(part, box) for part in ("title", "chart", "legend", "axis") for box in found[part] if box[1] < end]
    return [
        (part, [left, top, right, bottom])
        for part, (left, top, right, bottom) in seen
        if left < 0 or top < 0 or right > width + 1 or bottom > end + 1
    ]


def fitted(page: Any, width: int) -> None:
    """Nothing of the slide is cut, and that stays so; a slow machine takes its time until then."""
    deadline = time.monotonic() + 30
    while (out := cut(page, width)) and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    assert out == []
    page.wait_for_timeout(500)
    assert cut(page, width) == []


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_nothing_of_a_slide_is_cut(visit: Visit, address: str, talk: str, width: int, height: int) -> None:
    page = visit(f"{address}/presentations?present=true&story={talk}", width=width)
    page.set_viewport_size({"width": width, "height": height})
    for place in range(1, len(TITLES) + 1):
        slide(page, place)
        page.wait_for_function(f"({BOXES})().chart.length > 0")
        fitted(page, width)
        found = page.evaluate(BOXES)
        assert len(found["title"]) == 1, "one title, the slide's own"
        assert found["axis"] and found["wide"] <= width
        shown = [box for box in found["chart"] if box[1] < found["bar"][0][1]]
        assert shown and all(bottom - top > height / 5 for _, top, _, bottom in shown)
        page.keyboard.press("PageDown")


def test_a_prompt_is_answered_on_an_own_slide_and_back_goes_back(visit: Visit, address: str, talk: str) -> None:
    page = visit(f"{address}/presentations?present=true&story={talk}&step=2", width=1920)
    slide(page, 2)
    asking(page)
    page.keyboard.type("a red square")
    page.keyboard.press("Enter")
    answer = page.locator(".st-key-stage-answer")
    expect(answer.get_by_role("heading", level=1)).to_have_text("“a red square”")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(answer).to_have_count(0)
    slide(page, 2)
    page.keyboard.press("PageUp")
    slide(page, 1)


LONELY = """() => {
  const blocks = [...document.querySelectorAll(".st-key-stage-slide [data-testid=stElementContainer]")].filter(e =>
    !e.querySelector("[data-testid=stElementContainer]") && e.getBoundingClientRect().height > 1 &&
    getComputedStyle(e).visibility !== "hidden")
  const end = document.querySelector(".st-key-stage-bar").getBoundingClientRect().top
  const title = e => e.querySelector("h2, h3") && !/[.)]$/.test(e.innerText.trim())
  const last = [...document.querySelectorAll(".st-key-stage-slide, .st-key-stage-slide [data-testid=stVerticalBlock]")]
    .map(part => blocks.filter(e => part.contains(e)).at(-1)).filter(e => e && title(e)).map(e => e.innerText)
  return { last, below: blocks.filter(e => e.getBoundingClientRect().top > end).length }
}"""
EVERY = ("", "leaderboard", "search", "check_my_number", "accuracy", "errors_by_class", "better_prompt")


def test_a_slide_of_any_page_is_one_screen_and_ends_on_no_title(visit: Visit, address: str, world: World) -> None:
    where = f"model={GOOD}&data={world.colours}"
    steps = tuple(OwnStep(title=page or "home", view=f"/{page}?{where}") for page in EVERY)
    name = save_story(world.cache / "stories", OwnStory(title="Every page", steps=steps))
    page = visit(f"{address}/presentations?present=true&story={name}", width=1024)
    page.set_viewport_size({"width": 1024, "height": 768})
    for place, title in enumerate((step.title for step in steps), 1):
        expect(page.locator(".stage-progress")).to_contain_text(f"{place} of {len(EVERY)}", timeout=30_000)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator("#stage-old")).to_have_count(0)
        page.locator("html[data-stage-fits]").wait_for(state="attached")
        page.wait_for_function(f"(({LONELY})().last.length + ({LONELY})().below) === 0")
        page.mouse.move(500, 400)
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(200)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
        expect(page.get_by_text("Your predictions")).to_have_count(0)
        page.keyboard.press("PageDown")


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_link_with_a_prompt_opens_on_its_answer(visit: Visit, address: str, talk: str, place: int) -> None:
    page = visit(address, width=1024)
    page.goto(f"{address}/presentations?present=true&story={talk}&step={place}&ask=a+red+square")
    answer = page.locator(".st-key-stage-answer")
    expect(answer.get_by_role("heading", level=1)).to_have_text("“a red square”")
    expect(page.locator(".stage-progress")).to_contain_text(f"{place} of {len(TITLES)}")
    page.locator("html[data-stage=listens]").wait_for(state="attached")
    page.keyboard.press("Escape")
    expect(answer).to_have_count(0)
    slide(page, place)


def test_what_an_answer_waits_for_is_said(visit: Visit, address: str, talk: str) -> None:
    page = visit(address, width=1024)
    page.goto(f"{address}/presentations?present=true&story={talk}&step=1&ask=a+red+square")
    answer = page.locator(".st-key-stage-answer")
    expect(answer.get_by_role("heading", level=1)).to_have_text("“a red square”")
    # An encoder that starts is told of in small letters alone in their part of the page.
    seen = answer.evaluate("""answer => {
      const part = document.createElement("div")
      part.dataset.testid = "stLayoutWrapper"
      part.innerHTML = '<div data-testid="stCaptionContainer">Starting the text encoder</div>'
      answer.append(part)
      return getComputedStyle(part).display
    }""")
    assert seen != "none"


def test_there_is_always_something_to_see_between_slides(visit: Visit, address: str, talk: str) -> None:
    page = visit(f"{address}/presentations?present=true&story={talk}", width=1920)
    slide(page, 1)
    page.evaluate("""() => {
      window.blank = 0
      const look = () => {
        const shown = document.querySelector("#stage-old h1, .st-key-stage-heading h1")
        if (!shown) window.blank += 1
        window.looking = requestAnimationFrame(look)
      }
      look()
    }""")
    page.keyboard.press("PageDown")
    slide(page, 2)
    assert page.evaluate("(cancelAnimationFrame(window.looking), window.blank)") == 0


def test_the_buttons_of_the_stage_are_on_a_phone_s_screen(visit: Visit, address: str, talk: str) -> None:
    page = visit(f"{address}/presentations?present=true&story={talk}", width=390)
    slide(page, 1)
    for name in ("Back", "Next", "Exit"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", ["accuracy", "compare", "errors_by_class", "compare_templates"])
def test_on_a_phone_the_choices_stand_behind_one_button(visit: Visit, address: str, path: str) -> None:
    page = visit(f"{address}/{path}?model={GOOD}&data=eurosat", width=390)
    button = page.get_by_role("button", name="Choices", exact=False).first
    expect(button).to_be_visible()
    expect(page.get_by_test_id("stMultiSelect").locator("visible=true")).to_have_count(0)
    expect(page.get_by_test_id("stMetric").first).to_be_in_viewport()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    button.click()
    expect(page.locator("[class*=st-key-choices-open]").first).to_be_visible()
