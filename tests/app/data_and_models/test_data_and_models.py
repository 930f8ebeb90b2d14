"""The library: what is here, starting and stopping work, removing vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.bundle import install
from core.catalog.models import every_model
from core.engine import Engine
from core.errors import TMVError
from core.jobs.jobs import Jobs
from core.jobs.table import JobTable
from core.readers.datasets import DATASETS
from core.store import Entry, Store
from core.work.bundles import bundle_bytes
from pages.data_and_models.work import embed
from tests.app.making import open_page, said, unescaped
from tests.conftest import GOOD, World

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


def table(app: AppTest, first: str) -> pd.DataFrame:
    """The table with this column."""
    return next(d.value for d in app.dataframe if first in d.value)


def mark(app: AppTest, *rows: int) -> AppTest:
    """The page after a reader has marked these rows of its table."""
    key = str(app.dataframe[0].key)
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_every_model_of_the_catalog_and_of_open_clip_is_in_one_table(page: Page) -> None:
    app = page(HERE, part="models")
    listed = table(app, "training_data").set_index("name")
    assert not app.exception
    assert {m.name for m in every_model()} <= set(listed.index) and len(listed) > 150
    assert listed.loc["demo-vit/demo", "state"] == "ready" and listed.loc["demo-vit/demo", "title"] == "Demo ViT"
    assert listed.loc["ViT-B-16/openai", "state"] == "can be downloaded"
    assert listed.loc["ViT-SO400M-14-SigLIP/webli", "state"] == "not usable here"  # the hub is out of reach in tests
    assert listed.loc[GOOD, "embedded"] == 2


def test_models_are_found_by_words_and_any_name_may_be_typed(page: Page) -> None:
    app = page(HERE, part="models")
    app.text_input(key="models-search").set_value("siglip so400m").run()
    assert set(table(app, "training_data")["name"]) == {
        m.name for m in every_model() if "siglip" in m.name.lower() and "so400m" in m.name.lower()
    }
    app.text_input(key="models-search").set_value("hf-hub:some/model").run()
    assert list(table(app, "training_data")["name"]) == ["hf-hub:some/model"]
    app.text_input(key="models-search").set_value("no such").run()
    assert not app.dataframe and "hf-hub:ORG/NAME" in said(app) and "No model is called" in said(app)


def test_weights_of_the_marked_models_are_downloaded(page: Page, submitted: list[tuple[str, str]]) -> None:
    app = page(HERE, part="models")
    names = list(table(app, "training_data")["name"])
    wanted = ["demo-vit/demo", "ViT-SO400M-14-SigLIP/webli", "ViT-B-16/openai"]
    assert app.button(key="download-models").disabled
    mark(app, *(names.index(name) for name in wanted))
    app.button(key="download-models").click().run()
    assert submitted == [("download-model", "download-model/ViT-B-16/openai")]


def test_data_sets_say_how_much_of_them_is_here(page: Page, world: World) -> None:
    app = page(HERE, part="data")
    listed = table(app, "splits").set_index("name")
    assert {d.name for d in DATASETS} <= set(listed.index)
    assert listed.loc["cifar100", "state"] == "can be downloaded" and not listed.loc["cifar100", "images"]
    own = [name for name in listed.index if name.startswith("folder:")]
    assert own and "32 images" in set(listed.loc[own, "images"]) and listed.loc[own[0], "models"] == 2


def test_a_marked_data_set_shows_a_sample(page: Page) -> None:
    app = page(HERE, part="data")
    names = list(table(app, "splits")["name"])
    mark(app, next(i for i, name in enumerate(names) if name.startswith("folder:")))
    assert len(app.get("image")) == 1


def test_stored_embeddings_are_listed_with_their_size(page: Page, world: World) -> None:
    app = page(HERE, part="stored")
    entries = Store(world.cache).entries()
    assert f"4 sets of embeddings, {sum(e.bytes for e in entries) / 1e3:.1f} kB" in said(app)
    listed = table(app, "bytes")
    assert sorted(listed["bytes"]) == sorted(e.bytes for e in entries)
    row = listed[(listed["dataset"] == "eurosat") & (listed["model"] == GOOD)].iloc[0]
    assert (row["split"], row["images"], row["model_title"]) == ("test", "20 images", "ViT-B/32 · OpenAI")


def test_a_table_of_two_hundred_rows(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    entries = Store.entries

    def many(store: Store) -> tuple[Entry, ...]:
        first = entries(store)[0]
        return tuple(replace(first, key=replace(first.key, dataset=f"folder:set-{i:03}")) for i in range(200))

    monkeypatch.setattr(Store, "entries", many)
    app = page(HERE, part="stored")
    assert not app.exception and len(table(app, "bytes")) == 200
    app.text_input(key="stored-search").set_value("set-19").run()
    assert len(table(app, "bytes")) == 10


def test_another_search_takes_the_marks_away(page: Page) -> None:
    app = page(HERE, part="stored")
    mark(app, 0)
    assert app.button(key="delete-embeddings").label == "Delete embeddings (1)"
    app.text_input(key="stored-search").set_value("eurosat").run()
    assert app.button(key="delete-embeddings").disabled


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


def test_data_sets_can_be_downloaded(page: Page, submitted: list[tuple[str, str]]) -> None:
    app = page(HERE, part="data")
    names = list(table(app, "splits")["name"])
    mark(app, names.index("cifar100"), names.index("demo-objects"))
    app.button(key="download-datasets").click().run()
    assert ("download-dataset", "download-dataset/cifar100") in submitted and (
        "prepare-demo",
        "prepare-demo",
    ) in submitted


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


def test_embeddings_are_deleted_after_asking(copied: World) -> None:
    app = open_page(HERE, part="stored")
    listed, before = table(app, "bytes"), [e.key for e in Store(copied.cache).entries()]
    mark(app, *listed.index[listed["dataset"] == "eurosat"])
    app.button(key="delete-embeddings").click().run()
    assert [e.key for e in Store(copied.cache).entries()] == before
    app.button(key="delete-for-good").click().run()
    assert [e.key for e in Store(copied.cache).entries()] == [k for k in before if k.dataset != "eurosat"]


def test_a_bundle_holds_exactly_the_marked_embeddings(copied: World, tmp_path: Path) -> None:
    engine = Engine(copied.cache, copied.data, in_process=False)
    keys = [e.key for e in engine.store.entries() if e.key.dataset == "eurosat"][:1]
    (tmp_path / "one.zip").write_bytes(bundle_bytes(engine, keys))
    assert list(install(tmp_path / "elsewhere", tmp_path / "one.zip").entries) == keys
