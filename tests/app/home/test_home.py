"""The overview: headline figures, the table of what is here, and the first start."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.encoders.service.local import Encoding
from core.engine import Engine
from core.errors import NotHere
from core.jobs.table import JobTable
from core.stats.numbers import percent
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import search as find
from core.studies.zero_shot.study import ZeroShot
from core.types import Place
from core.work import start
from pages.home import wall
from pages.home.demo_note import demo_note
from pages.shared.stored import StoredPairs
from tests.app.making import open_page, said, unescaped
from tests.conftest import GOOD, POOR, World

Page = Callable[..., AppTest]


def quietly(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No job and no encoder starts; returns where starts of the demo are counted."""
    started = list[int]()
    monkeypatch.setattr(start, "prepare_demo", lambda jobs: started.append(1))
    monkeypatch.setattr(Encoding, "warm", lambda self, model: None)
    return started


def test_two_walls_say_where_the_models_differ(page: Page, world: World) -> None:
    app = page(data=[world.colours])
    engine = Engine(world.cache, world.data, in_process=False)
    assert not app.exception
    grids = [e for e in app.get("bidi_component") if "grid" in e.proto.component_name] or app.get("component_v2")
    said_here = said(app)
    assert all(
        part in said_here for part in ("Text Meets Vision", "ViT-B/32 · OpenAI", "ResNet-50 · OpenAI", " images of ")
    )
    assert "expected by chance" in said_here, grids
    assert engine.embeddings(GOOD, world.colours) is not None


def test_a_text_too_long_is_said_and_stays_in_its_field(page: Page, world: World) -> None:
    app = page("home", data=[world.colours], model=[GOOD, POOR])
    line = next(box for box in app.text_input if box.label == "Describe an image")
    line.set_value("red " * 2500).run()
    assert not app.exception and "The description has 10,000 characters; at most 400 are read" in said(app)
    assert next(box for box in app.text_input if box.label == "Describe an image").value == "red " * 2500


def test_the_three_questions_are_answered_from_what_is_here(page: Page, world: World) -> None:
    engine = Engine(world.cache, world.data, in_process=False)
    best = max((engine.run(ZeroShot.at(engine, m, "eurosat")) for m in (GOOD, POOR)), key=lambda r: r.acc1)
    words = said(page())
    assert f"labels {percent(best.acc1)} of EuroSAT correctly." in words
    assert "No answer yet" in words, "there are no captions in this world"


def test_nothing_is_called_a_demo_where_real_data_is(page: Page) -> None:
    assert "Demo data" not in said(page())


def test_an_example_with_a_fault_is_mended_before_the_eyes(in_nothing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    quietly(monkeypatch)
    app = open_page()
    app.button(key="home-example").click().run()
    assert not app.exception
    shown = {m.label: m.value for m in app.metric}
    right = Engine(in_nothing.cache, in_nothing.data, in_process=False)
    whole = right.run(ZeroShot.at(right, "demo-rn/demo", "demo-objects")).acc1
    assert shown["Would be"] == percent(whole) and float(shown["Accuracy as it came"].split()[0]) < 5
    app.button(key="home-predictions-away").click().run()
    assert not app.metric


def test_an_empty_machine_starts_the_demo_by_itself_once(in_nothing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = quietly(monkeypatch)
    app = open_page()
    assert not app.exception and started == [1]
    assert "Demo data" in said(app) and "expected by chance" in said(app), "the first images and figure are there"
    assert "labels 91.8" in said(app)
    app.run()
    assert started == [1]


def test_after_the_cache_is_deleted_the_demo_comes_back(in_nothing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = quietly(monkeypatch)
    app = open_page()
    shutil.rmtree(in_nothing.cache)
    app.run()
    assert not app.exception and started == [1, 1] and "expected by chance" in said(app)


def test_progress_of_the_demo_is_told_in_words_and_can_be_stopped(
    in_nothing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quietly(monkeypatch)
    table = JobTable(in_nothing.cache)
    job, _ = table.insert("prepare-demo", "prepare-demo", "Preparing the demo", {})
    table.begin(job.id)
    table.report(job.id, 3000, 10_000, 250.0)
    app = open_page()
    assert not app.exception
    assert "Preparing the demo: 30 %" in unescaped(app.progress[0].text)
    app.button(key=f"stop-{job.id}").click().run()
    assert table.get(job.id).state == "cancelled"
    assert app.button(key="prepare-demo-again")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({("demo-rn/demo", "demo-objects")}, "Demo data"),
        ({("demo-rn/demo", "demo-objects"), ("demo-rn/demo", "eurosat")}, "no better than chance"),
        ({("demo-rn/demo", "eurosat"), (GOOD, "eurosat")}, ""),
    ],
)
def test_what_must_be_known_while_only_the_demo_is_here(pairs: set[tuple[str, str]], words: str) -> None:
    found = demo_note(StoredPairs(pairs=frozenset(pairs)))
    assert words in found and bool(found) == bool(words)


def test_a_model_whose_file_is_gone_is_left_out_and_the_others_answer(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(lab: Engine, place: Place, **asked: object) -> PicturesResult:
        if place.model.name == POOR:
            raise NotHere("The file best.pt is not there.")
        return find(lab, place, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(wall, "search", search)
    app = page(data=[world.colours])
    assert not app.exception and "One model is left out. The file best.pt is not there." in said(app)
    assert len(app.get("bidi_component") or app.get("component_v2")) >= 1


def test_a_failed_demo_says_why_and_can_be_prepared_again_on_top(
    in_nothing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = quietly(monkeypatch)
    table = JobTable(in_nothing.cache)
    job, _ = table.insert("prepare-demo", "prepare-demo", "Preparing the demo", {})
    table.begin(job.id)
    table.end(job.id, "failed", "The disk is full.")
    app = open_page()
    assert not app.exception and "The disk is full" in said(app) and "Nothing is embedded yet" in said(app)
    app.button(key="prepare-demo-again").click().run()
    assert started == [1]
