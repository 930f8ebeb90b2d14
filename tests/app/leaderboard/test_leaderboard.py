"""The leaderboard: values of the studies, ties by pairs of images, filter, and what is left out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.stats.intervals import paired_difference
from core.studies.leaderboard.figures import BY_NAME, BoardScore
from core.studies.leaderboard.leaders import leader
from core.studies.zero_shot.study import ZeroShot
from core.tables.leaderboard import board_frame, leaders_frame
from core.words.accuracy import UNADJUSTED
from core.words.leaderboard import board_finding
from tests.app.making import said
from tests.conftest import GOOD, POOR, World

Page = Callable[..., AppTest]


def score(model: str, correct: list[int], dataset: str = "eurosat") -> BoardScore:
    right = np.array(correct, bool)
    value = float(right.mean())
    return BoardScore(
        model=model,
        dataset=dataset,
        split="test",
        n=len(right),
        classes=10,
        value=value,
        ci95=(value - 0.1, value + 0.1),
        correct=right,
    )


def test_the_board_has_the_figures_of_the_studies(page: Page, world: World) -> None:
    app = page("leaderboard")
    engine = Engine(world.cache, world.data, in_process=False)
    assert not app.exception
    table = app.dataframe[0].value.set_index("Model")
    for model, title in ((GOOD, "ViT-B/32 · OpenAI"), (POOR, "ResNet-50 · OpenAI")):
        acc1 = engine.run(ZeroShot.at(engine, model, "eurosat")).acc1
        assert table.loc[title, "EuroSAT"] == pytest.approx(100 * acc1)
    kept = [k for k in engine.results.keys() if k.startswith("score/")]  # noqa: SIM118 - not a dictionary
    assert len(kept) == 4
    again = BY_NAME["acc5"].of(engine, engine.place(GOOD, "eurosat"))
    assert again is not None and again.value == engine.run(ZeroShot.at(engine, GOOD, "eurosat")).acc5


def test_a_spoilt_record_is_made_again(page: Page, world: World) -> None:
    engine = Engine(world.cache, world.data, in_process=False)
    place = engine.place(GOOD, "eurosat")
    first = BY_NAME["acc1"].of(engine, place)
    key = next(k for k in engine.results.keys() if k.startswith("score/"))  # noqa: SIM118 - not a dictionary
    engine.results.put(key, {"n": 3, "ranks": "AAAA", "scores": {}})
    again = BY_NAME["acc1"].of(engine, place)
    assert first is not None and again is not None and (first.value, first.ci95) == (again.value, again.ci95)


def test_models_can_be_filtered_and_figures_chosen(page: Page) -> None:
    app = page("leaderboard")
    app.text_input(key="board-filter").set_value("resnet").run()
    assert list(app.dataframe[0].value["Model"]) == ["ResNet-50 · OpenAI"]
    app.text_input(key="board-filter").set_value("nothing like it").run()
    assert "clear the filter" in said(app) and not app.dataframe
    other = page("leaderboard", figure="probe_acc1")
    assert "Nothing has been measured for this figure yet" in said(other) and "Linear probe" in said(other)


def test_a_tie_is_what_the_paired_interval_says() -> None:
    rng = np.random.default_rng(5)
    best = (rng.random(400) < 0.8).astype(int)
    near, far = best.copy(), best.copy()
    near[np.flatnonzero(best)[:3]] = 0
    far[np.flatnonzero(best)[:60]] = 0
    scores = [score("c", list(far)), score("a", list(best)), score("b", list(near))]
    found = leader(scores)
    assert found.best is scores[1] and found.paired and found.compared == 2
    slow = [s.model for s in scores if s is not found.best and paired_difference(best > 0, s.correct).ci95[0] <= 0]  # type: ignore[arg-type]
    assert list(found.tied) == slow == ["b"]
    unpaired = leader([scores[1], score("d", list(best[:100]))])
    assert not unpaired.paired and unpaired.tied == ("d",), "two intervals that overlap"


def test_a_mean_is_only_shown_where_every_set_is_measured() -> None:
    board = {
        ("ViT-B-32/openai", "eurosat"): score("ViT-B-32/openai", [1, 1, 0, 0]),
        ("ViT-B-32/openai", "food101"): score("ViT-B-32/openai", [1, 1, 1, 1], "food101"),
        ("RN50/openai", "eurosat"): score("RN50/openai", [1, 0, 0, 0]),
    }
    frame = board_frame(board, ["ViT-B-32/openai", "RN50/openai"], ["eurosat", "food101"])
    assert frame["mean"][0] == 0.75 and np.isnan(frame["mean"][1]) and list(frame["measured"]) == [2, 1]
    leaders = leaders_frame(board, ["eurosat", "food101"])
    assert list(leaders["models"]) == [2, 1] and list(leaders["tied"]) == [1, 0]
    assert board_finding(leaders).code == "all_tied" and board_finding(leaders[:0]).code == "nothing"
    clear = leaders.assign(tied=0)
    assert UNADJUSTED not in board_finding(leaders), "a single comparison has nothing to be adjusted for"
    assert UNADJUSTED not in board_finding(leaders[:1]) and UNADJUSTED in board_finding(leaders[:1].assign(models=3))
    assert board_finding(clear).code == "several_lead" and board_finding(clear[:1]).code == "one_leads"


def test_a_damaged_entry_is_named_and_not_dropped_in_silence(
    page: Page, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(world.cache, tmp_path / "cache", ignore=shutil.ignore_patterns("*.sock", "encoder*"))
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    spoilt = next((tmp_path / "cache" / "embeddings").glob("*/eurosat-*/*/manifest.json"))
    spoilt.write_text("{", encoding="utf-8")
    st.cache_resource.clear()
    app = page("leaderboard")
    assert not app.exception and "1 result left out, and why" in [e.label for e in app.expander]
    assert f"{spoilt.parents[2].name}, {spoilt.parents[1].name}: the stored embedding is damaged" in said(app)
    assert str(tmp_path) not in said(app)
