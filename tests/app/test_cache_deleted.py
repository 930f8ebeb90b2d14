"""The cache folder is deleted while the server runs: every page goes on, and the demo is prepared anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st

from core.jobs.table import JobTable
from pages.shared.guard import UNEXPECTED
from streamlit_app import PAGES
from tests.app.making import open_page, said
from tests.conftest import World

FOLDERS = [folder for rows in PAGES.values() for folder, _, _ in rows]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_page_recovers(folder: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(world.cache, tmp_path / "cache", ignore=shutil.ignore_patterns("*.sock", "encoder*"))
    own = World(tmp_path / "cache", world.data, world.home)
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    app = open_page(folder)
    assert not app.exception
    shutil.rmtree(own.cache)
    app.run()
    words = said(app)
    assert not app.exception and UNEXPECTED not in words
    job = JobTable(own.cache).latest("prepare-demo")
    assert job is not None and job.live, "the demo is prepared again without a restart"
    app.run()
    assert not app.exception and UNEXPECTED not in said(app)
