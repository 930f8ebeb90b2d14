"""Worlds that several files of these tests share, and no process that outlives them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests import worlds
from tests.app.making import pages_of
from tests.conftest import World


@pytest.fixture(scope="session")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with captions, made once; tests only read it."""
    return worlds.captions_world(tmp_path_factory.mktemp("captioned"))


@pytest.fixture
def caption_page(captioned: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., object]]:
    """`caption_page("search", q=[...])` -> the rendered page of the world with captions."""
    yield from pages_of(captioned, monkeypatch)


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay queued and the encoder process starts for ever: a real one would draw, load and compute beside us."""
    for who in ("core.jobs.jobs", "core.encoders.service.client"):
        monkeypatch.setattr(f"{who}.start_worker", lambda *_, **__: os.getpid())
