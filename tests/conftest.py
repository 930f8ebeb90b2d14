"""What the tests of the dashboard share: a small cache made by fakes, and the app on top of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
GOOD, POOR = "ViT-B-32/openai", "RN50/openai"


@dataclass(frozen=True)
class World:
    """A cache folder with vectors of two models on two data sets; the pictures of one of them are in `data`."""

    cache: Path
    data: Path
    home: Path

    @property
    def colours(self) -> str:
        """The name of the data set of coloured squares, whose pictures are there."""
        return f"folder:{self.data / 'colours'}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point the product at this world, and away from weights that this machine may have."""
        return {
            "TMV_CACHE": str(self.cache),
            "TMV_DATA": str(self.data),
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "hub"),
            "HF_HUB_CACHE": str(self.home / "hub"),
            "HF_HUB_OFFLINE": "1",
        }


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once; tests only read it."""
    from tests.app.making import fill

    root = tmp_path_factory.mktemp("world")
    made = World(root / "cache", root / "data", root / "home")
    fill(made)
    return made


@pytest.fixture
def in_world(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The app's engine of this process looks at the world."""
    yield from _pointed(world, monkeypatch)


@pytest.fixture
def in_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The app's engine of this process finds an empty machine."""
    yield from _pointed(World(tmp_path / "cache", tmp_path / "data", tmp_path / "home"), monkeypatch)


def _pointed(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    import streamlit as st

    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    yield world
    st.cache_resource.clear()


@pytest.fixture
def page(in_world: World) -> Callable[..., object]:
    """`page("classification/accuracy", model=[...])` -> the rendered page of the world."""
    from tests.app.making import open_page

    return open_page


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random numbers of a test are its own."""
    np.random.seed(0)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
