"""The overview: headline figures, the table of what is here, and the first start."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.jobs.table import JobTable
from core.stats.numbers import percent
from core.studies.zero_shot.study import ZeroShot
from core.work import start
from pages.home.notice import demo_notice
from pages.shared.stored import StoredPairs
from tests.app.making import open_page, unescaped
from tests.conftest import GOOD, World

Page = Callable[..., AppTest]


def test_the_headlines_are_the_best_of_each_data_set(page: Page, world: World) -> None:
    app, engine = page(), Engine(world.cache, world.data, in_process=False)
    assert not app.exception and app.title[0].value == "Which model names most pictures right?"
    best = [
        max(engine.run(ZeroShot.at(engine, model, name)).acc1 for model in (GOOD, "RN50/openai"))
        for name in ("eurosat", world.colours)
    ]
    assert [m.value for m in app.metric] == [percent(value) for value in best]
    assert all("95 %" in caption.value for caption in app.caption[:2])


def test_the_table_says_what_is_measured_and_what_is_not_here(page: Page, world: World) -> None:
    table = page().dataframe[0].value.set_index("Model")
    engine = Engine(world.cache, world.data, in_process=False)
    assert table.loc["ViT-B/32 · OpenAI", "colours"] == percent(
        engine.run(ZeroShot.at(engine, GOOD, world.colours)).acc1
    )
    assert table.loc["ViT-B/32 · OpenAI", "CIFAR-100"] == ""
    assert {"Demo objects", "EuroSAT", "COCO captions"} <= set(table.columns)


def test_nothing_is_called_a_demo_where_real_data_is(page: Page) -> None:
    assert not [m for m in page().markdown if "generated pictures" in m.value]


def test_an_empty_machine_starts_the_demo_by_itself_once(in_nothing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(start, "prepare_demo", lambda jobs: started.append(1))
    app = open_page()
    assert not app.exception and started == [1]
    assert [m for m in app.markdown if "generated pictures" in m.value]
    app.run()
    assert started == [1]


def test_progress_of_the_demo_is_told_in_words_and_can_be_stopped(
    in_nothing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "prepare_demo", lambda jobs: None)
    table = JobTable(in_nothing.cache)
    job, _ = table.insert("prepare-demo", "prepare-demo", "Preparing the demo", {})
    table.begin(job.id)
    table.report(job.id, 3000, 10_000, 250.0)
    app = open_page()
    assert not app.exception
    assert "Preparing the demo: 30 % · 28 s left" in unescaped(app.progress[0].text)
    app.button(key=f"stop-{job.id}").click().run()
    assert table.get(job.id).state == "cancelled"
    assert app.button(key="prepare-demo-again")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({("demo-rn/demo", "demo-objects")}, "generated pictures"),
        ({("demo-rn/demo", "demo-objects"), ("demo-rn/demo", "eurosat")}, "they guess"),
        ({("demo-rn/demo", "eurosat"), (GOOD, "eurosat")}, ""),
    ],
)
def test_what_must_be_known_while_only_the_demo_is_here(pairs: set[tuple[str, str]], words: str) -> None:
    found = demo_notice(StoredPairs(pairs=frozenset(pairs)))
    assert words in found and bool(found) == bool(words)
