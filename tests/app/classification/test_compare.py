"""The compare page: two sides on the same pictures, and the pictures on which they part."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.stats.numbers import percent
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables.compare import disagreements_frame
from tests.app.making import said
from tests.conftest import GOOD, POOR, World

Page = Callable[..., AppTest]
HERE = "classification/compare"


def side(method: str, model: str, *wording: str) -> list[str]:
    return [f"{method}:{model}", *wording]


@pytest.fixture
def results(world: World) -> tuple[ZeroShotResult, ZeroShotResult]:
    engine = Engine(world.cache, world.data, in_process=False)
    return engine.run(ZeroShot.at(engine, GOOD, world.colours)), engine.run(ZeroShot.at(engine, POOR, world.colours))


def tiles(app: AppTest, key: str) -> list[dict[str, Any]]:
    found = [e for e in app.get("bidi_component") if key in e.proto.id]
    return list(json.loads(found[0].proto.json)["items"]) if found else []


def test_both_sides_and_the_paired_difference(page: Page, world: World, results: tuple[ZeroShotResult, ...]) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", GOOD), b=side("zero-shot", POOR))
    assert not app.exception
    assert [m.value for m in app.metric][:2] == [percent(r.acc1) for r in results]
    good, poor = (r.correct for r in results)
    assert "ahead" in said(app) and "McNemar" in said(app)
    assert f"{int((good & ~poor).sum())} images" in said(app)
    assert len(app.get("plotly_chart")) == 1
    app.session_state["open-calibration"] = True
    assert len(app.run().get("plotly_chart")) == 3


def test_the_pictures_on_which_they_part(page: Page, world: World, results: tuple[ZeroShotResult, ...]) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", GOOD), b=side("zero-shot", POOR))
    parted = disagreements_frame(*results)
    for name in "ab":
        wanted = set(parted[parted["right"] == name]["id"])
        shown = [t["id"] for t in tiles(app, f"parted-{name}")]
        assert len(shown) == len(set(shown)) == min(len(wanted), 10) and set(shown) <= wanted


def test_they_part_on_pictures_that_are_not_here_too(page: Page) -> None:
    app = page(HERE, data=["eurosat"], a=side("zero-shot", GOOD), b=side("zero-shot", POOR))
    shown = [*tiles(app, "parted-a"), *tiles(app, "parted-b")]
    assert not app.exception and shown and not any(t["src"] for t in shown)
    assert "These images are not on this machine" in said(app)


def test_a_side_against_itself_is_a_tie(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", POOR), b=side("zero-shot", POOR))
    assert not app.exception and "no difference" in said(app).lower() and "Nowhere" in said(app)


def test_wordings_of_one_model(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", POOR, "photo"), b=side("zero-shot", POOR, "deck"))
    assert not app.exception and len(app.metric) >= 2
    assert len({m.label for m in app.metric[:2]}) == 2


def test_a_change_of_a_side_goes_into_the_address(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", GOOD), b=side("zero-shot", POOR))
    app.selectbox(key="shown-a-model").set_value(POOR).run()
    assert app.session_state["a"] == side("zero-shot", POOR)
    app.selectbox(key="shown-a-wording").set_value("deck").run()
    assert app.session_state["a"] == side("zero-shot", POOR, "deck")


def test_a_wording_that_cannot_be_used_leaves_the_model(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", POOR), b=side("zero-shot", POOR, "no place"))
    assert not app.exception and "'no place' is no known prompt set" in said(app)
    assert app.selectbox(key="shown-b-model").value == POOR and "no difference" in said(app).lower()


@pytest.mark.parametrize("nonsense", [["zero-shot:no/such"], ["magic"]])
def test_a_side_that_is_not_here_shows_no_other(page: Page, world: World, nonsense: list[str]) -> None:
    app = page(HERE, data=[world.colours], a=nonsense, b=side("zero-shot", POOR))
    assert not app.exception and not app.metric and "is not available here." in said(app)
    app.selectbox(key="shown-a-model").set_value(POOR).run()
    assert app.metric and "not available" not in said(app)


@pytest.mark.parametrize("nonsense", [["zero-shot:" + GOOD, "no such set"], [""]])
def test_nonsense_in_the_address_is_left_out(page: Page, world: World, nonsense: list[str]) -> None:
    app = page(HERE, data=[world.colours], a=nonsense, b=side("zero-shot", POOR))
    assert not app.exception and len(app.metric) >= 2


def test_a_probe_that_is_not_trained_is_offered(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", GOOD), b=side("probe", GOOD))
    assert not app.exception and not app.metric
    assert "Not here yet: a linear probe" in said(app) or "Not embedded yet" in said(app)


def test_swapping_keeps_both_sides(page: Page, world: World, results: tuple[ZeroShotResult, ...]) -> None:
    app = page(HERE, data=[world.colours], a=side("zero-shot", GOOD), b=side("zero-shot", POOR))
    before = [m.value for m in app.metric]
    app.button(key="swap").click().run()
    assert app.session_state["a"] == side("zero-shot", POOR) and app.session_state["b"] == side("zero-shot", GOOD)
    # The leader's gain is the same from either side.
    assert [m.value for m in app.metric][:3] == [before[1], before[0], before[2]]
    assert before[2].startswith("+")
