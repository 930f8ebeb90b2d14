"""Charts show the numbers of their frames with the marks, colours and words that all charts share."""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.catalog.models import MODELS
from core.charts.accuracy import accuracy_chart
from core.charts.calibration import reliability_chart
from core.charts.classes import predicted_chart, recall_chart
from core.charts.compare import difference_chart
from core.charts.confusion import confusion_chart
from core.charts.cost import cost_chart
from core.charts.palette import model_color, model_pattern, model_symbol
from core.charts.theme import TITLE_WIDTH, contrast, look, readable_on, scale_colour, wrap
from core.stats.numbers import listed
from core.tables.accuracy import accuracy_frame
from core.tables.classes import confused_frame, confusion_frame, per_class_frame, predicted_frame
from core.tables.compare import calibration_frame, cost_frame, difference_frame
from tests.sample_results import sample_result

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"
STUDY = [spec.name for spec in MODELS if spec.family != "demo"]


@pytest.fixture(scope="module")
def two():
    return sample_result(OPENAI, "eurosat", skill=0.8), sample_result(LAION, "eurosat", skill=1.6, seed=5)


@pytest.fixture(scope="module")
def accuracy(two):
    return accuracy_frame([*two, sample_result(OPENAI, "cifar100"), sample_result(LAION, "cifar100", seed=5)])


@pytest.fixture(scope="module")
def every(two, accuracy):
    """Each chart as a function of its theme and scale, drawn once; tests only read it."""
    cost = cost_frame(accuracy_frame(two), {OPENAI: 0.02, LAION: 0.02})
    made = {
        "accuracy": lambda **o: accuracy_chart(accuracy, **o),
        "accuracy lying": lambda **o: accuracy_chart(accuracy, "acc5", upright=False, **o),
        "recall": lambda **o: recall_chart(per_class_frame(two[:1]), **o),
        "dumbbells": lambda **o: recall_chart(per_class_frame(two), order="difference", **o),
        "confusion": lambda **o: confusion_chart(confusion_frame(two[0]), **o),
        "answers": lambda **o: predicted_chart(predicted_frame(two), **o),
        "difference": lambda **o: difference_chart(difference_frame([two]), **o),
        "reliability": lambda **o: reliability_chart(calibration_frame(two), **o),
        "size": lambda **o: cost_chart(cost, **o),
        "time": lambda **o: cost_chart(cost, "seconds_per_picture", **o),
    }
    return {name: cache(draw) for name, draw in made.items()}


@pytest.fixture(scope="module")
def long():
    """A chart with a long title."""
    return accuracy_chart(accuracy_frame([sample_result()]), title="word " * 40)


NAMES = [
    "accuracy",
    "accuracy lying",
    "recall",
    "dumbbells",
    "confusion",
    "answers",
    "difference",
    "reliability",
    "size",
    "time",
]
BEYOND = ("ViT-H-14/laion2b_s32b_b79k", "RN101/openai", "hf-hub:a/b", "demo-new/demo", "EVA02-L-14/merged2b")


def traces(chart, **wanted):
    return [t for t in chart.figure.data if all(getattr(t, k, None) == v for k, v in wanted.items())]


def spoken(chart):
    """The words of a chart's title and note, without their markup."""
    return re.sub(r"(<[^>]*>)+", " ", chart.figure.layout.title.text)


def marked(chart, symbol):
    return [t for t in chart.figure.data if t.type == "scatter" and t.marker.symbol == symbol and t.x[0] is not None]


# --- colours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_keeps_its_contrast(theme):
    style = look(theme)
    assert contrast(style.text, style.background) >= 7
    assert contrast(style.muted, style.background) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*(spec.name for spec in MODELS), *BEYOND])
def test_every_model_stands_out_from_the_background_and_carries_readable_numbers(name, theme):
    color = model_color(name, theme)
    assert contrast(color, look(theme).background) >= 3
    assert contrast(color, readable_on(color)) >= 4.5


def test_contrast_by_the_standards_own_examples():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def seen_without_green(color):
    """A colour as deuteranopes see it (Machado, Oliveira and Fernandes 2009, severity 1), linear RGB."""
    matrix = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]])
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return matrix @ linear


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_families_are_blue_and_orange_for_everyone(theme):
    for name in STUDY:
        red, _, blue = seen_without_green(model_color(name, theme))
        assert (blue > red) if name.endswith("openai") else (red > blue), name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_two_models_of_the_catalog_look_alike(theme):
    marks = [(model_color(spec, theme), model_symbol(spec)) for spec in MODELS]
    assert len({color for color, _ in marks}) == len(MODELS)
    assert not {symbol for _, symbol in marks} & {"diamond", "diamond-open", "circle-open"}


def test_a_model_looks_the_same_by_name_and_by_record_and_in_any_order():
    for spec in MODELS:
        assert model_color(spec) == model_color(spec.name) and model_symbol(spec) == model_symbol(spec.name)
    assert model_color(OPENAI) == "#0072B2" and model_color(LAION) == "#D55E00"


def test_other_weights_of_an_architecture_keep_its_symbol_and_differ_by_colour_and_pattern():
    other = "ViT-B-32/datacomp_xl_s13b_b90k"
    assert model_color(other) != model_color(LAION) and model_symbol(other) == model_symbol(LAION)
    assert model_pattern(LAION) == "" != model_pattern(other)


# --- what all charts share --------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_whole_in_both_themes_and_sizes(every, name, theme, scale):
    chart, style = every[name](theme=theme, scale=scale), look(theme, scale)
    layout = chart.figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == style.background
    for axis in chart.figure.select_xaxes(), chart.figure.select_yaxes():
        for each in axis:
            assert each.tickfont.color == style.text and each.tickfont.size >= 12 * scale
    assert layout.title.font.size == 17 * scale and layout.legend.font.color == style.text
    assert len(chart.alt) > 20 and chart.alt.endswith(".")
    assert len(chart.frame) and chart.csv().decode().splitlines()[0] == ",".join(chart.frame.columns)
    assert json.loads(chart.figure.to_json())["data"]


@pytest.mark.parametrize("name", NAMES)
def test_no_chart_reaches_for_the_network(every, name):
    assert "http" not in every[name]().figure.to_json()
    assert "cloud" not in json.dumps(every[name]().config())


@pytest.mark.parametrize("name", NAMES)
def test_titles_are_sentences_that_fit_a_narrow_screen(every, long, name):
    chart = every[name]()
    lines = re.sub(r"<span.*", "", chart.figure.layout.title.text).split("<br>")
    assert all(len(line) <= TITLE_WIDTH for line in lines)
    assert not re.search(r"bar chart|heat ?map|plot", chart.title, re.IGNORECASE)
    assert long.figure.layout.margin.t > chart.figure.layout.margin.t


def test_a_title_given_is_the_title_shown(every):
    chart = every["accuracy"](title="LAION-2B leads on both data sets")
    assert chart.title == "LAION-2B leads on both data sets" and chart.title in chart.figure.layout.title.text


# --- accuracy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("metric", ["acc1", "acc5", "mean_per_class_recall"])
def test_bars_intervals_and_references_stand_at_their_values(accuracy, metric, upright):
    chart = accuracy_chart(accuracy, metric, upright=upright)
    value, place = ("y", "x") if upright else ("x", "y")
    bars = {t.customdata[0][0]: t for t in traces(chart, type="bar")}
    for model, bar in bars.items():
        rows = accuracy[accuracy["model"] == model]
        np.testing.assert_allclose(bar[value], rows[metric])
        assert bar.marker.color == model_color(model)
        assert [tuple(c) for c in bar.customdata] == list(
            zip(rows["model"], rows["dataset"], rows["split"], strict=True)
        )
    intervals = [t for t in traces(chart, mode="markers", hoverinfo="skip") if t[f"error_{value}"].array is not None][
        -1
    ]
    np.testing.assert_allclose(np.add(intervals[value], intervals[f"error_{value}"].array), accuracy[f"{metric}_high"])
    np.testing.assert_allclose(
        np.subtract(intervals[value], intervals[f"error_{value}"].arrayminus), accuracy[f"{metric}_low"]
    )
    for symbol, kind in (("diamond", "published"), ("circle", "deck")):
        expected = accuracy[f"{kind}_{metric}"].dropna()
        marks = marked(chart, symbol)
        assert len(marks) == (1 if len(expected) else 0)
        if marks:
            np.testing.assert_allclose(marks[0][value], expected)
            centres = {c[:2]: p for b in bars.values() for c, p in zip(map(tuple, b.customdata), b[place], strict=True)}
            half = bars[OPENAI].width[0] / 2
            named = accuracy.loc[expected.index, ["model", "dataset"]].itertuples(index=False, name=None)
            assert all(abs(p - centres[key]) < half for key, p in zip(named, marks[0][place], strict=True))


@pytest.mark.parametrize("name", ["size", "time"])
def test_chance_is_drawn_where_accuracy_is_set_against_cost(every, name):
    figure = every[name]().figure
    assert [(shape.y0, shape.line.dash) for shape in figure.layout.shapes] == [(0.1, "dot")]
    assert [trace.name for trace in figure.data].count("chance") == 1


def test_chance_is_drawn_for_each_data_set_and_named(accuracy):
    chart = accuracy_chart(accuracy, upright=True)
    assert [(s.y0, s.line.dash) for s in chart.figure.layout.shapes] == [(0.1, "dot"), (0.01, "dot")]
    assert [s.y0 for s in accuracy_chart(accuracy, "acc5", upright=True).figure.layout.shapes] == [0.5, 0.05]
    assert traces(chart, name="chance")


@pytest.mark.parametrize("upright", [True, False])
def test_every_number_is_past_its_whisker_in_the_colour_of_text(accuracy, upright):
    low = accuracy.assign(acc1=0.03, acc1_low=0.02, acc1_high=0.05, published_acc1=0.06, deck_acc1=None)
    for frame, least in ((low, 0.06), (accuracy.assign(acc1=0.6, acc1_low=0.5, acc1_high=0.7), 0.7)):
        for theme in ("light", "dark"):
            chart = accuracy_chart(frame, upright=upright, theme=theme)
            assert all(bar.text is None for bar in traces(chart, type="bar"))
            (past,) = traces(chart, mode="text")
            ends = past.y if upright else past.x
            assert len(ends) == len(frame) and min(ends) > least, "past the diamond too"
            assert contrast(past.textfont.color, look(theme).background) >= 4.5


def test_more_than_four_models_are_named_at_their_bars_and_in_no_legend():
    sets = ("demo-satellite", "demo-objects")
    chart = accuracy_chart(accuracy_frame([sample_result(m, d, n=60) for m in STUDY[:6] for d in sets]))
    bars, axis = traces(chart, type="bar"), chart.figure.layout.yaxis
    assert len(bars) == 6 and not any(bar.showlegend for bar in bars)
    named = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    for bar in bars:
        assert [named[place] for place in bar.y] == [bar.name[:22]] * 2
    heads = {re.sub("<[^>]*>", "", a.text): a.y for a in chart.figure.layout.annotations}
    assert list(heads) == ["Demo satellite", "Demo objects"]
    chances = [sorted((shape.y0, shape.y1)) for shape in chart.figure.layout.shapes]
    for (low, high), group in zip(chances, zip(*(bar.y for bar in bars), strict=True), strict=True):
        assert low < min(group) and max(group) < high


def test_a_legend_takes_no_more_than_a_third_of_a_narrow_chart(two):
    frame = calibration_frame(two)
    plain = reliability_chart(frame).figure
    named = frame.assign(side=[f"{side} under a name of many characters {i}" for i, side in enumerate(frame["side"])])
    figure = reliability_chart(named).figure
    assert figure.layout.height > plain.layout.height
    assert 3 * 21 * named["side"].nunique() <= figure.layout.height - figure.layout.margin.t


def test_few_bars_stand_and_many_lie(accuracy):
    assert traces(accuracy_chart(accuracy), type="bar")[0].orientation == "v"
    sets = ("eurosat", "demo-satellite", "demo-objects")
    many = accuracy_frame([sample_result(m, d, n=60) for m in STUDY for d in sets])
    chart = accuracy_chart(many)
    assert traces(chart, type="bar")[0].orientation == "h"
    assert chart.figure.layout.height > accuracy_chart(accuracy).figure.layout.height


def test_accuracy_axes_start_at_zero_in_whole_percent(accuracy):
    axis = accuracy_chart(accuracy, upright=True).figure.layout.yaxis
    assert axis.range == (0, 1) and axis.tickformat == ".0%"


def test_top_five_of_five_classes_is_said_to_be_meaningless():
    few = accuracy_frame([sample_result(classes=4)])
    assert "says nothing" in accuracy_chart(few, "acc5").figure.layout.title.text
    assert "says nothing" not in accuracy_chart(few, "acc1").figure.layout.title.text


# --- classes ----------------------------------------------------------------------------------------------


def test_recall_bars_start_with_the_hardest_class(two):
    chart = recall_chart(per_class_frame(two[:1]))
    bar = traces(chart, type="bar")[0]
    hardest = min(two[0].per_class, key=lambda r: r.recall)
    first = list(bar.y).index(0)
    assert bar.x[first] == hardest.recall and bar.customdata[first][2] == hardest.classname
    easiest = traces(recall_chart(per_class_frame(two[:1]), order="strongest"), type="bar")[0]
    assert easiest.x[list(easiest.y).index(0)] == max(r.recall for r in two[0].per_class)


def test_dumbbells_join_both_models_and_sort_by_gap(two):
    chart = recall_chart(per_class_frame(two), order="difference")
    a, b = (next(t for t in chart.figure.data if t.name == n) for n in ("ViT-B/32 · OpenAI", "ViT-B/32 · LAION-2B"))
    gaps = [abs(x - y) for _, x, y in sorted((p, x, y) for p, x, y in zip(a.y, a.x, b.x, strict=True))]
    assert gaps == sorted(gaps, reverse=True)
    line = next(t for t in chart.figure.data if t.mode == "lines")
    first = list(a.y).index(0)
    assert sorted(line.x[:2]) == sorted([a.x[first], b.x[first]])


def test_a_thousand_classes_are_cut_to_a_readable_number_and_said_so():
    result = sample_result(OPENAI, "imagenet_mini", n=600)
    chart = recall_chart(per_class_frame([result]), limit=30)
    assert len(traces(chart, type="bar")[0].x) == 30 and len(chart.frame) == 1000
    assert "30 of" in spoken(chart) and "table has all" in spoken(chart)
    confusion = confusion_chart(confusion_frame(result))
    assert len(confusion.figure.data[0].z) == 15
    assert "15 of" in spoken(confusion)
    answers = predicted_chart(predicted_frame([result]))
    assert len(traces(answers, type="bar")[0].x) == 30
    assert "30 most frequent of 1000" in spoken(answers)


def test_classes_without_pictures_are_left_out():
    result = sample_result(dataset="demo-objects", n=20)
    present = sum(r.n > 0 for r in result.per_class)
    assert len(traces(recall_chart(per_class_frame([result])), type="bar")[0].x) == present


def test_names_are_cut_with_an_ellipsis_never_in_silence():
    assert wrap("kite (bird of prey)", 22, 1) == "kite (bird of prey)"
    assert wrap("a" * 40, 22, 1) == "a" * 21 + "…"
    assert wrap("the original study's prompt study of long ago", 12, 2) == "the original<br>study's…"


def test_confusion_cells_hold_counts_and_can_be_clicked(two):
    frame = confusion_frame(two[0])
    heat, *layers = confusion_chart(frame).figure.data
    expected = two[0].confusion / two[0].confusion.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(heat.z, expected)
    seen = np.zeros_like(two[0].confusion)
    for cells in layers:
        for (true, predicted), text, column, row in zip(cells.customdata, cells.text, cells.x, cells.y, strict=True):
            seen[true, predicted] = int(text)
            assert (row, column) == (true, predicted)
        assert cells.marker.opacity == cells.unselected.marker.opacity == 0
        assert cells.unselected.textfont.color == cells.textfont.color
    np.testing.assert_array_equal(seen, two[0].confusion)


@pytest.mark.parametrize("name", NAMES)
def test_a_selection_never_hides_words_intervals_or_references(every, name):
    for trace in every[name]().figure.data:
        if trace.type == "scatter" and trace.customdata is None and trace.marker.opacity is None:
            assert trace.unselected.marker.opacity == 1
        if trace.type in ("bar", "scatter"):
            # With a text colour in only one of the two, plotly fails on the click.
            assert trace.selected.textfont.color and trace.unselected.textfont.color


@pytest.mark.parametrize("name", NAMES)
def test_what_a_click_carries_reaches_python_as_a_list(every, name):
    for trace in json.loads(every[name]().figure.to_json())["data"]:
        assert all(isinstance(row, list) for row in trace.get("customdata", []))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_in_cells_are_readable_on_every_colour(theme):
    style = look(theme)
    for share in np.linspace(0, 1, 101):
        color = scale_colour(style, share)
        assert contrast(color, readable_on(color)) >= 4.5, share
    assert scale_colour(style, 0) == style.sequential[0] and scale_colour(style, 1) == style.sequential[-1]


def test_the_confusion_title_is_the_worst_mistake(two):
    worst = confused_frame(two[0], 1).iloc[0]
    title = confusion_chart(confusion_frame(two[0])).title
    assert worst["true_name"] in title and worst["predicted_name"] in title and str(worst["count"]) in title
    perfect = confusion_frame(two[0]).query("true == predicted")
    assert confusion_chart(perfect).title == "No image is misclassified"


def test_answers_show_a_collapse(two):
    top5 = two[0].top5.copy()
    top5[:, 0] = 3
    from core.stats.metrics import confusion

    result = replace(two[0], top5=top5, confusion=confusion(two[0].labels, top5[:, 0], 10))
    bar = traces(predicted_chart(predicted_frame([result])), type="bar")[0]
    assert bar.x[list(bar.y).index(0)] == result.n and sorted(bar.x)[-2] == 0


# --- pairs, calibration, cost -----------------------------------------------------------------------------


def test_differences_are_filled_when_clear_and_open_when_tied(two):
    clear, tie = (two[1], two[0]), (two[0], two[0])
    frame = difference_frame([clear, tie])
    frame.loc[1, "model_b"] = LAION
    chart = difference_chart(frame)
    filled, hollow = (t for t in chart.figure.data if t.customdata is not None)
    assert filled.marker.color == (model_color(LAION),) and hollow.marker.color == (look("light").background,)
    assert filled.x[0] + filled.error_x.array[0] == pytest.approx(frame["difference_high"][0])
    assert chart.figure.layout.xaxis.zeroline and chart.figure.layout.xaxis.zerolinecolor == look("light").text
    assert chart.figure.layout.xaxis.range[0] == -chart.figure.layout.xaxis.range[1]
    said = {label.y: label for label in chart.figure.layout.annotations if label.showarrow is False and label.bgcolor}
    assert said[1].text == "+0.0 tie" and "tie" not in said[0].text
    # The label has a ground of its own and the zero line lies under the marks: it crosses neither.
    assert {label.bgcolor for label in said.values()} == {look("light").background}
    assert not chart.figure.layout.shapes


def test_long_names_have_a_line_each_under_a_difference(two):
    frame = difference_frame([two])
    short, long = (difference_chart(frame.assign(b=name)).figure for name in ("RN50", "Tip-Adapter-F, 16 per class"))
    assert short.layout.xaxis.title.text.count("<br>") == 1
    assert long.layout.xaxis.title.text.startswith("← Tip-Adapter-F, 16 per class ahead<br>")
    assert long.layout.height == short.layout.height + 18


def test_one_difference_has_its_finding_as_title(two):
    chart = difference_chart(difference_frame([two]))
    assert chart.title.startswith("LAION-2B is ahead by") and "95 % interval" in chart.alt
    assert "OpenAI ahead →" in chart.figure.layout.xaxis.title.text


def test_reliability_draws_the_bins_and_the_diagonal(two):
    frame = calibration_frame(two)
    chart = reliability_chart(frame)
    part = frame[frame["model"] == OPENAI]
    curve = next(t for t in chart.figure.data if t.name and t.name.startswith("ViT-B/32 · OpenAI"))
    np.testing.assert_allclose(curve.x, part["confidence"])
    np.testing.assert_allclose(curve.y, part["accuracy"])
    assert "ECE" in curve.name and traces(chart, name="perfect")[0].x == (0, 1)
    assert sum(sum(t.y) for t in traces(chart, type="bar")) == 600


def test_cost_puts_known_models_on_a_log_axis_and_names_the_rest(two):
    frame = cost_frame(accuracy_frame(two), {OPENAI: 0.025})
    chart = cost_chart(frame, "seconds_per_picture")
    marks = [t for t in chart.figure.data if t.customdata is not None]
    assert [(t.x[0], t.y[0]) for t in marks] == [(25.0, two[0].acc1)]
    assert chart.figure.layout.xaxis.type == "log"
    assert "LAION-2B" in chart.figure.layout.title.text and "not measured" in chart.figure.layout.title.text
    sizes = cost_chart(frame)
    assert [t.x[0] for t in sizes.figure.data if t.customdata is not None] == pytest.approx([151.277313] * 2)


def test_lists_in_words():
    assert [listed(x) for x in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert listed([str(i) for i in range(9)], 3) == "0, 1, 2 and 6 more"
