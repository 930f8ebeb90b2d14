"""The pages in a real browser: deep links, history, keyboard, contrast, narrow screens, no strange address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from tests.browser.conftest import offences, settled
from tests.conftest import GOOD, POOR, World

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]


def choices(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def link(world: World, path: str, **more: str) -> str:
    query = {"model": POOR, "data": world.colours, **more}
    return f"{path}?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())


def test_the_first_visitor_may_come_by_a_deep_link(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/errors_by_class", true="red", predicted="red"))
    expect(page.get_by_role("heading", name="Which classes does the model confuse?")).to_be_visible()
    expect(page.get_by_role("heading", name="images of red classified as red")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert choices(page)["model"] == [POOR] and choices(page)["true"] == ["red"]


def test_a_choice_goes_to_the_address_by_its_exact_name(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    box = page.get_by_test_id("stMultiSelect").filter(has_text="Models")
    box.get_by_role("combobox").click()
    page.get_by_role("option", name="ViT-B/32 · OpenAI").click()
    expect(page.get_by_test_id("stMetric")).to_have_count(2)
    page.wait_for_url("**ViT-B-32*")
    assert choices(page)["model"] == [POOR, GOOD]


def test_choices_stay_over_pages_and_back(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    page.get_by_role("link", name="Data & models").click()
    expect(page.get_by_role("heading", name="Models, data and jobs")).to_be_visible()
    page.wait_for_url("**/data_and_models?*model=*")
    assert choices(page)["model"] == [POOR]
    page.go_back()
    expect(page.get_by_role("heading", name="How well does it label images?")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(1)
    assert choices(page)["data"] == [world.colours]


def test_a_bar_leads_to_its_classes_from_an_address_with_choices(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    bar = page.get_by_test_id("stPlotlyChart").first.locator(".barlayer .point path").first
    bar.wait_for()
    bar.click(force=True)
    page.get_by_role("dialog").get_by_role("button", name="Errors by class").click()
    expect(page.get_by_role("heading", name="Which classes does the model confuse?")).to_be_visible()
    page.wait_for_url("**/errors_by_class?*model=*")
    assert choices(page) == {"model": [POOR], "data": [world.colours]}


def test_pictures_by_keyboard(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/errors_by_class", true="red", predicted="*right"))
    tiles = page.get_by_role("group", name="images of red correct").get_by_role("button")
    expect(tiles.first).to_be_visible()
    assert [t.get_attribute("tabindex") for t in tiles.all()] == ["0"] + ["-1"] * (tiles.count() - 1)
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(tiles.last).to_be_focused()
    page.keyboard.press("Home")
    expect(tiles.first).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    expect(dialog).to_contain_text("· correct")
    page.wait_for_url("**picture=*")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_function("!location.search.includes('picture=')")


def test_a_click_into_the_confusion_table_shows_its_pictures(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/errors_by_class"))
    marks = page.get_by_test_id("stPlotlyChart").nth(1).locator(".scatterlayer .point, .scatterlayer .textpoint")
    marks.first.wait_for(state="attached")
    shown = page.get_by_role("heading", level=2, name=re.compile(r"^\d+ images"))
    before = shown.inner_text()
    place = marks.first.bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_url("**true=*predicted=*")
    expect(shown).not_to_have_text(before)
    expect(shown).to_contain_text(f"images of {choices(page)['true'][0]} classified as {choices(page)['predicted'][0]}")


def test_the_rows_behind_a_chart_can_be_saved(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    with page.expect_download() as saved:
        page.locator(".st-key-csv-chart-acc1").get_by_role("button").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("model,") and lines[1].startswith(f"{POOR},") and len(lines) == 2


def test_the_picture_of_a_chart_can_be_saved_by_keyboard(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    page.get_by_test_id("stPlotlyChart").first.locator(".main-svg").first.wait_for()
    button = page.get_by_role("button", name="Save as PNG").first
    button.focus()
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert re.fullmatch(r"accuracy-acc1-colours-[0-9a-f]{6}\.png", saved.value.suggested_filename)
    data = saved.value.path().read_bytes()
    assert data.startswith(b"\x89PNG") and int.from_bytes(data[16:20], "big") > 1500


def test_the_picture_of_a_chart_holds_the_fonts_of_the_page(visit: Visit, address: str, world: World) -> None:
    page = visit(address + link(world, "/accuracy"))
    page.get_by_test_id("stPlotlyChart").first.locator(".main-svg").first.wait_for()
    page.evaluate(
        """() => {
            const plain = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src")
            Object.defineProperty(HTMLImageElement.prototype, "src", {
                ...plain, set(url) { window.drawnFrom = url; plain.set.call(this, url) },
            })
        }"""
    )
    with page.expect_download():
        page.get_by_role("button", name="Save as PNG").first.click()
    drawn = unquote(page.evaluate("window.drawnFrom"))
    assert drawn.count("@font-face") == 1 and "Source Sans" in drawn and "woff2;base64," in drawn
    assert "hoverlayer" not in drawn and 'class="legend' in drawn
    titles = re.findall(r"<text([^>]*)>Top-1 accuracy</", drawn)
    # Once over the chart, not in it, and once at the axis.
    assert len([t for t in titles if "class=" not in t]) == 1 and len([t for t in titles if "ytitle" in t]) == 1
    assert len(titles) == 2


def test_title_and_note_have_the_width_of_their_chart_and_no_toolbar_over_them(
    visit: Visit, address: str, world: World
) -> None:
    for width, lines in ((1440, 1), (390, 2)):
        page = visit(address + link(world, "/compare_templates"), width=width)
        note = page.get_by_text("Top-1 accuracy on colours with 95")
        note.wait_for()
        high = note.evaluate("e => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight)")
        assert round(high) == lines
        chart = page.get_by_test_id("stPlotlyChart").first
        chart.locator(".main-svg").first.wait_for()
        chart.hover()
        bar, above = chart.locator(".modebar").bounding_box(), note.bounding_box()
        assert bar is None or bar["y"] >= above["y"] + above["height"]


def test_two_sides_of_three_choices_stand_under_each_other_where_a_row_would_cut_them(
    visit: Visit, address: str, world: World
) -> None:
    """As at 200 % zoom on a screen 1440 pixels wide."""
    for width, under in ((1440, False), (720, True)):
        page = visit(address + f"/compare?data={quote(world.colours)}", width=width)
        first, second = (page.get_by_test_id("stSelectbox").filter(has_text=f"{n} model") for n in ("First", "Second"))
        second.wait_for()
        settled(page)
        a, b = first.bounding_box(), second.bounding_box()
        assert (b["y"] > a["y"] + a["height"] / 2) == under


def test_a_finger_has_no_toolbar_that_never_goes_away(browser: Any, address: str, world: World) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address + link(world, "/accuracy"))
    page.get_by_test_id("stPlotlyChart").first.locator(".main-svg").first.wait_for()
    expect(page.locator(".modebar").first).to_be_hidden()
    expect(page.get_by_role("button", name="Save as PNG").first).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_over_a_page_does_not_offend_either(
    visit: Visit, address: str, axe: str, world: World, scheme: str
) -> None:
    page = visit(address + link(world, "/accuracy", number=POOR) + f"&number={quote(world.colours)}", scheme=scheme)
    expect(page.get_by_role("dialog")).to_contain_text("highest cosine")
    settled(page)
    assert offences(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="own prompts").click()
    expect(page.get_by_role("textbox", name="Own templates")).to_be_visible()
    page.wait_for_timeout(500)
    assert offences(page, axe) == []


TOPS = """selector => [...document.querySelectorAll("[data-testid=stMain] " + selector)]
  .filter(e => e.getClientRects().length).map(e => e.getBoundingClientRect().top)"""


def test_labels_of_one_row_and_files_of_one_row_stand_in_line(visit: Visit, address: str, world: World) -> None:
    page = visit(f"{address}/errors_by_class?model={GOOD}&data={world.colours}")
    settled(page)
    fields = page.evaluate(TOPS, "[data-testid=stSelectbox] [data-testid=stWidgetLabel] p")
    buttons = page.evaluate(TOPS, "[class*=st-key-chosen-] > [data-testid=stElementContainer]:first-child p")
    assert abs(fields[0] - buttons[0]) < 1
    files = page.evaluate(TOPS, "[class*=st-key-files-chart-]")
    assert len(files) == 2 and abs(files[0] - files[1]) < 1


def test_the_menu_of_a_phone_is_on_its_screen(browser: Any, address: str, world: World) -> None:
    """Also while the page runs: it has the dark theme. Before its first words the page is Streamlit's alone."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}/accuracy")
    page.wait_for_selector("[data-testid=stMain] h1", timeout=60_000)
    for _ in range(10):
        box = page.locator("[data-testid=stMainMenu]").bounding_box()
        assert box is not None and box["x"] + box["width"] <= 390
        page.wait_for_timeout(300)
    page.close()
