"""Charts of the prompt, picture and retrieval studies: marks at their values, whole in both themes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.charts import class_templates, prompt_search
from core.charts import pictures as picture_charts
from core.charts import prompts as prompt_charts
from core.charts import retrieval as retrieval_charts
from core.charts.compare import difference_chart
from core.charts.palette import model_color
from core.charts.theme import TITLE_WIDTH, Chart, look
from core.studies.captions import breakdown as retrieval_reading
from core.studies.pictures import lists
from core.tables import pictures, prompts, retrieval
from tests.study_results import (
    DECK,
    captioned,
    sample_caption,
    sample_list,
    sample_prompt_study,
    sample_retrieval,
    sample_search,
    sample_words,
)

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"
Make = Callable[..., Chart]
NAMES = [
    "templates",
    "classes",
    "search",
    "moved",
    "scores",
    "words",
    "recalls",
    "curve",
    "ranks",
    "bands",
    "word ranks",
    "difference",
]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    studies = [sample_prompt_study(OPENAI), sample_prompt_study(LAION, skill=0.6, seed=3)]
    (a, gallery_a), (b, gallery_b) = sample_list(OPENAI), sample_list(LAION, seed=4)
    results = [sample_retrieval(OPENAI), sample_retrieval(LAION, noise=2.0)]
    bands = {r.model: retrieval_reading.by_length(r, captioned(r.model).captions) for r in results}
    return {
        "templates": prompts.templates_frame(studies),
        "classes": prompts.class_templates_frame(studies[0]),
        "path": prompts.path_frame(sample_search()),
        "verdicts": prompts.verdict_frame(sample_search()),
        "moved": pictures.moved_frame(lists.compare(a, gallery_a, b, gallery_b)),
        "scores": pictures.spread_frame([a, b]),
        "words": pictures.words_frame([sample_words(OPENAI), sample_words(LAION, n=1)]),
        "recalls": retrieval.recalls_frame(results),
        "curve": retrieval.curve_frame(results),
        "ranks": retrieval.histogram_frame(results),
        "bands": retrieval.bands_frame(bands),
        "word ranks": retrieval.word_ranks_frame([sample_caption(OPENAI), sample_caption(LAION)]),
        "difference": retrieval.retrieval_difference_frame(retrieval_reading.compare(*results), "coco"),
    }


@pytest.fixture(scope="module")
def every(frames: dict[str, pd.DataFrame]) -> dict[str, Make]:
    """Each chart as a function of its theme and scale, drawn once; tests only read it."""
    plain: dict[str, Make] = {
        "templates": prompt_charts.templates_chart,
        "classes": class_templates.class_templates_chart,
        "moved": picture_charts.moved_chart,
        "scores": picture_charts.spread_chart,
        "words": picture_charts.words_chart,
        "recalls": retrieval_charts.recalls_chart,
        "curve": retrieval_charts.recall_curve_chart,
        "ranks": retrieval_charts.rank_histogram_chart,
        "word ranks": retrieval_charts.word_ranks_chart,
        "difference": difference_chart,
    }
    made: dict[str, Make] = {name: partial(draw, frames[name]) for name, draw in plain.items()}
    made["search"] = lambda **o: prompt_search.search_path_chart(frames["path"], frames["verdicts"], **o)
    made["bands"] = lambda **o: retrieval_charts.bands_chart(
        frames["bands"], axis="Words in the caption", title="Do long captions do better?", **o
    )
    return {name: cache(draw) for name, draw in made.items()}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_whole_in_both_themes_and_sizes(
    every: dict[str, Make], name: str, theme: str, scale: float
) -> None:
    chart, style = every[name](theme=theme, scale=scale), look(theme, scale)  # type: ignore[arg-type]
    layout = chart.figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == style.background
    for axis in (*chart.figure.select_xaxes(), *chart.figure.select_yaxes()):
        assert axis.tickfont.color == style.text and axis.tickfont.size >= 12 * scale
    assert len(chart.alt) > 20 and chart.alt.endswith(".") and "nan" not in chart.alt
    assert len(chart.frame) and chart.csv().decode().splitlines()[0] == ",".join(chart.frame.columns)
    assert json.loads(chart.figure.to_json())["data"] and "http" not in chart.figure.to_json()


@pytest.mark.parametrize("name", NAMES)
def test_titles_are_sentences_that_fit_a_narrow_screen(every: dict[str, Make], name: str) -> None:
    chart = every[name]()
    lines = re.sub(r"<span.*", "", chart.figure.layout.title.text).split("<br>")
    assert all(len(line) <= TITLE_WIDTH for line in lines)
    assert not re.search(r"bar chart|heat ?map|plot", chart.title, re.IGNORECASE)
    assert every[name](title="Another finding").title == "Another finding" if name != "bands" else True


def marks(chart: Chart, model: str) -> list[Any]:
    """Traces whose marks belong to a model."""
    return [
        t for t in chart.figure.data if t.customdata is not None and len(t.customdata) and t.customdata[0][0] == model
    ]


def test_template_marks_stand_at_their_accuracies_with_intervals(
    every: dict[str, Make], frames: dict[str, pd.DataFrame]
) -> None:
    chart, frame = every["templates"](), frames["templates"]
    for model in (OPENAI, LAION):
        (trace,) = marks(chart, model)
        rows = frame[frame["model"] == model]
        np.testing.assert_allclose(trace.x, rows["acc1"])
        np.testing.assert_allclose(np.add(trace.x, trace.error_x.array), rows["acc1_high"])
        assert trace.marker.line.color == model_color(model)
    deck = [t for t in chart.figure.data if t.name == "the original study"]
    assert deck[0].x.tolist() == [0.6171, 0.5891, 0.5515]
    assert chart.figure.layout.xaxis.range[0] == 0
    best = prompt_charts.templates_chart(frame, order="best")
    shown = [re.sub("<br>", " ", t) for t in best.figure.layout.yaxis.ticktext]
    order = frame[~frame["ensemble"]].groupby("template")["acc1"].max().sort_values(ascending=False)
    assert shown[0].startswith(order.index[0][:10]) and shown[-1] == "all together"


def test_chance_is_drawn_wherever_templates_are(every: dict[str, Make]) -> None:
    figure = every["templates"]().figure
    assert 0.1 in {shape.x0 for shape in figure.layout.shapes} and "chance" in {t.name for t in figure.data}


def test_many_models_are_named_at_their_marks() -> None:
    names = [OPENAI, LAION, *(f"file:/r/v.json,/r/{name}.pt" for name in ("one", "two", "three"))]
    chart = prompt_charts.templates_chart(prompts.templates_frame([sample_prompt_study(name) for name in names]))
    axis = chart.figure.layout.yaxis
    named = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    for trace in (t for name in names for t in marks(chart, name)):
        assert {named[place] for place in trace.y} == {trace.name} and trace.showlegend is False
    recalls = retrieval_charts.recalls_chart(retrieval.recalls_frame([sample_retrieval(name) for name in names]))
    axis = recalls.figure.layout.yaxis
    named = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    for bar in (t for t in recalls.figure.data if t.type == "bar"):
        assert {named[place] for place in bar.y} == {bar.name} and bar.orientation == "h"
    ranks = retrieval_charts.rank_histogram_chart(retrieval.histogram_frame([sample_retrieval(n) for n in names]))
    cells = {tuple(c) for t in ranks.figure.data[1:] for c in t.customdata}
    assert len(cells) == len(ranks.frame) and len(ranks.figure.layout.yaxis.ticktext) == 5


def test_more_marks_than_two_screens_hold_are_cells_with_their_numbers(frames: dict[str, pd.DataFrame]) -> None:
    one = prompts.templates_frame([sample_prompt_study(OPENAI)])
    runs = {f"run-{k}": one["acc1"] - k / 100 for k in range(20)}
    each = [one.assign(model=name, model_title=name, acc1=acc1) for name, acc1 in runs.items()]
    frame = pd.concat(each, ignore_index=True)
    chart = prompt_charts.templates_chart(frame)
    cells = {
        tuple(c): (text, x, y)
        for t in chart.figure.data[1:]
        for c, text, x, y in zip(t.customdata, t.text, t.x, t.y, strict=True)
    }
    assert len(cells) == len(frame) > prompt_charts.MOST_ROWS
    across, down = chart.figure.layout.xaxis, chart.figure.layout.yaxis
    grid = np.array(chart.figure.data[0].z, dtype=float)
    for _, row in frame.iterrows():
        text, x, y = cells[row["model"], row["template"]]
        assert text == f"{100 * row['acc1']:.0f}" and grid[int(y), int(x)] == row["acc1"]
        assert down.ticktext[int(y)] == row["model"] and row["template_title"].startswith(across.ticktext[int(x)][:8])
    assert chart.figure.layout.height < 900


def test_class_cells_carry_their_recall(every: dict[str, Make], frames: dict[str, pd.DataFrame]) -> None:
    chart, frame = every["classes"](), frames["classes"]
    table = frame.pivot_table(index="label", columns="template", values="recall", sort=False)
    np.testing.assert_allclose(np.array(chart.figure.data[0].z, dtype=float), table.to_numpy())
    cells = {tuple(c): text for t in chart.figure.data[1:] for c, text in zip(t.customdata, t.text, strict=True)}
    assert len(cells) == len(frame)
    some = frame.iloc[17]
    assert cells[(some["template"], some["label"])] == f"{100 * some['recall']:.0f}"
    few = class_templates.class_templates_chart(frame, limit=4)
    assert len(few.figure.layout.yaxis.ticktext) == 4 and "4 of 10 classes" in few.figure.layout.title.text


def test_columns_of_many_rows_are_named_at_both_ends(frames: dict[str, pd.DataFrame]) -> None:
    some = frames["classes"]
    many = pd.concat([some.assign(label=some["label"] + 10 * i) for i in range(4)])
    figure = class_templates.class_templates_chart(many).figure
    assert len(figure.layout.yaxis.ticktext) == 40
    assert [a.text for a in figure.layout.annotations] == list(figure.layout.xaxis.ticktext)
    assert not class_templates.class_templates_chart(some).figure.layout.annotations


def test_many_templates_are_cut_to_those_that_change_most_beside_the_baseline_and_all_together(
    frames: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_templates, "MOST_TEMPLATES", 3)
    frame = frames["classes"]
    chart = class_templates.class_templates_chart(frame)
    # One line each: two would be written over the next template's on a narrow screen.
    assert not any("<br>" in name for name in chart.figure.layout.xaxis.ticktext)
    change = frame["change"].abs().groupby(frame["template"], sort=False).mean()
    strongest = change.drop([DECK[0], "ensemble"]).idxmax()
    drawn = list(dict.fromkeys(c[0] for t in chart.figure.data[1:] for c in t.customdata))
    assert set(drawn) == {DECK[0], strongest, "ensemble"} and len(chart.figure.layout.xaxis.ticktext) == 3
    assert "3 of 4 templates" in re.sub("<br>", " ", chart.figure.layout.title.text)
    assert len(chart.frame) == len(frame)


def test_the_search_draws_open_scores_and_filled_verdicts(
    every: dict[str, Make], frames: dict[str, pd.DataFrame]
) -> None:
    chart = every["search"]()
    score, held = chart.figure.data[0], chart.figure.data[1]
    np.testing.assert_allclose(score.x, frames["path"]["search_acc1"])
    np.testing.assert_allclose(held.x, frames["verdicts"]["heldout_acc1"])
    assert score.marker.color == look().background and held.marker.color == model_color(OPENAI)


def test_moved_pictures_start_and_end_at_their_ranks(every: dict[str, Make], frames: dict[str, pd.DataFrame]) -> None:
    chart, frame = every["moved"](), frames["moved"]
    lines = {t.customdata[0][0]: t for t in chart.figure.data}
    assert set(lines) == set(frame["id"])
    heights = set()
    for _, row in frame.iterrows():
        line = lines[row["id"]]
        for end, rank in zip(line.y, (row["rank_a"], row["rank_b"]), strict=True):
            assert end == rank if rank <= 10 else end > 10
        heights.add((0, line.y[0]))
        heights.add((1, line.y[1]))
    assert len(heights) == 2 * len(frame)  # no two pictures share a place
    gone = frame[frame["kind"] == "lost"].iloc[0]
    assert f"{gone['rank_b']:,}" in lines[gone["id"]].text


def test_a_picture_without_a_vector_has_a_place_of_its_own() -> None:
    frame = pd.DataFrame(
        {
            "id": ["x", "y"],
            "rank_a": [1, 2],
            "rank_b": [None, 1],
            "kind": ["lost", "kept"],
            "change": [None, 1],
            "a": "one",
            "b": "two",
            "k": 2,
        }
    )
    frame = frame.astype({"rank_a": "Int64", "rank_b": "Int64", "change": "Int64"})
    chart = picture_charts.moved_chart(frame)
    lost = next(t for t in chart.figure.data if t.customdata[0][0] == "x")
    assert lost.text[1] == "not there" and lost.y[1] > 2 and "no vector" in lost.hovertext


def test_scores_words_and_bars_stand_at_their_values(every: dict[str, Make], frames: dict[str, pd.DataFrame]) -> None:
    for model in (OPENAI, LAION):
        outline = marks(every["scores"](), model)[0]
        shares = frames["scores"][frames["scores"]["model"] == model]["share"]
        np.testing.assert_allclose(outline.y[1:-1], shares)
        bar = marks(every["words"](), model)[0]
        np.testing.assert_allclose(bar.x, frames["words"][frames["words"]["model"] == model]["contribution"])
        recall = marks(every["recalls"](), model)[0]
        rows = frames["recalls"][(frames["recalls"]["model"] == model) & (frames["recalls"]["side"] == "image")]
        np.testing.assert_allclose(recall.y, rows["recall"])
    assert any(t.name == "published, for other images" for t in every["recalls"]().figure.data)


def test_curve_ranks_bands_and_words_of_a_caption(every: dict[str, Make], frames: dict[str, pd.DataFrame]) -> None:
    curve = marks(every["curve"](), OPENAI)[0]
    rows = frames["curve"][frames["curve"]["model"] == OPENAI].set_index("k")["recall"]
    np.testing.assert_allclose(curve.y, rows[[1, 5, 10, 20, 50, 100]])
    ranks = marks(every["ranks"](), LAION)[0]
    np.testing.assert_allclose(ranks.y, frames["ranks"][frames["ranks"]["model"] == LAION]["share"])
    band = marks(every["bands"](), OPENAI)[0]
    np.testing.assert_allclose(band.y, frames["bands"][frames["bands"]["model"] == OPENAI]["recall@1"])
    word = marks(every["word ranks"](), OPENAI)[0]
    without = frames["word ranks"][frames["word ranks"]["model"] == OPENAI]["rank_without"]
    assert list(word.x) == without.tolist()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_change_colours_are_symmetric_around_the_middle(theme: str) -> None:
    style = look(theme)  # type: ignore[arg-type]
    assert picture_charts.change_colour(style, 0, 1) == style.diverging[2]
    assert picture_charts.change_colour(style, 5, 1) == style.diverging[-1]
    assert picture_charts.change_colour(style, -1, 1) == style.diverging[0]
    assert picture_charts.change_colour(style, 0.3, 0) == style.diverging[2]


def test_every_recall_is_above_its_whisker_and_clear_of_a_published_mark(frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["recalls"].copy()
    first = frame.index[(frame["side"] == "image")][0]
    frame.loc[first, ["recall", "recall_low", "recall_high"]] = 0.02, 0.0, 0.07
    figure = retrieval_charts.recalls_chart(frame).figure
    assert figure.data[0].type == "bar" and figure.data[0].text is None
    above = next(t for t in figure.data if t.type == "scatter" and t.mode == "text")
    assert (above.text[0], above.y[0], above.hoverinfo) == ("2\N{NO-BREAK SPACE}%", pytest.approx(0.075), "skip")
    assert len(above.text) == len(frame[frame["side"] == "image"])
    for published, start in ((0.08, 0.11), (0.4, 0.075), (0.02, 0.075)):
        frame.loc[first, "published"] = published
        figure = retrieval_charts.recalls_chart(frame).figure
        above = next(t for t in figure.data if t.type == "scatter" and t.mode == "text")
        assert above.y[0] == pytest.approx(start)
