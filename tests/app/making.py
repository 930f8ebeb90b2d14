"""Makes the world of the dashboard's tests: coloured squares, and vectors by encoders that see colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from core.catalog.prompts import find_prompt_set
from core.embedding.run import embed
from core.readers import open_dataset
from core.readers.datasets import find_dataset
from core.store import Store, TextStore, write_card
from core.studies.zero_shot.classify import fill as filled
from core.types import Dataset, FloatArray
from tests.fakes import COLOURS, FakeEncoder, FakePictures, png

if TYPE_CHECKING:
    from tests.conftest import World

ROOT = Path(__file__).parents[2]
EACH = 8


class Poor(FakeEncoder):
    """Sees colours through noise, so that it is worse than the other one, always in the same way."""

    def encode_images(self, batch: NDArray[np.float32]) -> FloatArray:
        vectors = super().encode_images(batch)
        sums = np.abs(batch.reshape(len(batch), -1).sum(axis=1)).astype(np.int64) % 4096
        vectors[:, :3] += 2.0 * np.random.default_rng(5).standard_normal((4096, 3))[sums]
        return vectors.astype(np.float32)


def fill(world: World) -> None:
    """Pictures, vectors, text vectors and model cards."""
    from tests.conftest import GOOD, POOR

    paint_squares(world.data / "colours")
    world.home.mkdir(parents=True)
    store, texts = Store(world.cache), TextStore(world.cache)
    rows = open_dataset(world.colours, None, world.data, world.cache)
    for encoder in (FakeEncoder(GOOD), Poor(POOR)):
        write_card(world.cache, encoder.card)
        embed(encoder, rows, store, texts, memo_dir=world.cache / "digests")
        embed(encoder, satellite(), store, texts, memo_dir=world.cache / "digests")
        for dataset in (rows, satellite()):
            know_prompts(encoder, dataset, texts)


def paint_squares(folder: Path) -> None:
    """EACH noisy squares of every colour, in a folder for each."""
    for colour, rgb in COLOURS.items():
        (folder / colour).mkdir(parents=True)
        for i in range(EACH):
            (folder / colour / f"{i}.png").write_bytes(png(rgb, i))


def satellite() -> Dataset:
    """Twenty pictures under the name of a catalog set that is not on this machine: published figures exist."""
    spec = find_dataset("eurosat")
    labels = np.arange(20, dtype=np.int64) % len(spec.classnames)
    files = [png((10 * i, 200 - 9 * i, 90), i) for i in range(20)]
    ids = tuple(f"{spec.raw_classnames[label]}/{i}.jpg" for i, label in enumerate(labels))
    return Dataset(
        spec=spec,
        split="test",
        ids=ids,
        pictures=FakePictures(files),
        labels=labels,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
    )


def know_prompts(encoder: FakeEncoder, dataset: Dataset, texts: TextStore) -> None:
    """Store the text vectors of the prompts that pages open with."""
    for name in dict.fromkeys((dataset.spec.prompt_set, "photo", "deck")):
        for names in (dataset.classnames, dataset.raw_classnames):
            asked = list(dict.fromkeys(filled(find_prompt_set(name).templates, names)))
            texts.put(encoder.card.model_digest, asked, encoder.encode_texts(asked))


def open_page(folder: str = "", **choices: object) -> AppTest:
    """The rendered page of the app, with these choices in its address."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in choices.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page(f"pages/{folder}/page.py").run() if folder else app


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
