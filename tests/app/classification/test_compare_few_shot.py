"""A few-shot method as a side of the compare page: its answers, what one draw is worth, and wrong addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.jobs.jobs import Jobs
from core.stats.numbers import percent
from core.studies.answered import compare
from core.studies.few_shot.result import FewShotResult
from core.studies.few_shot.study import FewShot, SingleDraw
from core.tables.compare import disagreements_frame
from tests import worlds
from tests.app.making import pages_of, said
from tests.conftest import POOR, World

Page = Callable[..., AppTest]
HERE = "classification/compare"
K = 2


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, FewShotResult]:
    """Both halves embedded, and the poor model's study with two numbers of pictures a class."""
    world, _ = worlds.trained_world(tmp_path_factory.mktemp("drawn"))
    engine = Engine(world.cache, world.data, in_process=False)
    return world, engine.run(FewShot.at(engine, POOR, world.colours, shots=[1, K]))


@pytest.fixture
def shown(trained: tuple[World, FewShotResult], monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    yield from pages_of(trained[0], monkeypatch)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The jobs that are handed in, none of which runs."""
    jobs = list[tuple[Any, ...]]()
    monkeypatch.setattr(Jobs, "submit", lambda self, *job: jobs.append(job))
    return jobs


def value(app: AppTest) -> list[str]:
    return [m.value for m in app.metric]


@pytest.mark.parametrize("name", ["few-shot-probe", "tip", "tip-f"])
@pytest.mark.parametrize("seed", [0, 2])
def test_a_draw_against_zero_shot(
    shown: Page, trained: tuple[World, FewShotResult], asked: list[tuple[Any, ...]], name: str, seed: int
) -> None:
    world, study = trained
    method = "probe" if name == "few-shot-probe" else name
    app = shown(HERE, data=[world.colours], a=[f"{name}/{K}/{seed}:{POOR}"], b=[f"zero-shot:{POOR}"])
    assert not app.exception and not asked, "the study has kept the answers"
    point = study.point(method, K)
    assert value(app)[:2] == [percent(point.acc1[seed]), percent(study.zero_shot.acc1)]
    words = said(app)
    assert f"is a single draw (seed {seed}), which is weak evidence" in words
    assert f"the mean is {percent(point.acc1_mean)} ± {100 * point.acc1_std:.1f} points over 3 draws" in words
    moves = [100 * (acc - study.zero_shot.acc1) for acc in point.acc1]
    ends = f"from {min(moves):+.1f} to {max(moves):+.1f}\u00a0point".replace("-", "−")
    assert ends in words and "McNemar" in words


def test_the_pictures_on_which_a_draw_and_zero_shot_part(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    world, study = trained
    engine = Engine(world.cache, world.data, in_process=False)
    draw = engine.kept(SingleDraw.at(engine, POOR, world.colours, method="tip-f", shots=K, seed=1))
    assert draw is not None
    zero = study.zero_shot
    parted = list(disagreements_frame(draw, zero)["id"])
    assert parted
    sides = {"a": [f"tip-f/{K}/1:{POOR}"], "b": [f"zero-shot:{POOR}"]}
    app = shown(HERE, data=[world.colours], **sides, parted=parted[0])
    words = said(app)
    assert not app.exception and f"{draw.split} · {parted[0]}" in words
    assert f"ResNet-50 · OpenAI, Tip-Adapter-F, {K} per class" in words
    found = compare(draw, zero)
    assert f"{found.n_only_a} image" in words and f"{found.n_only_b} image" in words
    app.session_state["open-calibration"] = True
    assert "softmax of cosine × 50, the model’s own logit scale, plus" in said(app.run())


def test_two_draws_are_told_apart_by_their_seed(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    world, study = trained
    app = shown(HERE, data=[world.colours], a=[f"tip/{K}/0:{POOR}"], b=[f"tip/{K}/1:{POOR}"])
    assert not app.exception and value(app)[:2] == [percent(acc) for acc in study.point("tip", K).acc1[:2]]
    assert {"seed 0", "seed 1"} == {m.label.rsplit(", ")[-1] for m in app.metric[:2]}
    assert "the difference goes from" not in said(app)


def test_a_change_of_the_draw_goes_into_the_address(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    world, _ = trained
    app = shown(HERE, data=[world.colours], a=[f"tip/{K}/0:{POOR}"], b=[f"zero-shot:{POOR}", "deck"])
    app.selectbox(key="shown-a-shots").set_value("1").run()
    assert app.session_state["a"] == [f"tip/1/0:{POOR}"]
    app.number_input(key="shown-a-seed").set_value(2).run()
    assert app.session_state["a"] == [f"tip/1/2:{POOR}"]
    app.selectbox(key="shown-a-method").set_value("zero-shot").run()
    assert app.session_state["a"] == [f"zero-shot:{POOR}"]
    app.selectbox(key="shown-b-method").set_value("tip-f").run()
    assert app.session_state["b"] == [f"tip-f/16/0:{POOR}", "deck"], "prompts stay where they have a part"
    app.selectbox(key="shown-b-method").set_value("few-shot-probe").run()
    assert app.session_state["b"] == [f"few-shot-probe/16/0:{POOR}"] and not app.exception


def test_a_draw_that_is_not_kept_is_offered_once(
    shown: Page, trained: tuple[World, FewShotResult], asked: list[tuple[Any, ...]]
) -> None:
    world, _ = trained
    sides = {"a": [f"tip/{K}/9:{POOR}"], "b": [f"tip/{K}/9:{POOR}"]}
    app = shown(HERE, data=[world.colours], **sides)
    assert not app.exception and not app.metric and "Not here yet: a few-shot classifier" in said(app)
    buttons = [b for b in app.button if b.label == "Train"]
    assert len(buttons) == 1
    buttons[0].click().run()
    assert [job[0] for job in asked] == ["fewshot-draw"] and asked[0][3]["seed"] == 9


def test_all_draws_are_a_click_away(
    shown: Page, trained: tuple[World, FewShotResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = trained
    app = shown(HERE, data=[world.colours], a=[f"zero-shot:{POOR}"], b=[f"tip/{K}/0:{POOR}"])
    gone = list[str]()
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: gone.append(page))
    app.button(key="to-few-shot").click().run()
    assert not app.exception and gone == ["pages/classification/few_shot/page.py"]
    assert app.session_state["model"] == [POOR] and app.session_state["data"] == [world.colours]
    assert app.session_state["a"] == app.session_state["b"] == []


@pytest.mark.parametrize(
    ("a", "sentence"),
    [
        ("tipf/2/0", r"No method is called 'tipf/2/0'; did you mean"),
        ("probe/2/0", r"No method is called 'probe/2/0'"),
        (
            "tip/none/0",
            r"“a” in the address is a few-shot method with a whole number of images per class.*, not “none”; 16",
        ),
        ("tip/0/0", r"a whole number of images per class.*, not “0”"),
        (
            "tip/2/9999",
            r"“a” in the address is a few-shot method with a seed from 0 to 99.*, not “9999”; seed 0 is used",
        ),
        ("tip/2/-1", r"from 0 to 99.*, not “-1”"),
        ("tip/2/0/7", r"from 0 to 99.*, not “0/7”"),
        ("tip/999/0", r"has at most \d+ images per class to learn from, so 999 per class cannot be drawn"),
    ],
)
def test_a_wrong_draw_in_the_address_is_one_sentence(
    shown: Page, trained: tuple[World, FewShotResult], asked: list[tuple[Any, ...]], a: str, sentence: str
) -> None:
    app = shown(HERE, data=[trained[0].colours], a=[f"{a}:{POOR}"], b=[f"zero-shot:{POOR}"])
    assert not app.exception and len(re.findall(sentence, said(app))) == 1


def test_a_set_without_a_training_split_says_so(shown: Page) -> None:
    app = shown(HERE, data=["imagenet_mini"], a=[f"tip/1/0:{POOR}"], b=[f"zero-shot:{POOR}"])
    assert not app.exception and not app.metric and app.info
