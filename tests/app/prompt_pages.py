"""What the tests of the prompt pages share: an encoder that answers at once, and what a page's grids were given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.embedding.run import embed
from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.errors import EncoderWarming
from core.readers import open_dataset
from core.store import Store, TextStore, write_card
from core.types import FloatArray
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import Noisy


def answer_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The encoder process answers at once; returns the texts it was asked for, as they come."""
    asked: list[str] = []

    def encode(self: WarmEncoder, model: str, texts: Sequence[str], progress: object = None) -> FloatArray:
        asked.extend(texts)
        return FakeEncoder(model).encode_texts(texts)

    monkeypatch.setattr(WarmEncoder, "encode_texts", encode)
    return asked


def never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder process is always starting."""

    def encode(self: WarmEncoder, model: str, texts: Sequence[str], progress: object = None) -> FloatArray:
        raise EncoderWarming(model, 3.0)

    monkeypatch.setattr(WarmEncoder, "encode_texts", encode)


def engine_of(world: World) -> Engine:
    """The engine of the tests, beside that of the page."""
    return Engine(world.cache, world.data, in_process=False)


def tiles(app: AppTest, key: str) -> list[dict[str, Any]]:
    """What the picture grid of this key was given; [] where it is not drawn."""
    found = [e for e in app.get("bidi_component") if f"-{key}" in e.proto.id]
    return list(json.loads(found[0].proto.json)["items"]) if found else []


def grids(app: AppTest) -> list[tuple[str, list[dict[str, Any]]]]:
    """(label, tiles) of every picture grid, in order."""
    found = [json.loads(e.proto.json) for e in app.get("bidi_component")]
    return [(data["label"], data["items"]) for data in found if "items" in data]


def press(app: AppTest, label: str, place: int = 0) -> AppTest:
    """Click the button of this label."""
    return [b for b in app.button if b.label == label][place].click().run()


def box(app: AppTest, label: str) -> Any:
    """The text box of this label."""
    return next(b for b in (*app.text_area, *app.text_input) if b.label == label)


def tell(world: World) -> str:
    """Twenty squares with two captions each, embedded with both fakes; the name of the data set."""
    folder = world.data / "told"
    folder.mkdir(parents=True)
    rows = ["image,caption"]
    for i in range(20):
        colour = list(COLOURS)[i % 4]
        (folder / f"{i}.png").write_bytes(png(COLOURS[colour], 100 + i))
        rows += [f"{i}.png,a {colour} square number {i}", f"{i}.png,one more {colour} thing"]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    world.home.mkdir(parents=True)
    name, store, texts = f"captions:{folder / 'captions.csv'}", Store(world.cache), TextStore(world.cache)
    for encoder in (FakeEncoder(GOOD), Noisy(POOR)):
        write_card(world.cache, encoder.card)
        embed(
            encoder, open_dataset(name, None, world.data, world.cache), store, texts, memo_dir=world.cache / "digests"
        )
    return name


def look_at(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Point the app's engine of this process at another world than the tests' usual one."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
