"""No page says where on the server something lies: not in words, charts, tables, tooltips or addresses, and not of a
model whose weights are files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Dataframe

from core.embedding.run import embed
from core.readers import open_dataset
from core.store import Store, TextStore, write_card
from streamlit_app import PAGES
from tests.app.making import open_page
from tests.conftest import GOOD, World
from tests.fakes import FakeEncoder
from tests.worlds import Noisy, captions_world, know_prompts, told_set

FOLDERS = [folder for rows in PAGES.values() for folder, _, _ in rows]
INSIDE, OUTSIDE = "runs/best.safetensors", "elsewhere/other.safetensors"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with captions, also embedded by two models in files: one in the data folder, one outside it."""
    made = captions_world(tmp_path_factory.mktemp("private-server"))
    store, texts = Store(made.cache), TextStore(made.cache)
    for name in file_models(made):
        encoder = (FakeEncoder if INSIDE in name else Noisy)(name)
        write_card(made.cache, encoder.card)
        for data in (made.colours, told_set(made)):
            rows = open_dataset(data, None, made.data, made.cache)
            embed(encoder, rows, store, texts, memo_dir=made.cache / "digests")
            if data == made.colours:
                know_prompts(encoder, rows, texts)
    return made


def file_models(world: World) -> list[str]:
    """The exact names of both models."""
    places = (world.data / INSIDE, world.data.parent / OUTSIDE)
    return [f"file:{place.with_suffix('.json')},{place}" for place in places]


@pytest.fixture
def served(private: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in private.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    yield private
    st.cache_resource.clear()


def rendered(app: AppTest) -> str:
    """Everything that the server sends: the protocol buffers of all elements, and the address."""
    parts = [unquote(str(value)) for name in app.query_params for value in [app.query_params[name]]]
    waiting: list[Any] = [app._tree]
    while waiting:
        node = waiting.pop()
        waiting += list(getattr(node, "children", {}).values())
        proto = getattr(node, "proto", None)
        if proto is not None:
            parts.append(str(proto))
            if spec := getattr(proto, "spec", ""):
                parts.append(json.dumps(json.loads(spec)) if spec.startswith("{") else spec)
        if isinstance(node, Dataframe):
            parts.append(node.value.to_csv())
    return "\n".join(parts)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_page_says_where_things_are(folder: str, served: World) -> None:
    data = told_set(served) if folder.startswith("caption") else served.colours
    for models in (file_models(served), [GOOD], []):
        app = open_page(folder, **({"model": [public(m) for m in models], "data": [data]} if models else {}))
        assert not app.exception
        if "foot" in app.session_state:
            app.session_state["foot"] = True
            app.run()
        words = rendered(app)
        found = [line.strip()[:300] for line in words.splitlines() if str(served.cache.parent) in line]
        assert not found, found[:5]


@pytest.mark.parametrize("part", ["models", "data", "stored"])
def test_no_table_says_where_things_are(part: str, served: World) -> None:
    app = open_page("data_and_models", part=part)
    assert not app.exception and len(app.dataframe)
    assert str(served.cache.parent) not in rendered(app)


def public(name: str) -> str:
    """As an address says it."""
    from pages.shared.engine import engine
    from pages.shared.file_models import public_name

    return public_name(engine(), name)


def test_a_model_in_files_has_a_name_that_leads_back(served: World) -> None:
    from pages.shared.engine import engine
    from pages.shared.file_models import exact_name

    inside, outside = file_models(served)
    assert public(inside) == "file:runs/best.json,runs/best.safetensors"
    assert public(outside).startswith("file:other~") and "/" not in public(outside)
    for name in (inside, outside):
        assert exact_name(engine(), public(name)) == name == exact_name(engine(), name)
        assert exact_name(engine(), f"{public(name)}|a red square|3") == f"{name}|a red square|3"
    assert public("ViT-B-32/openai") == "ViT-B-32/openai"


@pytest.mark.parametrize("written", ["in full", "as seen from the data folder"])
def test_an_earlier_address_leads_on(written: str, served: World) -> None:
    name = file_models(served)[0]
    app = open_page(
        "classification/accuracy", model=[name if written == "in full" else public(name)], data=[served.colours]
    )
    assert not app.exception and len(app.metric) == 1 and "best" in app.multiselect(key="shown-model").value[0]
