"""The few-shot page: the study where it is here, the button where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.embedding.run import embed
from core.engine import Engine
from core.jobs.jobs import Jobs
from core.readers import open_dataset
from core.stats.numbers import percent
from core.store import Store, TextStore
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS
from core.studies.few_shot.result import FewShotResult
from core.studies.few_shot.study import FewShot
from core.types import Job
from tests.app.making import open_page, pages_of, said
from tests.conftest import GOOD, World
from tests.fakes import FakeEncoder
from tests.worlds import fill_colours

Page = Callable[..., AppTest]
HERE = "classification/few_shot"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, FewShotResult]:
    """The world of the other tests with both halves embedded, and one study done."""
    root: Path = tmp_path_factory.mktemp("few")
    world = World(root / "cache", root / "data", root / "home")
    fill_colours(world)
    for split in ("train", "test"):
        rows = open_dataset(world.colours, split, world.data, world.cache)
        embed(FakeEncoder(GOOD), rows, Store(world.cache), TextStore(world.cache), memo_dir=world.cache / "digests")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment.items():
            patch.setenv(name, value)
        engine = Engine(world.cache, world.data, in_process=False)
        return world, engine.run(FewShot.at(engine, GOOD, world.colours, shots=SHOTS, methods=METHODS, seeds=SEEDS))


@pytest.fixture
def shown(trained: tuple[World, FewShotResult], monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    yield from pages_of(trained[0], monkeypatch)


def points_table(app: AppTest) -> pd.DataFrame:
    """Every point, which is one press away."""
    app.session_state["open-points"] = True
    return app.run().dataframe[0].value


def test_the_curves_and_the_spread(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    world, study = trained
    app = shown(HERE, model=[GOOD], data=[world.colours])
    assert not app.exception and len(app.get("plotly_chart")) == 1
    assert percent(study.point("tip-f", 16).acc1_mean) in [m.value for m in app.metric] or percent(
        study.zero_shot.acc1
    ) in [m.value for m in app.metric]
    table = points_table(app)
    assert len(table) == len(study.points) and {"acc1_mean", "acc1_std", "settings"} <= set(table.columns)
    point = study.point("tip-f", 4)
    row = table[(table["method_title"] == "Tip-Adapter-F") & (table["shots"] == 4)].iloc[0]
    assert row["acc1_mean"] == pytest.approx(100 * point.acc1_mean)


def test_fewer_methods_show_fewer_rows(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    app = shown(HERE, model=[GOOD], data=[trained[0].colours], method=["tip"])
    table = points_table(app)
    assert not app.exception and set(table["method_title"]) == {"zero-shot", "Tip-Adapter"}


def test_what_is_missing_has_one_button(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    app = shown(HERE, model=[GOOD], data=[trained[0].colours], seeds="7")
    assert not app.exception and "Not here yet: a few-shot study" in said(app)
    assert [b.label for b in app.button if b.label == "Train"] == ["Train"]


@pytest.mark.parametrize("seeds", ["9999", "0", "-3", "2.5", "many", "²"])
def test_a_number_of_draws_that_cannot_be_is_one_sentence(
    shown: Page, trained: tuple[World, FewShotResult], seeds: str
) -> None:
    app = shown(HERE, model=[GOOD], data=[trained[0].colours], seeds=seeds)
    sentence = f"“seeds” in the address is a number of draws from 1 to 10, not “{seeds}”; {SEEDS} is used instead."
    assert not app.exception and said(app).count(sentence) == 1
    assert app.number_input(key="shown-seeds").value == SEEDS and app.metric


def test_a_method_that_is_none_is_left_out(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    app = shown(HERE, model=[GOOD], data=[trained[0].colours], method=["tip", "knn"])
    assert not app.exception and "“method” in the address is one of probe, tip and tip-f, not “knn”; it is" in said(app)
    assert set(points_table(app)["method_title"]) == {"zero-shot", "Tip-Adapter"}


def test_the_number_of_draws_goes_into_the_address(shown: Page, trained: tuple[World, FewShotResult]) -> None:
    app = shown(HERE, model=[GOOD], data=[trained[0].colours])
    assert not app.session_state["seeds"]
    app.number_input(key="shown-seeds").set_value(2).run()
    assert app.session_state["seeds"] == ["2"] and not app.exception
    assert points_table(app)["draws"].max() == 2


def test_the_demos_study_is_handed_in_while_the_demo_is_prepared(
    in_nothing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()
    now = Job(
        id="1",
        kind="prepare-demo",
        key="prepare-demo",
        title="Preparing the demo",
        state="running",
        done=1,
        total=9,
        rate=0.0,
        message="",
        params={},
        created=0.0,
        updated=0.0,
    )
    monkeypatch.setattr(Jobs, "latest", lambda self, key: now if key == now.key else None)
    monkeypatch.setattr(Jobs, "submit", lambda self, kind, key, *_: asked.append(kind))
    app = open_page(HERE)
    assert not app.exception and asked.count("fewshot") == 2
    app.run()
    assert asked.count("fewshot") == 2


def test_a_set_that_cannot_train_says_so(shown: Page) -> None:
    app = shown(HERE, model=[GOOD], data=["imagenet_mini"])
    assert not app.exception and not app.metric and app.info
