"""Makes the world of the dashboard's tests: coloured squares, and vectors by encoders that see colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

if TYPE_CHECKING:
    from tests.conftest import World

ROOT = Path(__file__).parents[2]
OPENS = "home"
"""The page at the bare address."""
# Each AppTest reads the metadata of every installed package, to find components of others: once is enough.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def open_page(folder: str = "", **choices: object) -> AppTest:
    """The rendered page of the app, opened by a link with these choices in its address."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in choices.items():
        app.query_params[name] = value
    if folder and folder != OPENS:
        app._page_hash = calc_hash(Path(folder).name)  # `switch_page` would have to run the first page before
    return app.run()


def pages_of(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """For a fixture: `open_page` with this world behind the pages, and no engine of another test."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    yield open_page
    st.cache_resource.clear()


def unescaped(markdown: str) -> str:
    """What a reader sees of text that was escaped for Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("**", ""))


def said(app: AppTest) -> str:
    """Everything the page says in words, as a reader sees it."""
    parts = [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return "\n".join(unescaped(part.value) for part in parts)
