"""What the tests of the dashboard share: a small cache made by fakes, and the app on top of it."""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

# Before NumPy is loaded, which reads it once: threads of two test processes on two cores wait for each other spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from tests.worlds import OPENAI_GOOD, OPENAI_POOR, World, fill_colours

# A page makes objects by the hundred thousand: to look for circles among them as often as usual takes a fifteenth of all
# the time.
gc.set_threshold(100_000, 50, 50)
ROOT = Path(__file__).parents[1]
GOOD, POOR = OPENAI_GOOD, OPENAI_POOR


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once; tests only read it."""
    root = tmp_path_factory.mktemp("world")
    made = World(root / "cache", root / "data", root / "home")
    fill_colours(made)
    return made


@pytest.fixture
def in_world(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The app's engine of this process looks at the world."""
    yield from _pointed(world, monkeypatch)


@pytest.fixture
def in_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The app's engine of this process finds an empty machine."""
    yield from _pointed(World(tmp_path / "cache", tmp_path / "data", tmp_path / "home"), monkeypatch)


@pytest.fixture(scope="session", autouse=True)
def _scripts_are_measured() -> Iterator[None]:
    """Pages are scripts that Streamlit compiles by itself: what counts covered lines sees only what is imported."""
    from slipcover import pytest_plugin
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache

    meter, matcher = pytest_plugin._slipcover_instance, pytest_plugin._file_matcher
    if meter is None or matcher is None:
        yield
        return
    read, measured = ScriptCache.get_bytecode, dict[str, object]()

    def get_bytecode(cache: ScriptCache, path: str) -> object:
        if path not in measured and matcher.matches(path):
            measured[path] = meter.instrument(read(cache, path))
        return measured.get(path) or read(cache, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptCache, "get_bytecode", get_bytecode)
        yield


def _pointed(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    import huggingface_hub.constants
    import streamlit as st

    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    # The hub's library reads its variable once: whoever imported it first decided for all tests of this process.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    st.cache_resource.clear()
    yield world
    st.cache_resource.clear()


@pytest.fixture
def page(in_world: World) -> Callable[..., object]:
    """`page("classification/accuracy", model=[...])` -> the rendered page of the world."""
    from tests.app.making import open_page

    return open_page


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Random numbers of a test are its own."""
    np.random.seed(0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which lines no test reaches, as `make test` measures it: above the names of what failed, which stand last."""
    merged = Path(os.environ.get("SLIPCOVER_COVERAGE_DIR", ""), "merged.json")
    if not merged.is_file():
        return
    import slipcover

    out = io.StringIO()
    slipcover.print_coverage(json.loads(merged.read_text("utf-8")), outfile=out, skip_covered=True, missing_width=60)
    shutil.rmtree(merged.parent)
    terminalreporter.section("lines that no test reaches")
    terminalreporter.write(out.getvalue())
