"""Collections: ticked images are kept and listed on Search, opened, saved and deleted there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.deck.collections import collection_names, collections_folder, load_collection
from core.engine import Engine
from core.errors import TMVError
from pages.shared.grid import save_ticked
from pages.shared.image_dialog import OpenedImage
from tests.app.making import said
from tests.conftest import GOOD, World

Page = Callable[..., AppTest]
TICKED = {"title": "Odd ones", "images": [["red/1.png", "red"], ["gone.png", ""]]}


@pytest.fixture
def saved(in_world: World) -> Iterator[Engine]:
    engine = Engine(in_world.cache, in_world.data, in_process=False)
    save_ticked(TICKED, in_world.colours, "test")
    yield engine
    for left in collections_folder(engine).glob("*.json"):
        left.unlink()


def test_how_to_make_one_is_said_while_there_is_none(page: Page) -> None:
    app = page("search", model=[GOOD])
    assert not app.exception and "Tick images in any grid" in said(app)


def test_a_collection_is_listed_opened_and_deleted(saved: Engine, world: World, page: Page) -> None:
    folder = collections_folder(saved)
    assert load_collection(folder, "odd-ones").images[0].label == "red"
    app = page("search", model=[GOOD])
    app.selectbox(key="shown-collection").select("odd-ones").run()
    assert not app.exception and "2 images of colours, test split" in said(app)
    assert "odd-ones" in app.query_params["collection"]
    assert "1 of these images are not on this machine" in said(app)
    app.button(key="collection-delete").click().run()
    assert not app.exception and collection_names(folder) == () and "Tick images" in said(app)


def test_an_image_of_it_is_opened_by_the_address(saved: Engine, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[OpenedImage] = []
    monkeypatch.setattr("pages.search.saved.image_dialog", lambda engine, opened, beside: seen.append(opened))
    app = page("search", model=[GOOD], collection="odd-ones", collected="red/1.png")
    assert not app.exception and [(o.id, o.choice) for o in seen] == [("red/1.png", "collected")]


def test_a_name_that_is_taken_is_refused(saved: Engine, world: World) -> None:
    with pytest.raises(TMVError, match="already"):
        save_ticked(TICKED, world.colours, "test")
