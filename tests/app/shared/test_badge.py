"""The strip that says on every page that work is under way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.jobs.table import JobTable
from core.words.jobs import all_done_said
from tests.app.making import open_page
from tests.conftest import World


@pytest.fixture
def copied(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of its own, since jobs are written into it."""
    shutil.copytree(world.cache, tmp_path / "cache", ignore=shutil.ignore_patterns("*.sock", "encoder*"))
    own = World(tmp_path / "cache", world.data, world.home)
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    return own


def labels(app: AppTest) -> list[str]:
    """What the links to the jobs say."""
    return [
        link.proto.label for link in app.get("page_link") if link.proto.label.split(":")[0] not in ("", "Data & models")
    ]


def running(world: World) -> tuple[JobTable, str]:
    table = JobTable(world.cache)
    job, _ = table.insert("embed", "embed/x", "Embedding", {})
    return table, job.id


def test_running_work_is_on_every_page_and_its_end_is_said_once(copied: World) -> None:
    app = open_page("leaderboard")
    assert not [text for text in labels(app) if "job" in text or "Done" in text]
    table, job = running(copied)
    assert "1 job" in labels(app.run())
    table.end(job, "done", "")
    assert "Done: see results" in labels(app.run())
    assert not [text for text in labels(open_page("data_and_models")) if "Done" in text]


def test_work_in_many_unlike_steps_has_no_estimate_that_grows(copied: World) -> None:
    """At the first step of the demo's preparation, which is slow, the others would seem to take hours."""
    app, table = open_page("leaderboard"), JobTable(copied.cache)
    job, _ = table.insert("prepare-demo", "prepare-demo", "Preparing the demo", {})
    table.begin(job.id)
    table.report(job.id, 10, 8000, 0.6)
    assert "1 job" in labels(app.run())


def test_nothing_is_shown_on_stage(copied: World) -> None:
    running(copied)
    assert not [text for text in labels(open_page("leaderboard", present="true")) if "job" in text]


def test_what_failed_is_not_called_done(copied: World) -> None:
    table, first = running(copied)
    table.end(first, "failed", "The disk is full.")
    second, _ = table.insert("embed", "embed/y", "Embedding", {})
    table.end(second.id, "done", "")
    assert all_done_said(table.newest(2)) == "1 of 2 jobs failed: see why"
    assert all_done_said(table.newest(1)) == "Done: see results"
