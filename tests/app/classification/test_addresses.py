"""Nonsense in an address: every choice of the pages of classification says what it expected and what is used
instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.jobs.jobs import Jobs
from core.studies.few_shot.study import FewShot
from tests import worlds
from tests.app.making import pages_of, said
from tests.conftest import POOR, World
from tests.worlds import run_study

NONSENSE = "<nonsense>"
SIDES = {"a": [f"probe:{POOR}"], "b": [f"zero-shot:{POOR}"]}
CASES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("accuracy", {}, ("number", "split", "templates", "classnames")),
    ("probe", {}, ("unit", "split", "templates", "classnames")),
    ("few_shot", {}, ("method", "seeds", "split", "templates", "classnames")),
    ("classes", {}, ("true", "predicted", "picture", "order", "split", "templates", "classnames")),
    ("compare", SIDES, ("parted", "cost", "split", "classnames")),
    ("why", {}, ("audited", "split", "templates", "classnames")),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    world, _ = worlds.trained_world(tmp_path_factory.mktemp("addresses"))
    run_study(Engine(world.cache, world.data, in_process=False), FewShot, POOR, world.colours)
    return world


@pytest.fixture
def shown(trained: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    monkeypatch.setattr(Jobs, "submit", lambda *_: pytest.fail("nothing is missing here"))
    yield from pages_of(trained, monkeypatch)


@pytest.mark.parametrize(("file", "usual", "names"), CASES, ids=[case[0] for case in CASES])
def test_every_choice_says_what_is_wrong_with_it(
    shown: Callable[..., AppTest], trained: World, file: str, usual: dict[str, Any], names: tuple[str, ...]
) -> None:
    asked = {"model": [POOR], "data": [trained.colours], **usual}
    app = shown(f"classification/{file}", **asked, **{name: [NONSENSE] for name in names})
    words = said(app)
    assert not app.exception
    for name in names:
        sentences = [line for line in words.splitlines() if line.startswith(f"“{name}” in the address is ")]
        assert len(sentences) == 1 and f"not “{NONSENSE}”; " in sentences[0], f"{name}: {sentences}\n{words}"


@pytest.mark.parametrize(("file", "usual", "names"), CASES, ids=[case[0] for case in CASES])
def test_what_can_be_is_taken_without_a_word(
    shown: Callable[..., AppTest], trained: World, file: str, usual: dict[str, Any], names: tuple[str, ...]
) -> None:
    good = {
        "unit": "false",
        "method": ["tip"],
        "seeds": ["2"],
        "true": ["red"],
        "predicted": ["*wrong"],
        "order": "name",
        "cost": "Time",
        "audited": "zero-shot",
        "classnames": ["raw"],
        "templates": ["photo"],
    }
    asked = {"model": [POOR], "data": [trained.colours], **usual, **{n: good[n] for n in names if n in good}}
    app = shown(f"classification/{file}", **asked)
    assert not app.exception and "in the address" not in said(app)
