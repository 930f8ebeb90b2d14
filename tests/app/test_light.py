"""The web process stays light: no page that is served from the cache loads a model library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamlit_app import PAGES as TABLE
from tests.conftest import World

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from tests.app.making import open_page
app = open_page(*sys.argv[1:])
assert not app.exception, app.exception
assert app.title[0].value, "nothing was drawn"
print(sorted({"torch", "torchvision", "open_clip", "clip", "transformers", "timm"} & set(sys.modules)))
"""
PAGES = sorted(file.parent.relative_to(ROOT / "pages").as_posix() for file in (ROOT / "pages").rglob("page.py"))


def test_every_page_is_looked_at() -> None:
    assert set(PAGES) == {row[0] for rows in TABLE.values() for row in rows}


@pytest.mark.parametrize("folder", PAGES)
def test_no_page_shows_a_remark_that_is_meant_for_its_code(folder: str) -> None:
    """Streamlit shows a text that stands alone in the file of a page, but for its first."""
    body = ast.parse((ROOT / "pages" / folder / "page.py").read_text("utf-8")).body[1:]
    alone = [n.lineno for n in body if isinstance(n, ast.Expr) and not isinstance(n.value, ast.Call)]
    assert alone == []


@pytest.mark.parametrize("folder", PAGES)
def test_no_cached_page_loads_a_model_library(world: World, folder: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **world.environment, "HOME": str(world.home)},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", [page for page in PAGES if page.startswith("caption_retrieval/")])
def test_no_cached_captions_load_a_model_library(captioned: World, folder: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **captioned.environment, "HOME": str(captioned.home)},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == "[]"
