"""Near-duplicates on the page Check my number, and likely label errors on Errors by class."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.studies.data_quality.label_errors import LikelyLabelErrors
from core.studies.data_quality.near import NearDuplicates
from core.words.data_quality import label_errors_finding, near_finding, near_line
from tests.app.making import said, unescaped
from tests.conftest import POOR, World

Page = Callable[..., AppTest]


@pytest.fixture
def engine(in_world: World) -> Engine:
    return Engine(in_world.cache, in_world.data, in_process=False)


def test_pairs_stand_under_the_checks_with_what_near_means(page: Page, world: World, engine: Engine) -> None:
    app = page("check_my_number", model=[POOR], data=[world.colours])
    found = engine.run(NearDuplicates.at(engine, POOR, world.colours))
    assert not app.exception and "Images that look nearly the same" in [h.value for h in app.header]
    assert near_finding(found) in unescaped(said(app)) and near_line(found) in unescaped(said(app))


def test_label_errors_stand_under_the_images(page: Page, world: World, engine: Engine) -> None:
    app = page("errors_by_class", model=[POOR], data=[world.colours])
    found = engine.run(LikelyLabelErrors.at(engine, POOR, world.colours))
    assert not app.exception and "Likely label errors" in [h.value for h in app.header]
    assert label_errors_finding(found) in unescaped(said(app))


def test_on_stage_there_is_neither(page: Page, world: World) -> None:
    for name in ("check_my_number", "errors_by_class"):
        app = page(name, model=[POOR], data=[world.colours], present="true")
        assert not {"Images that look nearly the same", "Likely label errors"} & {h.value for h in app.header}
