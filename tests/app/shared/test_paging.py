"""A page of a long list: a link to it shows it, and a list that became shorter starts at its first page."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.app.prompt_pages import tiles
from tests.conftest import GOOD, World

Page = Callable[..., AppTest]


def test_a_link_to_a_page_of_the_classes_shows_that_page(page: Page, world: World) -> None:
    choice = {"model": [GOOD], "data": [world.colours], "true": "*any"}
    first = page("classification/errors_by_class", **choice)
    second = page("classification/errors_by_class", **choice, page="2")
    assert (len(tiles(first, "cell-grid")), len(tiles(second, "cell-grid"))) == (16, 16)
    assert not {t["id"] for t in tiles(first, "cell-grid")} & {t["id"] for t in tiles(second, "cell-grid")}


def test_a_list_that_became_shorter_starts_at_its_first_page() -> None:
    def script() -> None:
        import streamlit as st

        from pages.shared.paging import paged

        n = int(st.number_input("n", 0, 100, 50))
        place, rows = paged(n, 10, "p")
        place.write(f"{rows.start} to {rows.stop}")

    app = AppTest.from_function(script, default_timeout=30)
    app.query_params["p"] = "5"
    assert app.run().markdown[0].value == "40 to 50"
    app.number_input[0].set_value(25).run()
    assert not app.exception and app.markdown[0].value == "0 to 10"
    app.number_input[0].set_value(7).run()
    assert app.markdown[0].value == "0 to 7"
