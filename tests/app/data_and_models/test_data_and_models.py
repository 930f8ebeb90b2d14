"""The library: what is here, starting and stopping work, removing vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.catalog.models import MODELS
from core.engine import Engine
from core.errors import TMVError
from core.jobs.jobs import Jobs
from core.jobs.table import JobTable
from core.readers.datasets import DATASETS
from core.store import Store
from core.words.names import say_model
from pages.data_and_models.work import embed
from tests.app.making import open_page, said, unescaped
from tests.conftest import World

Page = Callable[..., AppTest]
HERE = "data_and_models"


@pytest.fixture
def copied(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of its own, for tests that change the cache."""
    shutil.copytree(world.cache, tmp_path / "cache", ignore=shutil.ignore_patterns("*.sock", "encoder*"))
    own = World(tmp_path / "cache", world.data, world.home)
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    return own


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Jobs asked for, which are not started."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(Jobs, "submit", lambda self, kind, key, title, params: found.append((kind, key)))
    return found


def test_everything_known_is_listed_with_its_state(page: Page) -> None:
    app = page(HERE)
    words = said(app)
    assert not app.exception
    assert all(say_model(m) in words and m.name in words for m in MODELS)
    assert all(d.title in words and d.name in words for d in DATASETS)
    assert "Demo ViT · ready" in words and "CIFAR-100 · not here yet" in words


def test_stored_vectors_are_listed_with_their_size(page: Page, world: World) -> None:
    words = said(page(HERE))
    total = sum(e.bytes for e in Store(world.cache).entries())
    assert f"4 sets of vectors, {total / 1e3:.1f} kB" in words
    assert "EuroSAT (test) · ViT-B/32 · OpenAI · 20 pictures" in words


def test_embedding_is_started_for_the_chosen_pair(page: Page, submitted: list[tuple[str, str]]) -> None:
    app = page(HERE)
    app.selectbox(key="embed-model").set_value("demo-rn/demo").run()
    app.selectbox(key="embed-data").set_value("demo-satellite").run()
    app.selectbox(key="embed-split").set_value("train").run()
    next(b for b in app.button if b.label == "Embed").click().run()
    assert submitted == [("embed", "embed/demo-rn/demo/demo-satellite/train")]


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        ("demo-rn/domo", "demo-satellite", "did you mean"),
        ("demo-rn/demo", "folder:/etc", "is read only from the data folder"),
        ("file:/etc/passwd,/etc/group", "demo-satellite", "is read only from the data folder"),
        ("demo-rn/demo", "no such set", "No data set is called"),
    ],
)
def test_a_name_that_cannot_be_embedded_is_refused(
    in_world: World, submitted: list[tuple[str, str]], model: str, data: str, sentence: str
) -> None:
    # A typed option cannot be sent from here, so the button's callback is called as the button does.
    engine = Engine(in_world.cache, in_world.data, in_process=False)
    with pytest.raises(TMVError, match=sentence):
        embed(engine, model, data, "default")
    assert not submitted


def test_models_and_data_sets_can_be_downloaded(page: Page, submitted: list[tuple[str, str]]) -> None:
    app = page(HERE)
    app.button(key="download-cifar100").click().run()
    assert submitted == [("download-dataset", "download-dataset/cifar100")]


def test_work_is_told_in_words_and_can_be_stopped(copied: World) -> None:
    table = JobTable(copied.cache)
    job, _ = table.insert("embed", "embed/x", "Embedding EuroSAT with ViT-B/32", {})
    table.begin(job.id)
    table.report(job.id, 1240, 10_000, 310.0)
    app = open_page(HERE)
    expected = "Embedding EuroSAT with ViT-B/32: 1,240 of 10,000 pictures · 310 a second · 28 s left"
    assert expected in [unescaped(p.text) for p in app.progress]
    app.button(key=f"stop-{job.id}").click().run()
    assert table.get(job.id).state == "cancelled"
    assert "Embedding EuroSAT with ViT-B/32: stopped" in said(app)


def test_failed_work_says_why(copied: World) -> None:
    table = JobTable(copied.cache)
    job, _ = table.insert("embed", "embed/x", "Embedding EuroSAT", {})
    table.end(job.id, "failed", "The disk is full: free some room.")
    assert "Embedding EuroSAT: stopped by an error — The disk is full: free some room." in said(open_page(HERE))


def test_vectors_are_removed_after_asking(copied: World) -> None:
    app = open_page(HERE)
    key = next(e.key for e in Store(copied.cache).entries() if e.key.dataset == "eurosat")
    name = f"remove-{key.model}-{key.dataset}-{key.split}-{key.fingerprint}"
    app.button(key=name).click().run()
    assert any(b.key == "remove-for-good" for b in app.button)
    assert key in [e.key for e in Store(copied.cache).entries()]
    app.button(key="remove-for-good").click().run()
    assert key not in [e.key for e in Store(copied.cache).entries()]
