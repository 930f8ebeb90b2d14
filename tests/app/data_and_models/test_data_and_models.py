"""The library: what is here, starting and stopping work, removing vectors."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.bundle import install
from core.catalog.models import every_model
from core.engine import Engine
from core.jobs.jobs import Jobs, Wanted
from core.jobs.table import JobTable
from core.readers.datasets import DATASETS
from core.store import Entry, Store
from core.system.locks import FileLock
from core.types import Job
from core.work.bundles import bundle_bytes
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


@pytest.fixture
def lined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Work put in line, which is not started."""
    found: list[tuple[str, str]] = []

    def line_up(self: Jobs, wanted: Iterable[Wanted]) -> list[None]:
        found.extend((one.kind, one.key) for one in wanted)
        return [None]

    monkeypatch.setattr(Jobs, "line_up", line_up)
    return found


def table(app: AppTest, first: str) -> pd.DataFrame:
    """The table with this column."""
    return next(d.value for d in app.dataframe if first in d.value)


def mark(app: AppTest, *rows: int) -> AppTest:
    """The page after a reader has marked these rows of its last table."""
    key = str(app.dataframe[-1].key)
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


def chosen(page: Page, **filters: object) -> set[str]:
    """The models of the table with these filters set."""
    app = page(HERE, part="models")
    for name, value in filters.items():
        app.selectbox(key=f"models-{name}").set_value(value)
    app.run()
    return set(table(app, "training_data")["name"])


def test_the_table_says_family_size_license_and_tokenizer(page: Page) -> None:
    listed = table(page(HERE, part="models"), "training_data").set_index("name")
    row = listed.loc["ViT-B-16-SigLIP2/webli"]
    assert (row["family"], row["licence"], row["tokenizer"]) == ("SigLIP 2", "Apache-2.0", "timm/ViT-B-16-SigLIP2")
    assert (row["parameters"], row["download_mb"]) == (375, 1501)
    assert listed.loc["ViT-B-32/openai", "tokenizer"] == "built in" and not (listed["training_data"] == "").any()


def test_models_are_filtered_by_family_size_license_and_place(page: Page) -> None:
    assert chosen(page, family="SigLIP 2") == {m.name for m in every_model() if "SigLIP2" in m.name}
    small = chosen(page, size=300_000_000, licence="forbidden")
    assert small and small == {m.name for m in every_model() if m.name.startswith("MobileCLIP") and m.parameters < 75e6}
    assert chosen(page, licence="not recorded") == {
        m.name for m in every_model() if "/dfn" in m.name and "Mobile" not in m.name
    }
    here = chosen(page, here="here")
    assert {"demo-vit/demo", GOOD} <= here and "ViT-B-16/openai" not in here
    assert here.isdisjoint(away := chosen(page, here="away")) and "ViT-B-16/openai" in away


def test_filters_that_leave_nothing_say_so(page: Page) -> None:
    app = page(HERE, part="models")
    app.selectbox(key="models-family").set_value("CoCa")
    app.text_input(key="models-search").set_value("siglip").run()
    assert not app.exception and not app.dataframe and app.info


def test_size_and_license_stand_before_the_download(page: Page) -> None:
    app = page(HERE, part="models")
    app.text_input(key="models-search").set_value("openai b-16").run()
    mark(app, list(table(app, "training_data")["name"]).index("ViT-B-16/openai"))
    assert "351 MB" in said(app) and "ViT-B-16/openai: MIT" in said(app)


def test_a_model_that_needs_its_own_code_is_refused(page: Page) -> None:
    app = page(HERE, part="models")
    app.text_input(key="models-search").set_value("hf-hub:jinaai/jina-clip-v2").run()
    assert not app.dataframe and "code" in said(app) and not app.exception


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


def test_every_pair_is_put_in_line_but_those_that_are_stored(page: Page, lined: list[tuple[str, str]]) -> None:
    chosen = {"embed_model": [GOOD, "demo-vit/demo", "demo-rn/demo"], "embed_data": ["folder:colours", "eurosat"]}
    app = page(HERE, **chosen)
    assert "6 pairs of model and data set: 2 to compute (64 images), 2 stored already, 2 cannot be computed." in said(
        app
    )
    plan = table(app, "standing").set_index(["model_title", "dataset_title"])
    assert plan.loc[("ViT-B/32 · OpenAI", "EuroSAT"), "standing"] == "stored already, skipped"
    assert "EuroSAT" in str(plan.loc[("Demo ResNet", "EuroSAT"), "why"])
    app.button(key="embed").click().run()
    assert lined == [("embed", f"embed/{model}/folder:colours/all") for model in ("demo-vit/demo", "demo-rn/demo")]


def test_another_split_is_computed_where_it_is_there(page: Page, lined: list[tuple[str, str]]) -> None:
    data = ["folder:colours", "demo-captions"]
    app = page(HERE, embed_model=["demo-rn/demo"], embed_data=data, embed_split=["train"])
    plan = table(app, "standing").set_index("dataset_title")
    assert plan.loc["Demo captions", "why"] == "Demo captions has no split 'train', only val."
    app.button(key="embed").click().run()
    assert lined == [("embed", "embed/demo-rn/demo/folder:colours/train")]


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        ("demo-rn/domo", "demo-satellite", "did you mean"),
        ("demo-rn/demo", "folder:/etc", "is read only from the data folder"),
        ("file:/etc/passwd,/etc/group", "demo-satellite", "is read only from the data folder"),
        ("demo-rn/demo", "no such set", "No data set is called"),
    ],
)
def test_a_name_that_cannot_be_embedded_is_refused(page: Page, model: str, data: str, sentence: str) -> None:
    app = page(HERE, embed_model=[model], embed_data=[data])
    assert sentence in said(app) and not app.exception
    assert "embed" not in [b.key for b in app.button]


def test_marked_models_and_data_sets_fill_the_form(page: Page) -> None:
    app = page(HERE, part="models")
    names = list(table(app, "training_data")["name"])
    mark(app, names.index("demo-vit/demo"), names.index("demo-rn/demo"))
    app.button(key="compute-models").click().run()
    assert set(app.multiselect(key="shown-embed_model").value) == {"demo-vit/demo", "demo-rn/demo"}
    assert app.header[0].value == "Compute embeddings"


def ended(world: World, state: Any, message: str = "", **params: str) -> Job:
    """A job of this world that is over."""
    values = {"model": "ViT-B-32/random", "dataset": "folder:colours", "split": "all", **params}
    table, (model, dataset) = JobTable(world.cache), (values["model"], values["dataset"])
    job, _ = table.insert("embed", f"embed/{model}/{dataset}/all", f"Embedding {dataset} with {model}", values)
    table.begin(job.id)
    table.report(job.id, 16, 32, 4.0)
    table.end(job.id, state, message)
    return table.get(job.id)


def test_what_was_stopped_or_failed_fills_the_form_again(copied: World) -> None:
    ended(copied, "done", model="demo-rn/demo")
    ended(copied, "cancelled", model="ViT-B-32/random")
    ended(copied, "failed", "The disk is full.", model="RN50/random")
    app = open_page(HERE)
    assert app.multiselect(key="shown-embed_model").value == ["ViT-B-32/random", "RN50/random"]
    assert app.multiselect(key="shown-embed_data").value == ["folder:colours"]
    app.multiselect(key="shown-embed_model").set_value([]).run()
    assert app.multiselect(key="shown-embed_model").value == [], "once a session"


def test_a_job_that_is_over_says_when_how_long_and_why(copied: World, lined: list[tuple[str, str]]) -> None:
    path = copied.cache / "run" / "x"
    job = ended(copied, "failed", f"It failed: OSError ({path}).")
    app = open_page(HERE)
    row = table(app, "seconds").iloc[0]
    assert (row["state"], row["why"]) == ("failed", "It failed: OSError ($TMV_CACHE/run/x).")
    assert row["started"] == time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started)) and row["seconds"] == 0
    assert app.button(key="again").disabled and app.button(key="results").disabled
    mark(app, 0)
    assert app.button(key="results").disabled, "there are none"
    app.button(key="again").click().run()
    assert lined == [("embed", job.key)]


def test_a_finished_job_leads_to_its_results(copied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str]()
    monkeypatch.setattr("pages.shared.navigation.open_page", lambda page, **_: opened.append(page))
    ended(copied, "done", model=GOOD)
    app = mark(open_page(HERE), 0)
    app.button(key="results").click().run()
    assert opened == ["pages/classification/errors_by_class/page.py"]
    assert app.session_state["model"] == [GOOD] and app.session_state["data"] == ["folder:colours"]


def test_the_end_of_work_is_said_where_it_was_started_with_the_way_to_its_results(
    copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[str]()
    monkeypatch.setattr("pages.shared.navigation.open_page", lambda page, **_: opened.append(page))
    jobs, params = JobTable(copied.cache), {"model": GOOD, "dataset": "folder:colours", "split": "test"}
    first, _ = jobs.insert("embed", "embed/x", "First", params)
    second, _ = jobs.insert("embed", "embed/y", "Second", params)
    app = open_page(HERE)
    assert not app.success and not app.warning
    jobs.end(first.id, "done", "")
    jobs.end(second.id, "done", "")
    app.run()
    assert [unescaped(s.value) for s in app.success] == ["Done: 2 jobs."]
    app.button(key="ended-results").click().run()
    assert opened == ["pages/classification/errors_by_class/page.py"]
    assert not open_page(HERE).success, "nobody waited for it in this session"


def test_work_that_did_not_end_well_is_not_called_done(copied: World) -> None:
    jobs = JobTable(copied.cache)
    job, _ = jobs.insert("embed", "embed/x", "First", {"model": GOOD, "dataset": "folder:colours", "split": "test"})
    app = open_page(HERE)
    jobs.end(job.id, "failed", "The disk is full.")
    app.run()
    assert not app.success and unescaped(app.warning[0].value).startswith("0 of 1 job done, 1 failed.")
    assert "ended-results" not in [b.key for b in app.button]


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
    jobs = JobTable(copied.cache)
    job, _ = jobs.insert("embed", "embed/x", "Embedding EuroSAT with ViT-B/32", {})
    jobs.begin(job.id)
    jobs.report(job.id, 1240, 10_000, 310.0)
    app = open_page(HERE)
    expected = "Embedding EuroSAT with ViT-B/32: 1,240 of 10,000 images · 310 a second · 28 s left"
    assert expected in [unescaped(p.text) for p in app.progress]
    app.button(key=f"stop-{job.id}").click().run()
    assert jobs.get(job.id).state == "cancelled"
    row = table(app, "why").iloc[0]
    assert (row["title"], row["state"]) == ("Embedding EuroSAT with ViT-B/32", "stopped")
    assert row["why"].startswith("Stopped on request at 1,240 of 10,000 images")


def test_the_queue_shows_places_and_time_left_and_is_stopped_whole(copied: World) -> None:
    engine = Engine(copied.cache, copied.data, in_process=False)
    running, _ = JobTable(copied.cache).insert("embed", "embed/x", "Running", {"model": GOOD, "images": 100})
    JobTable(copied.cache).begin(running.id)
    JobTable(copied.cache).report(running.id, 40, 100, 10.0)
    params = {"model": GOOD, "images": 50}
    wanted = [Wanted(kind="embed", key=f"embed/{i}", title=f"Job {i}", params=params) for i in range(7)]
    lock = FileLock(JobTable(copied.cache).lock_path(running.id))
    assert lock.try_hold()
    found = engine.jobs.line_up(wanted)
    app = open_page(HERE)
    assert "8 jobs · 41 s left" in said(app), "6 s, and seven times 5 s"
    texts = [unescaped(p.text) for p in app.progress]
    assert texts[0] == "Running: 40 of 100 images · 10 a second · 6 s left"
    assert texts[1:] == [f"Job {i}: waiting for its turn, place {i + 1} in the queue" for i in range(3)]
    rest = table(app, "Place")
    assert list(rest["Place"]) == [4, 5, 6, 7]
    app.button(key="stop-all").click().run()
    assert {engine.jobs.get(job.id).state for job in found} == {"cancelled"}
    lock.release()


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
