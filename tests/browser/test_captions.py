"""The caption pages in a real browser: from a bar to the lost captions to one of them, word by word and back; a draw
that a colleague sees too; a picture that is uploaded, and its link; keyboard, contrast, narrow screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from core.store import TextStore
from tests import worlds
from tests.browser.conftest import served
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, png

expect = pytest.importorskip("playwright.sync_api").expect
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = worlds.captions_world(tmp_path_factory.mktemp("captioned"))
    texts = TextStore(made.cache)
    for encoder in worlds.captions_encoders().values():
        texts.put(encoder.card.model_digest, ["something red"], encoder.encode_texts(["something red"]))
    return made


@pytest.fixture(scope="module")
def server(shown: World) -> Iterator[str]:
    with served(shown) as url:
        yield url


def choices(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def link(world: World, path: str, **more: str) -> str:
    query = [("model", GOOD), ("model", POOR), ("data", worlds.told_set(world)), *more.items()]
    return f"{path}?" + "&".join(f"{name}={quote(value)}" for name, value in query)


def _quiet(page: Any) -> None:
    """The script has run; what it drew anew has taken the place of what stood there."""
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(800)


def test_from_a_bar_to_one_caption_word_by_word(visit: Visit, server: str, shown: World) -> None:
    page = visit(server + link(shown, "/retrieval_scores"))
    bar = page.get_by_test_id("stPlotlyChart").first.locator(".barlayer .point path").nth(2)
    bar.wait_for()
    bar.click(force=True)
    page.wait_for_url("**ranks=11-*")
    assert choices(page)["by"] == [GOOD]
    table = page.get_by_test_id("stDataFrame").nth(1)
    _quiet(page)
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    # The table is a canvas: the middle of its last column holds the buttons, under the row of names.
    where = table.bounding_box()
    page.mouse.click(where["x"] + where["width"] - 120, where["y"] + 38 + 38)
    expect(page.get_by_role("heading", name="Does this caption find its own image")).to_be_visible()
    page.wait_for_url("**/inspect_caption?*caption=*")
    assert choices(page)["data"] == [worlds.told_set(shown)] and choices(page)["model"] == [GOOD, POOR]
    original, caption = choices(page)["original"], choices(page)["caption"][0]
    mark = page.get_by_test_id("stPlotlyChart").first.locator(".scatterlayer .point").first
    mark.wait_for()
    mark.scroll_into_view_if_needed()
    place = mark.bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_url("**written=*")
    assert choices(page)["original"] == original and choices(page)["written"] == [caption]
    assert len(choices(page)["caption"][0].split()) == len(caption.split()) - 1
    page.get_by_role("button", name="Back to the original caption").click()
    page.wait_for_function("!location.search.includes('written=')")
    assert choices(page)["caption"] == [caption]


def test_back_from_another_page_takes_one_step(visit: Visit, server: str, shown: World) -> None:
    """A page that is opened with choices of its own, and one that brings its choices back, are one step each."""
    page = visit(server + link(shown, "/retrieval_scores"))
    _quiet(page)
    before = page.evaluate("history.length")
    closer = page.get_by_role("combobox", name="Inspect")
    closer.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inspect_caption?*caption=*")
    _quiet(page)
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Does a caption find its own image")).to_be_visible()
    _quiet(page)
    assert urlsplit(page.url).path == "/retrieval_scores"
    page.go_forward()
    page.wait_for_url("**/inspect_caption?*caption=*")
    _quiet(page)
    page.get_by_role("link", name="Data & models").click()
    page.wait_for_url("**/data_and_models?*model=*")
    _quiet(page)
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Does this caption find its own image")).to_be_visible()
    _quiet(page)
    assert urlsplit(page.url).path == "/inspect_caption" and "caption" in choices(page)


def test_a_caption_of_the_list_is_reached_by_key(visit: Visit, server: str, shown: World) -> None:
    page = visit(server + link(shown, "/retrieval_scores", ranks="11-"))
    box = page.get_by_role("combobox", name="Inspect")
    box.scroll_into_view_if_needed()
    _quiet(page)
    box.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    page.wait_for_url("**/inspect_caption?*ranks=11-*")
    assert choices(page)["original"] and choices(page)["caption"]


def test_an_edit_is_one_button_away_and_a_draw_is_the_same_for_a_colleague(
    visit: Visit, server: str, shown: World
) -> None:
    page = visit(server + link(shown, "/inspect_caption"))
    page.get_by_role("button", name="Lost", exact=True).click()
    page.wait_for_url("**draw=lost*")
    box = page.get_by_label("Caption", exact=True)
    expect(box).not_to_have_value("")
    _quiet(page)
    colleague = visit(page.url)
    expect(colleague.get_by_label("Caption", exact=True)).to_have_value(box.input_value())
    ranks = page.get_by_test_id("stMetricValue").all_inner_texts()
    expect(colleague.get_by_test_id("stMetricValue")).to_have_text(ranks)
    box.fill("something red")
    page.get_by_role("button", name="Find", exact=True).click()
    page.wait_for_url("**caption=something*")
    expect(page.get_by_text("as written").first).to_be_visible()
    assert "draw" not in choices(page)


def test_an_upload_and_its_link(visit: Visit, server: str, shown: World, tmp_path: Path) -> None:
    page = visit(server + link(shown, "/search", like="5.png"))
    tiles = page.get_by_role("group", name="Images that ViT-B/32").get_by_role("button")
    expect(tiles.first).to_have_attribute("data-id", "5.png")
    _quiet(page)
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    page.wait_for_url("**open=*")
    second = choices(page)["open"]
    dialog.get_by_role("button", name="More like this").click()
    page.wait_for_function("!location.search.includes('open=')")
    expect(dialog).to_have_count(0)
    expect(tiles.first).to_have_attribute("data-id", second[0])
    _quiet(page)
    (tmp_path / "mine.png").write_bytes(png(COLOURS["red"]))
    expect(page.locator("input[type=file]")).to_have_count(1)
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    # An image takes effect as soon as it is here, and leaves an empty box for the next one.
    page.wait_for_url("**upload=*")
    expect(page.get_by_text("With your image")).to_be_visible()
    _quiet(page)
    page.get_by_role("button", name="Search", exact=True).click()
    _quiet(page)
    assert "upload" in choices(page) and "like" not in choices(page)
    expect(page.get_by_text("With your image")).to_be_visible()
    # No model is on this machine, so the answer is one sentence, here and for whoever follows the link.
    colleague = visit(page.url)
    expect(colleague.get_by_text("With your image")).to_be_visible()
    expect(colleague.get_by_alt_text("The image of the query")).to_be_visible()


def test_a_page_of_a_list_can_be_linked_to(visit: Visit, server: str, shown: World) -> None:
    page = visit(server + link(shown, "/search", like="5.png", **{"asked-page": "2"}))
    tiles = page.get_by_role("group", name="Images that ViT-B/32").get_by_role("button")
    expect(tiles).to_have_count(4)
    assert tiles.first.locator(".rank").inner_text() == "21"
    page.get_by_role("button", name="Page 1", exact=True).click()
    expect(tiles).to_have_count(20)


def test_the_rows_of_a_list_can_be_saved(visit: Visit, server: str, shown: World) -> None:
    page = visit(server + link(shown, "/search", like="5.png"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV, the first").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 1 + 2 * worlds.TOLD and lines[1].startswith(f"{GOOD},")
    with page.expect_download() as saved:
        page.locator(".st-key-found-png").get_by_role("button").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_what_came_first_for_a_caption_can_be_saved_as_a_picture(visit: Visit, server: str, shown: World) -> None:
    page = visit(server + link(shown, "/inspect_caption"))
    with page.expect_download() as saved:
        page.locator(".st-key-first-png").get_by_role("button").click()
    assert saved.value.suggested_filename == "came-first.png"
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
