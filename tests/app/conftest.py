"""Worlds that several files of these tests share."""

from __future__ import annotations

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
    """`caption_page("caption_retrieval/ask", q=[...])` -> the rendered page of the world with captions."""
    yield from pages_of(captioned, monkeypatch)
