"""Charts of probes and few-shot studies show the numbers of their frames, in the marks that all charts share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.charts.accuracy import accuracy_chart
from core.charts.calibration import reliability_chart
from core.charts.cost import cost_chart
from core.charts.few_shot import few_shot_chart
from core.charts.palette import Theme, model_color
from core.charts.theme import Chart, contrast, look, mixed
from core.charts.validation import validation_chart
from core.studies.few_shot.result import FewShotResult
from core.tables.compare import calibration_frame
from core.tables.few_shot import few_shot_frame, published_frame
from core.tables.methods import methods_frame
from core.tables.probe import validation_frame
from core.words.names import PROBE, TRAINED, ZERO_SHOT
from tests.training_results import probed
from tests.unit.tables.test_tables_training import pair, study

__all__ = ["pair", "study"]
THEMES: tuple[Theme, ...] = ("light", "dark")


@pytest.fixture(scope="module")
def methods(pair: Any) -> pd.DataFrame:
    other = probed("ViT-B-32/openai", seed=4)
    return methods_frame([pair[1], other[1]], [pair[0], other[0]])


@pytest.fixture(scope="module")
def charts(pair: Any, study: FewShotResult, methods: pd.DataFrame) -> dict[str, Callable[..., Chart]]:
    shots = few_shot_frame([study])
    return {
        "methods": lambda **o: accuracy_chart(methods, **o),
        "methods lying": lambda **o: accuracy_chart(methods, upright=False, **o),
        "validation": lambda **o: validation_chart(validation_frame([pair[0]]), **o),
        "few-shot": lambda **o: few_shot_chart(shots, published_frame([study]), **o),
    }


NAMES = ("methods", "methods lying", "validation", "few-shot")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_every_chart_can_be_drawn_read_and_saved(charts: dict[str, Any], name: str, theme: Theme) -> None:
    chart = charts[name](theme=theme, scale=1.5)
    assert json.loads(chart.figure.to_json())["data"] and chart.alt.endswith(".") and chart.title
    assert chart.csv().decode().count("\n") == len(chart.frame) + 1
    for text in (chart.figure.layout.font.color, chart.figure.layout.xaxis.tickfont.color):
        assert contrast(text, look(theme).background) >= 4.5


# --- bars by method ---------------------------------------------------------------------------------------


def bars(chart: Chart) -> dict[tuple[str, str], Any]:
    return {
        (t.customdata[0][0], t.customdata[0][3]): t
        for t in chart.figure.data
        if t.type == "bar" and t.customdata is not None
    }


def test_a_bar_for_each_model_and_method(methods: pd.DataFrame) -> None:
    found = bars(accuracy_chart(methods))
    wanted = {(m, k): v for m, k, v in zip(methods["model"], methods["method"], methods["acc1"], strict=True)}
    assert {key: bar.y[0] for key, bar in found.items()} == wanted
    places = [bar.x[0] for bar in found.values()]
    assert places == sorted(places) and min(np.diff(places)) > found["RN50/openai", PROBE].width[0]


def test_the_method_is_in_the_filling_and_the_model_in_the_colour(methods: pd.DataFrame) -> None:
    found = bars(accuracy_chart(methods, theme="dark"))
    color = model_color("RN50/openai", "dark")
    zero, tested, trained = (found["RN50/openai", m].marker for m in (ZERO_SHOT, PROBE, TRAINED))
    assert zero.color == color and tested.line.color == trained.line.color == color
    assert tested.color == mixed(color, look("dark").background, 0.3)
    assert trained.pattern.shape == "x" and not tested.pattern.shape


def test_the_legend_names_each_model_and_each_method_once(methods: pd.DataFrame) -> None:
    shown = [t.name for t in accuracy_chart(methods).figure.data if t.showlegend is not False and t.type == "bar"]
    assert sorted(shown) == sorted(
        ["ResNet-50 · OpenAI", "ViT-B/32 · OpenAI", "zero-shot", "linear probe", "linear probe, on its training images"]
    )


def test_what_is_not_measured_has_no_bar(methods: pd.DataFrame) -> None:
    assert not any(method == TRAINED for _, method in bars(accuracy_chart(methods, "acc5")))


@pytest.mark.parametrize(("share", "color"), [(0, "#FFFFFF"), (1, "#204060"), (0.5, "#90A0B0")])
def test_a_mixed_colour_lies_between(share: float, color: str) -> None:
    assert mixed("#204060", "#FFFFFF", share) == color


# --- curves -----------------------------------------------------------------------------------------------


def test_the_validation_curve_marks_the_chosen_c(pair: Any) -> None:
    frame = validation_frame([pair[0]])
    curve = next(t for t in validation_chart(frame).figure.data if t.customdata is not None)
    assert list(curve.x) == list(frame["C"]) and list(curve.y) == list(frame["acc1"])
    assert np.argmax(curve.marker.size) == int(np.flatnonzero(frame["chosen"])[0])
    high = np.array(curve.y) + np.array(curve.error_y.array)
    assert high == pytest.approx(frame["acc1_high"].to_numpy())


def test_few_shot_curves_begin_at_zero_shot_and_carry_their_spread(study: FewShotResult) -> None:
    frame = few_shot_frame([study])
    figure = few_shot_chart(frame, published_frame([study])).figure
    curve = next(t for t in figure.data if t.name == "Linear probe" and t.customdata is not None)
    assert list(curve.x) == [0, 1, 2] and curve.y[0] == study.zero_shot.acc1
    assert list(curve.y[1:]) == [study.point("probe", k).acc1_mean for k in (1, 16)]
    band = next(t for t in figure.data if t.fill == "toself")
    rows = frame[(frame["method"] == "probe")]
    assert list(band.y) == [*rows["spread_high"], *rows["spread_low"][::-1]]


def test_published_few_shot_figures_are_diamonds_at_their_k(study: FewShotResult) -> None:
    figure = few_shot_chart(few_shot_frame([study]), published_frame([study])).figure
    marks = {t.name: t for t in figure.data if t.name and t.name.startswith("published")}
    assert set(marks) == {"published, Linear probe", "published, Tip-Adapter"}, "only of methods that are shown"
    assert all(t.marker.symbol == "diamond" for t in marks.values())
    tip = marks["published, Tip-Adapter"]
    assert (list(tip.x), list(tip.y)) == ([2], [0.6])


def test_one_model_twice_is_told_apart_in_a_reliability_diagram(pair: Any) -> None:
    figure = reliability_chart(calibration_frame(pair, names=("A", "B"))).figure
    a, b = (next(t for t in figure.data if t.name and t.name.startswith(f"{side}, ECE")) for side in "AB")
    assert a.line.color == b.line.color and a.line.dash != b.line.dash and a.marker.symbol != b.marker.symbol


@pytest.mark.parametrize("sizes", [(4.0e6, 4.4e6), (1e6, 3e6), (1e6, 400e6)])
def test_a_log_axis_always_has_ticks_to_read_it_by(methods: pd.DataFrame, sizes: tuple[float, float]) -> None:
    frame = methods[methods["method"] == ZERO_SHOT].assign(parameters=sizes, seconds_per_picture=0.01)
    ticks = cost_chart(frame).figure.layout.xaxis.tickvals
    assert len([t for t in ticks if min(sizes) / 1.5e6 <= t <= max(sizes) * 1.5e-6]) >= 2
