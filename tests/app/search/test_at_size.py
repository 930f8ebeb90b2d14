"""Lists by an index: what is said beside them, the exact list on request, and the button that builds one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.studies.pictures import at_size
from core.studies.pictures.study import search
from core.types import EmbeddingSet
from core.work import start
from tests.app.making import said
from tests.app.prompt_pages import press, tiles
from tests.app.warm import answer_at_once
from tests.conftest import GOOD, World
from tests.slow_index import with_index

Page = Callable[..., AppTest]
ASKED: dict[str, Any] = {"model": [GOOD], "q": "a square by an index"}


@pytest.fixture
def engine(captioned: World) -> Engine:
    return Engine(captioned.cache, captioned.data, in_process=False)


@pytest.fixture
def images(engine: Engine, captioned: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingSet]:
    answer_at_once(monkeypatch)
    found = engine.vectors.require(engine.place(GOOD, captioned.colours))
    yield found
    engine.store.indexes.remove(found.key.fingerprint)


def plainly(app: AppTest) -> str:
    """What is said, with spaces that may break."""
    return said(app).replace("\u00a0", " ").replace("\u202f", " ")


def ids(app: AppTest) -> list[str]:
    return [t["id"] for t in tiles(app, "answer-0")]


def test_a_list_by_an_index_says_so_and_is_checked(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = caption_page("search", data=[captioned.colours], **ASKED)
    exact = ids(app)
    assert "by an index" not in said(app).replace(ASKED["q"], "")
    missed = [images.ids.index(i) for i in exact[:2]]
    with_index(monkeypatch, engine, images, missed=missed)
    app = caption_page("search", data=[captioned.colours], **ASKED)
    assert not app.exception and ids(app)[:5] == exact[2:7]
    assert "by an index: in 500 prompts it found 99.6 % of the exact 10 best, at least 98.7 % (95 %)" in plainly(app)
    app.button(key="check-exactly").click().run()
    assert not app.exception and ids(app) == exact and "yes" in app.query_params["every"]
    n = len(images)
    assert f"so this list is exact; {n - 2} of its {n} were in the list of the index" in plainly(app)
    app.button(key="by-index").click().run()
    assert not app.exception and ids(app)[:5] == exact[2:7]


def test_without_an_index_one_is_built_by_a_button(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(at_size.SCAN_SECONDS, "0")
    monkeypatch.setattr(at_size, "faiss_is_here", lambda: False)
    app = caption_page("search", data=[captioned.colours], **ASKED)
    assert "pip install -r requirements-search.txt" in said(app) and not [
        b for b in app.button if b.key == "build-index"
    ]
    monkeypatch.setattr(at_size, "faiss_is_here", lambda: True)
    begun = list[tuple[str, ...]]()
    monkeypatch.setattr(start, "index", lambda jobs, place: begun.append(place.names))
    app = caption_page("search", data=[captioned.colours], **ASKED)
    found = search(engine, engine.place(GOOD, captioned.colours), query=ASKED["q"], k=20)
    assert ids(app) == [hit.id for hit in found.hits]
    press(app, "Build the index")
    assert not app.exception and begun == [(GOOD, captioned.colours, "all")]
