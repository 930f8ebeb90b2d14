"""What opens over a page against every rule of axe-core, light and dark, wide and narrow; one whole task by keyboard
alone; no motion for who wants none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from tests.browser.conftest import offences, settled
from tests.conftest import GOOD, POOR, World

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1440, 390)]


def on_colours(address: str, world: World, path: str, more: str = "") -> str:
    return f"{address}/{path}?model={quote(POOR)}&model={quote(GOOD)}&data={quote(world.colours)}{more}"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_what_opens_over_a_page_offends_no_rule(
    visit: Visit, address: str, axe: str, world: World, scheme: str, width: int
) -> None:
    page = visit(on_colours(address, world, "errors_by_class", "&picture=red/3.png"), width=width, scheme=scheme)
    expect(page.get_by_role("dialog").get_by_role("img").first).to_be_visible()
    settled(page)
    assert offences(page, axe) == []
    page = visit(on_colours(address, world, "accuracy"), width=width, scheme=scheme)
    settled(page)
    opener = (
        page.get_by_role("button", name="Classification")
        if width > 600
        else page.get_by_test_id("stExpandSidebarButton")
    )
    opener.click()
    page.wait_for_timeout(500)
    assert offences(page, axe) == []
    page.keyboard.press("Escape")
    page.reload()
    settled(page)
    if width <= 600:  # there the choices stand behind one button
        page.get_by_role("button", name="Choices", exact=False).first.click()
    page.locator("[class*='st-key-choice-'] button").locator("visible=true").first.click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    settled(page)
    assert offences(page, axe) == []


def focused_in(target: Any) -> bool:
    """Whether this, or something in it, has the keyboard's focus."""
    return bool(target.evaluate("e => e.contains(e.getRootNode().activeElement)"))


def tab_to(page: Any, target: Any, most: int = 80) -> None:
    """Press Tab until the target has the focus, as somebody without a mouse does."""
    for _ in range(most):
        if focused_in(target):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


def shown_image(page: Any) -> str:
    return str(parse_qs(urlsplit(page.url).query).get("picture", [""])[0])


@pytest.mark.slow
def test_a_whole_task_by_keyboard(visit: Visit, address: str, world: World) -> None:
    page = visit(address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settled(page)
    tab_to(page, page.get_by_role("button", name="Classification"))
    page.keyboard.press("Enter")
    errors = page.get_by_role("menuitem", name="Errors by class")
    expect(errors).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(errors).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Which classes does the model confuse?")).to_be_visible()
    settled(page)

    model = page.get_by_role("combobox", name="Model").first
    tab_to(page, model)
    page.keyboard.type("ResNet")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**model={quote(POOR, safe='')}*")
    page.goto(
        on_colours(address, world, "errors_by_class", "&true=red&predicted=*any").replace(quote(GOOD), quote(POOR))
    )
    settled(page)

    tiles = page.get_by_role("group", name="images of red").get_by_role("button")
    tab_to(page, tiles.first)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    names = [t.get_attribute("data-id") for t in tiles.all()]
    expect(dialog).to_contain_text(str(names[1]))
    for place in (2, 3):
        page.keyboard.press("ArrowRight")
        expect(dialog).to_contain_text(str(names[place]))
        page.wait_for_function(
            "name => decodeURIComponent(location.search).includes('picture=' + name)", arg=names[place]
        )
        assert shown_image(page) == names[place]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_function("!location.search.includes('picture=')")
    page.wait_for_function(
        "name => document.activeElement?.shadowRoot?.activeElement?.dataset?.id === name", arg=names[3]
    )

    page.evaluate("scrollTo(0, 0)")
    copy = page.get_by_role("button", name="Copy link")
    copy.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = unquote(page.evaluate("navigator.clipboard.readText()"))
    assert f"model={POOR}" in link and "true=red" in link and "picture=" not in link


def test_images_are_filtered_sorted_ticked_and_kept(visit: Visit, address: str, world: World) -> None:
    page = visit(on_colours(address, world, "errors_by_class", "&true=*any&predicted=*right"))
    tiles = page.get_by_role("group", name="images correct").get_by_role("button")
    expect(tiles.nth(8)).to_be_visible()
    settled(page)
    every = tiles.count()
    grid = page.get_by_test_id("stBidiComponentIsolated").filter(has=page.get_by_role("group", name="images correct"))
    grid.get_by_label("Sort").select_option("By label")
    labels = [t.locator(".caption").inner_text() for t in tiles.all()]
    assert labels == sorted(labels) and len(set(labels)) > 1
    grid.get_by_label("Filter by label").fill(labels[0])
    expect(tiles).to_have_count(labels.count(labels[0]))
    assert 0 < labels.count(labels[0]) < every
    tiles.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    names = [tiles.nth(i).get_attribute("data-id") for i in (0, 1)]
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).last.click()
    rows = saved.value.path().read_text("utf-8").split()
    assert rows == ["id,dataset,split,label", *(f"{name},{world.colours},all,{labels[0]}" for name in names)]
    page.get_by_role("button", name="Save as collection").click()
    page.get_by_label("Name of the collection").fill("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved 2 images")).to_be_visible()
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(tiles).to_have_count(labels.count(labels[0]))  # the filter, too, stays over a run of the page
    tiles.first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(f"1 of {labels.count(labels[0])}")
    page = visit(on_colours(address, world, "search", "&collection=by-keyboard"))
    kept = page.get_by_role("group", name="Images of the collection").get_by_role("button")
    expect(kept).to_have_count(2)
    assert [t.get_attribute("data-id") for t in kept.all()] == names


def test_who_wants_no_motion_gets_none(browser: Any, address: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(e => {
          const style = getComputedStyle(e)
          return [style.transitionDuration, style.animationDuration].join(",").split(",").some(d => parseFloat(d) > 0.001)
        }).map(e => e.outerHTML.slice(0, 200))"""
    )
    assert moving == []
    context.close()


def test_that_the_page_works_is_said_in_a_word(visit: Visit, address: str) -> None:
    page = visit(address)
    settled(page)
    said = page.evaluate(
        """() => {
          const icon = document.createElement("div"), man = document.createElement("div")
          icon.dataset.testid = "stStatusWidgetRunningIcon"
          man.dataset.testid = "stStatusWidgetRunningManIcon"
          icon.append(man)
          document.body.append(icon)
          return [getComputedStyle(icon, "::after").content, getComputedStyle(man).display]
        }"""
    )
    assert said == ['"Working…"', "none"]


def test_the_drawer_of_a_phone_does_not_cover_the_next_page(visit: Visit, address: str) -> None:
    page = visit(address, width=390)
    settled(page)
    open_drawer = page.locator("[data-testid=stSidebar][data-collapsed=false]")
    for leave in (lambda: page.get_by_test_id("stSidebarNavLink").filter(has_text="Leaderboard").click(), page.reload):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(open_drawer).to_have_count(1)
        leave()
        expect(open_drawer).to_have_count(0)
        settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Which model is best, and where?")


def test_the_drawer_of_a_phone_says_what_each_page_is_for(visit: Visit, address: str) -> None:
    page = visit(address, width=390)
    settled(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    drawer = page.get_by_test_id("stSidebar")
    said = drawer.get_by_text("What a model confuses, and the images behind it.").last
    expect(said).to_be_visible()
    settled(page)
    box, edge = said.bounding_box(), drawer.bounding_box()
    assert box["height"] > 10 and box["x"] + box["width"] <= edge["x"] + edge["width"]
    # Whoever presses the description goes to its page, and the drawer is out of the way.
    said.scroll_into_view_if_needed()
    box = said.bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", level=1)).to_have_text("Which classes does the model confuse?")
    expect(page.locator("[data-testid=stSidebar][data-collapsed=false]")).to_have_count(0)
