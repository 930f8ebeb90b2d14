"""The accuracy page: choices, answers, prompts, what is missing, and addresses that make no sense."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.errors import EncoderWarming
from core.jobs.jobs import Jobs
from core.stats.numbers import percent
from core.studies.zero_shot.study import ZeroShot
from tests.app.making import said, unescaped
from tests.conftest import GOOD, POOR, World
from tests.fakes import FakeEncoder
from tests.worlds import run_study

Page = Callable[..., AppTest]
HERE = "classification/accuracy"


def engine_of(world: World) -> Engine:
    return Engine(world.cache, world.data, in_process=False)


def test_it_opens_with_what_is_cached(page: Page, world: World) -> None:
    app, engine = page(HERE), engine_of(world)
    assert not app.exception and app.title[0].value == "How well does it label images?"
    assert app.multiselect(key="shown-model").value == [GOOD, POOR]
    assert app.multiselect(key="shown-data").value == ["eurosat", world.colours]
    assert [m.value for m in app.metric] == [
        percent(engine.run(ZeroShot.at(engine, m, "eurosat")).acc1) for m in (GOOD, POOR)
    ]
    assert len(app.get("plotly_chart")) == 2 and len(all_figures(app)) == 4


def all_figures(app: AppTest) -> pd.DataFrame:
    """The table of every zero-shot figure, after opening what it is folded into."""
    app.session_state["open-accuracy"] = True
    return app.run().dataframe[0].value


def test_published_and_deck_figures_stand_beside_the_measured(page: Page) -> None:
    row = all_figures(page(HERE)).iloc[0]
    assert row["published_acc1"] == pytest.approx(50.44, abs=0.5) and row["deck_acc1"] == pytest.approx(32.18)


def test_the_finding_is_paired_and_changes_with_the_data(page: Page, world: World) -> None:
    one = page(HERE, data=[world.colours])
    other = page(HERE, data=[world.colours], model=[GOOD])
    assert "is ahead by" in said(one) or "o clear difference" in said(one)
    assert "classifies 100.0\u00a0% of colours correctly" in said(other)


def test_a_link_chooses_by_exact_names(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], templates="deck", classnames="raw")
    result = run_study(engine_of(world), ZeroShot, POOR, world.colours, prompt_set="deck", classnames="raw")
    assert app.metric[0].value == percent(result.acc1)
    assert "7 templates · raw names" in unescaped(app.caption[0].value)


def test_choosing_another_model_changes_the_answer(page: Page) -> None:
    app = page(HERE)
    app.multiselect(key="shown-model").set_value([POOR]).run()
    assert app.session_state["model"] == [POOR] and len(app.metric) == 1
    assert "ResNet-50" in unescaped(app.metric[0].label)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"model": ["ViT-B-32/opnai"]}, "did you mean"),
        ({"data": ["eurosatt"]}, "did you mean"),
        ({"templates": "fotos"}, "not “fotos”; each data set's own prompts are used"),
        ({"template": ["a photo without a place"]}, "exactly one {}"),
        ({"data": ["folder:/etc"]}, "is read only from the data folder"),
        ({"data": ["folder:../../etc"]}, "is read only from the data folder"),
        ({"model": ["file:/etc/passwd,/etc/shadow"]}, "is read only from the data folder"),
    ],
)
def test_a_choice_that_makes_no_sense_is_told_and_left_out(
    page: Page, choices: dict[str, object], sentence: str
) -> None:
    app = page(HERE, **choices)
    assert not app.exception and sentence in said(app)
    if "model" in choices or "data" in choices:
        assert not app.metric and "is not available here." in app.warning[0].value
    else:
        assert len(app.metric) == 2


def test_nonsense_of_any_kind_breaks_nothing(page: Page) -> None:
    app = page(HERE, model=["x" * 5000, "<b>", ""], data="%00", split="nowhere", classnames="../x", foo="1")
    assert not app.exception and not app.metric


def test_own_templates_wait_for_the_encoder_and_then_answer(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starting(self: WarmEncoder, model: str, texts: list[str], progress: object = None) -> object:
        raise EncoderWarming(model, 3.0)

    monkeypatch.setattr(WarmEncoder, "encode_texts", starting)
    choices = {"model": [GOOD], "data": [world.colours], "template": ["a {} square, nothing else"]}
    app = page(HERE, **choices)
    assert not app.exception and "Starting the text encoder" in said(app) and not app.metric
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, m, texts: FakeEncoder(m).encode_texts(texts))
    app.run()
    assert app.metric[0].value == "100.0\u00a0%"


def test_what_is_told_of_a_choice_stands_under_its_row(page: Page) -> None:
    app = page(HERE, model=["ViT-B-32/opnai", GOOD], data=["eurosatt", "eurosat"], classnames="none")
    told = [line for line in said(app).splitlines() if "did you mean" in line or "in the address is" in line]
    assert len(told) == 3
    in_columns = [unescaped(c.value) for column in app.columns for c in (*column.caption, *column.warning)]
    assert not [line for line in told if line in in_columns], "a row of choices would jump"


def test_templates_are_typed_one_a_line(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, m, texts: FakeEncoder(m).encode_texts(texts))
    app = page(HERE)
    app.text_area(key="shown-template").set_value("a {}\n\n  the {}  \n")
    next(b for b in app.button if b.label == "Use these").click().run()
    assert app.session_state["template"] == ["a {}", "the {}"]
    assert "2 templates" in unescaped(app.caption[0].value)
    app.selectbox(key="shown-templates").set_value("photo").run()
    assert app.session_state["template"] == [] and app.session_state["templates"] == ["photo"]


def test_what_is_missing_has_one_button(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Jobs, "submit", lambda self, kind, key, title, params: asked.append(key))
    app = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert not app.metric and "Not embedded yet" in said(app)
    app.button(key="embed-missing").click().run()
    assert asked == [f"embed/demo-rn/demo/{world.colours}/all"]


def test_a_model_that_is_not_here_says_what_it_needs_beside_one_button(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(Jobs, "submit", lambda self, kind, key, title, params: asked.append(key))
    app = page(HERE, model=["ViT-B-16/openai"], data=[world.colours])
    assert "351 MB" in said(app) and "MIT" in said(app)
    app.button(key="embed-missing").click().run()
    assert asked == [f"embed/ViT-B-16/openai/{world.colours}/all"]
    ready = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert "MB" not in said(ready), "nothing is to be downloaded"


def test_a_model_out_of_reach_leads_to_where_weights_are_brought(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[tuple[str, dict[str, object]]]()
    monkeypatch.setattr("pages.shared.navigation.open_page", lambda page, **first: opened.append((page, first)))
    app = page(HERE, model=["ViT-B-16-SigLIP2/webli"], data=[world.colours])  # the hub is out of reach in tests
    assert "is not on this machine" in said(app) and not [b for b in app.button if b.key == "embed-missing"]
    app.button(key="to-data-and-models").click().run()
    ((where, first),) = opened
    assert where == "pages/data_and_models/page.py"
    assert (list(first["embed_model"]), list(first["embed_data"])) == (["ViT-B-16-SigLIP2/webli"], [world.colours])  # type: ignore[call-overload]


def test_data_that_is_not_here_says_where_it_comes_from(page: Page) -> None:
    app = page(HERE, data=["cifar100"], model=[GOOD])
    assert not app.exception and not app.metric
    assert "CIFAR-100 is not on this machine" in said(app) and "Data & models" in said(app)
    assert not [b for b in app.button if b.key == "embed-missing"]


def test_each_number_opens_how_it_was_made(page: Page, world: World) -> None:
    app = page(HERE, number=[GOOD, "eurosat"])
    words = said(app)
    assert "highest cosine" in words and "The original study" in words and "Published" in words
    assert app.code[0].value.splitlines() == list(run_study(engine_of(world), ZeroShot, GOOD, "eurosat").templates)


def test_a_number_of_own_data_is_found_by_its_absolute_path(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours], number=[GOOD, f"folder:{world.data / 'colours'}"])
    assert not app.exception and "no number is explained" not in said(app)
    assert "Zero-shot: an image belongs to" in said(app)
