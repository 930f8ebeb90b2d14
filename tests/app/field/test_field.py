"""The page The field: what it shows of the published figures, its limits, and what was measured here."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

import pages.field.own
from core.catalog.field import accuracy, checkpoints, field_sets, find_set
from core.studies.field.own import OwnFigure
from tests.app.making import open_page, said

HERE = "field"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """CIFAR-100 and Food-101 of one model, one of them far too low."""
    figures = tuple(
        OwnFigure(
            model="ViT-B-32/openai",
            dataset=name,
            split="test",
            field_set=find_set(name),
            value=value,
            ci95=(value - 0.01, value + 0.01),
            n=10_000,
        )
        for name, value in (("cifar100", 0.642), ("food101", 0.12))
    )
    monkeypatch.setattr(pages.field.own, "own_figures", lambda lab, pairs: (figures, ("a model: no templates",)))
    yield


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_it_opens_with_an_answer_and_a_chart_of_every_checkpoint(page) -> None:
    app = page(HERE)
    assert not app.exception and charts(app) == 1
    assert "Of 117 published checkpoints, ViT-H/14-378-quickgelu · DFN is best on all 38 data sets: 70.8" in said(app)
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert {mark[0] for trace in traces for mark in trace.get("customdata", [])} == {m.name for m in checkpoints()}


def test_an_empty_machine_has_the_field_too(in_nothing) -> None:
    app = open_page(HERE)
    assert not app.exception and charts(app) == 1
    assert "Nothing that the field knows was measured here yet" in said(app)


def test_the_table_has_every_published_figure(page) -> None:
    app = page(HERE, view="table")
    frame = app.dataframe[0].value
    assert frame.shape[0] == 121 and set(frame.columns) >= {each.title for each in field_sets()}
    column = sorted(frame["CIFAR-100"] / 100)
    at = [each.short for each in field_sets()].index("cifar100")
    assert column == pytest.approx(sorted(accuracy()[:, at]))


@pytest.mark.parametrize("view", ["line", "alike", "robust"])
def test_the_other_views_draw_a_chart(page, view: str) -> None:
    app = page(HERE, view=view)
    assert not app.exception and charts(app) == 1


def test_every_cell_of_the_map_leads_to_its_two_data_sets(page) -> None:
    traces = json.loads(page(HERE, view="alike").get("plotly_chart")[0].proto.spec)["data"]
    names = [each.name for each in field_sets()]
    led = {tuple(pair) for trace in traces for pair in trace.get("customdata", [])}
    assert led == {(x, y) for x in names for y in names}


def test_limits_change_the_answer(page) -> None:
    app = page(HERE, sets="satellite", size="200", commercial="yes")
    assert "Of 33 checkpoints" in said(app) or "checkpoints with at most 200 million parameters" in said(app)
    assert "the 3 satellite data sets" in said(app)


def test_a_limit_that_nobody_fits_says_the_smallest(page) -> None:
    app = page(HERE, size="50")
    assert not app.exception and "the smallest that fits otherwise is RN50/openai" in said(app) and not charts(app)


def test_two_equal_sets_are_no_comparison(page) -> None:
    app = page(HERE, view="line", x="cars", y="cars")
    assert "Choose two different data sets." in said(app) and not charts(app)


def test_what_was_measured_here_is_placed_and_a_wrong_figure_is_said(page, measured) -> None:
    app = page(HERE)
    rows = app.dataframe[-1].value
    by_set = dict(zip(rows["Data set"], rows["What to expect"], strict=True))
    assert "is one of these" in by_set["CIFAR-100"] and "is below that" in by_set["Food-101"]
    assert "a model: no templates" in said(app)


def test_what_was_measured_is_in_the_charts(page, measured) -> None:
    for choices in ({"sets": "cifar100"}, {"view": "line", "x": "cifar100", "y": "food101"}):
        spec = page(HERE, **choices).get("plotly_chart")[0].proto.spec
        assert "measured here" in spec


def test_choices_that_make_no_sense_are_said(page) -> None:
    app = page(
        HERE,
        sets="mars",
        view="sideways",
        size="-4",
        families=["Nobody"],
        cost="money",
        x="moon",
        mark="hers",
        card="his",
    )
    words = said(app)
    assert not app.exception
    for name in ("sets", "view", "size", "families", "cost", "mark", "card"):
        assert f"“{name}” in the address is" in words


def test_a_card_says_what_a_checkpoint_is_and_its_figures_beside_the_expected(page, measured) -> None:
    app = page(HERE, card="ViT-B-32/openai")
    words = said(app)
    assert "ViT-B-32/openai" in words and "license: MIT" in words and "by its mean accuracy" in words
    frame = next(each.value for each in app.dataframe if "Published" in each.value.columns)
    assert len(frame) == 50
    row = frame.set_index("Data set").loc["Food-101"]
    at = [each.short for each in field_sets()].index("food101")
    mine = [each.name for each in checkpoints()].index("ViT-B-32/openai")
    assert row["Published"] == pytest.approx(100 * accuracy()[mine, at]) and row["Here"] == pytest.approx(12.0)


def test_a_highlighted_checkpoint_has_a_ring_and_leads_the_tables(page) -> None:
    spec = json.loads(page(HERE, mark="RN50/openai").get("plotly_chart")[0].proto.spec)
    (ring,) = [trace for trace in spec["data"] if trace.get("name") == "highlighted"]
    assert ring["customdata"] == [["RN50/openai"]]
    assert any("ResNet-50" in (note["text"] or "") for note in spec["layout"]["annotations"])
    assert page(HERE, view="table", mark="RN50/openai").dataframe[0].value["Model"].iloc[0].startswith("ResNet-50")


def test_nothing_is_highlighted_unless_asked_for(page) -> None:
    spec = json.loads(page(HERE).get("plotly_chart")[0].proto.spec)
    assert not [trace for trace in spec["data"] if trace.get("name") == "highlighted"]


def test_robustness_is_a_chart_a_sentence_and_a_table(page) -> None:
    app = page(HERE, view="robust")
    assert not app.exception and charts(app) == 1 and "is most robust" in said(app)
    assert app.dataframe[0].value.shape[0] == 117


def test_recalls_can_be_chosen_as_data_sets(page) -> None:
    app = page(HERE, view="table", sets="retrieval")
    assert "the 12 retrieval recalls" in said(app)
    frame = app.dataframe[0].value
    assert "Flickr30k, caption to image, recall@1" in frame.columns
    assert charts(page(HERE, view="line", x="imagenet1k", y="mscoco_captions/text_retrieval_recall@1")) == 1
