"""The probe page, and probes on the accuracy page: what is trained, what is still to train, what cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.embedding.data import Data
from core.engine import Engine
from core.errors import EncoderWarming
from core.jobs.jobs import Jobs
from core.jobs.table import JobTable
from core.stats.numbers import percent
from core.studies.answered import compare
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.study import ZeroShot
from core.tables.compare import disagreements_frame
from pages.shared.training import _tried
from tests import worlds
from tests.app.making import open_page, pages_of, said
from tests.conftest import GOOD, POOR, World
from tests.worlds import run_study

Page = Callable[..., AppTest]
PROBE, ACCURACY, COMPARE = (f"classification/{name}" for name in ("linear_probe", "accuracy", "compare"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, ProbeResult]:
    return worlds.trained_world(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def shown(trained: tuple[World, ProbeResult], monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    yield from pages_of(trained[0], monkeypatch)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the jobs that are submitted, none of which runs."""
    keys = list[str]()
    monkeypatch.setattr(Jobs, "submit", lambda self, kind, key, title, params: keys.append(key))
    return keys


def tables(app: AppTest) -> str:
    """The HTML tables of a page as text, tags left out."""
    found = [e.proto.body for e in app.get("html") if "<table" in e.proto.body]
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", " ".join(found), flags=re.S))


def tab(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_probe_beside_zero_shot(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, probe = trained
    app = shown(PROBE, model=[POOR], data=[world.colours])
    assert not app.exception and app.title[0].value == "How much do labels add to frozen features?"
    assert [m.value for m in app.metric] == [percent(probe.test_acc1)]
    assert len(app.get("plotly_chart")) == 2
    zero = run_study(Engine(world.cache, world.data, in_process=False), ZeroShot, POOR, world.colours, probe.split)
    difference = compare(probe, zero)
    words = {True: "adds", False: "costs"}[difference.difference > 0] if difference.excludes_zero else "ties"
    assert f"Training on labels {words}" in said(app)
    for value in (probe.train_acc1, probe.test_acc1, zero.acc1):
        assert tab(percent(value)) in tab(tables(app))


def test_a_probe_does_not_wait_for_the_encoder(
    shown: Page, trained: tuple[World, ProbeResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, probe = trained

    def starting(self: ZeroShot, *_: object) -> object:
        raise EncoderWarming(self.place.model.name, 3.0)

    monkeypatch.setattr(ZeroShot, "run", starting)
    app = shown(PROBE, model=[POOR], data=[world.colours])
    assert not app.exception and app.metric[0].value == percent(probe.test_acc1)
    assert "Starting the text encoder" in said(app)


def test_what_a_probe_was_trained_on(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, probe = trained
    app = shown(PROBE, model=[POOR], data=[world.colours])
    app.session_state["open-trained"] = True
    told = app.run().table[0].value.astype(str).to_string().replace("\\", "")
    assert probe.train_key.fingerprint in told and f"{probe.n_train} images of colours, train split" in told


def test_a_probe_that_is_not_here_has_one_button(
    shown: Page, trained: tuple[World, ProbeResult], asked: list[str]
) -> None:
    app = shown(PROBE, model=[GOOD], data=[trained[0].colours])
    assert not app.metric and "Not here yet: a linear probe for colours with ViT-B/32 · OpenAI" in said(app)
    app.button(key="train-missing").click().run()
    assert asked == [f"probe/{GOOD}/{trained[0].colours}/test/plain"]


def test_features_of_unit_length_are_another_probe(
    shown: Page, trained: tuple[World, ProbeResult], asked: list[str]
) -> None:
    app = shown(PROBE, model=[POOR], data=[trained[0].colours], unit="true")
    assert app.toggle(key="unit").value and not app.metric
    app.button(key="train-missing").click().run()
    assert asked == [f"probe/{POOR}/{trained[0].colours}/test/unit"]
    app.toggle(key="unit").set_value(False).run()
    assert len(app.metric) == 1


def test_progress_is_told_and_can_be_stopped(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world = trained[0]
    table = JobTable(world.cache)
    job, _ = table.insert("probe", f"probe/{GOOD}/{world.colours}/test/plain", "Training a linear probe", {})
    table.begin(job.id)
    table.report(job.id, 4, 10, 0.5)
    app = shown(PROBE, model=[GOOD], data=[world.colours])
    assert "Training a linear probe: 40 % · 12 s left" in app.progress[0].text.replace("\\", "")
    assert not [b for b in app.button if b.key == "train-missing"]
    app.button(key=f"stop-{job.id}").click().run()
    assert table.get(job.id).state == "cancelled"


def test_a_set_without_a_training_split_says_so(shown: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Data, "splits", lambda self, dataset: ("test",))
    for page in (PROBE, ACCURACY):
        app = shown(page, model=[POOR], data=["eurosat"])
        assert not app.exception and not [b for b in app.button if b.key == "train-missing"]
        assert (page == ACCURACY) == bool(app.metric)
    assert "EuroSAT has no training split (there is: test)" in said(shown(PROBE, model=[POOR], data=["eurosat"]))


def test_the_training_split_is_not_tested_on(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    app = shown(PROBE, model=[POOR], data=[trained[0].colours], split="train")
    assert not app.exception


def test_the_demo_trains_by_itself_once(in_nothing: World, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(PROBE, data="demo-objects")
    mine = [key for key in asked if key.startswith("probe/")]
    assert not app.exception and mine == [
        f"probe/{m}/demo-objects/test/plain" for m in ("demo-vit/demo", "demo-rn/demo")
    ]
    app.run()
    assert [key for key in asked if key.startswith("probe/")] == mine and len(_tried()) == 2


# --- on the accuracy page ---------------------------------------------------------------------------------


def test_accuracy_shows_probes_where_they_are_and_offers_the_rest(
    shown: Page, trained: tuple[World, ProbeResult], asked: list[str]
) -> None:
    world, probe = trained
    app = shown(ACCURACY, model=[GOOD, POOR], data=[world.colours])
    told = tab(tables(app))
    assert not app.exception and tab(percent(probe.test_acc1)) in told and "not here yet" in told
    assert "Not here yet: a linear probe for colours with ViT-B/32 · OpenAI" in said(app)
    app.button(key="train-missing").click().run()
    assert asked == [f"probe/{GOOD}/{world.colours}/test/plain"]


def test_a_probes_bar_opens_how_the_probe_was_made(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, probe = trained
    app = shown(ACCURACY, model=[POOR], data=[world.colours], number=[POOR, world.colours, "probe"])
    assert not app.exception and "trained on" in said(app) and "Training accuracy" in said(app)
    assert any(f"{probe.n_train} images of colours, train split" in t.value.astype(str).to_string() for t in app.table)
    assert app.button(key="protocol-probe").label == "Validation curve"


def test_a_probe_that_is_not_here_opens_zero_shot(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, _ = trained
    app = shown(ACCURACY, model=[GOOD], data=[world.colours], number=[GOOD, world.colours, "probe"])
    assert not app.exception and "Zero-shot: an image belongs to" in said(app)


def test_the_decks_figures_stand_in_the_table_with_their_difference(page: Page, world: World) -> None:
    app = page(ACCURACY, data=["eurosat"], model=[GOOD])
    told = tab(tables(app))
    zero = run_study(Engine(world.cache, world.data, in_process=False), ZeroShot, GOOD, "eurosat")
    gap = f"{100 * (zero.acc1 - 0.3218):+.1f}".replace("-", "−")
    assert f"original study 32.2 % {gap}" in told
    low, high = zero.acc1_ci95
    outside = not low <= 0.3218 <= high
    assert (f"original study 32.2 % {gap} ≠" in told) == outside
    assert "original study 95.7 %" in told, "the original study's probe, where none is trained here"


def test_nothing_measured_still_shows_what_others_measured(page: Page) -> None:
    app = page(ACCURACY, data=["cifar100"], model=[GOOD])
    assert not app.exception and not app.metric
    told = tab(tables(app))
    assert "published 64.2 %" in told and "original study 73.2 %" in told and "not here yet" in told


# --- a probe as one side of a comparison ------------------------------------------------------------------


def test_a_probe_against_zero_shot_on_the_same_pictures(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, probe = trained
    app = shown(COMPARE, data=[world.colours], a=[f"probe:{POOR}"], b=[f"zero-shot:{POOR}"])
    zero = run_study(Engine(world.cache, world.data, in_process=False), ZeroShot, POOR, world.colours, probe.split)
    assert not app.exception
    assert [m.value for m in app.metric][:2] == [percent(probe.test_acc1), percent(zero.acc1)]
    labels = [m.label.replace("\\", "") for m in app.metric][:2]
    assert labels == ["ResNet-50 · OpenAI, linear probe", "ResNet-50 · OpenAI, zero-shot"]
    both = int((probe.correct & zero.correct).sum())
    assert tab(f"{both} {percent(both / probe.n)}") in tab(tables(app))


def test_a_picture_on_which_they_part_opens_with_both_answers(shown: Page, trained: tuple[World, ProbeResult]) -> None:
    world, probe = trained
    zero = run_study(Engine(world.cache, world.data, in_process=False), ZeroShot, POOR, world.colours, probe.split)
    parted = list(disagreements_frame(probe, zero)["id"])
    assert parted, "labels help the poor model on some images"
    app = shown(COMPARE, data=[world.colours], a=[f"probe:{POOR}"], b=[f"zero-shot:{POOR}"], parted=parted[0])
    words = said(app)
    assert not app.exception and f"colours · {probe.split} · {parted[0]}" in words
    assert "ResNet-50 · OpenAI, linear probe" in words and "ResNet-50 · OpenAI, zero-shot" in words
