"""The web process stays light: no page that is served from the cache loads a model library."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamlit_app import PAGES as TABLE
from tests.conftest import World

ROOT = Path(__file__).parents[2]
# One process opens the pages in turn: what one has loaded stays in sys.modules and is told once, by the page that did.
SCRIPT = """
import json, sys
from tests.app.making import open_page

heavy, told = {"torch", "torchvision", "open_clip", "clip", "transformers", "timm"}, {}
told["before any page"] = sorted(heavy & set(sys.modules))
for folder in sys.argv[1:]:
    heavy -= set(sys.modules)
    app = open_page(folder)
    faults = [error.message for error in app.exception] or ([] if any(title.value for title in app.title) else ["nothing was drawn"])
    told[folder] = faults + sorted(heavy & set(sys.modules))
print(json.dumps(told))
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


def opened(world: World, folders: list[str]) -> dict[str, list[str]]:
    """What each of these pages loaded or said of its faults, opened in one process."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **world.environment, "HOME": str(world.home)},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return {page: found for page, found in json.loads(run.stdout).items() if found}


def test_no_cached_page_loads_a_model_library(world: World) -> None:
    assert opened(world, PAGES) == {}


def test_no_cached_captions_load_a_model_library(captioned: World) -> None:
    assert opened(captioned, [page for page in PAGES if page.startswith(("caption_retrieval/", "search"))]) == {}
