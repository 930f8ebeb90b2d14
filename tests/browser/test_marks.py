"""Charts as the browser paints them: every bar, mark and legend key of any model is there to be seen, beside its
neighbours and on its ground, in both themes."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.charts.accuracy import accuracy_chart
from core.charts.colours import distance
from core.charts.palette import CLEAR, Theme
from core.charts.prompts import templates_chart
from core.charts.retrieval import recall_curve_chart
from core.charts.theme import Chart, contrast, look
from core.tables.accuracy import accuracy_frame
from core.tables.prompts import templates_frame
from core.tables.retrieval import curve_frame
from core.words.names import shown_together
from tests.sample_results import sample_result
from tests.study_results import sample_prompt_study, sample_retrieval

RUN = "vit-b-32_catalogue_lr5e-4_wd0.2_bs4096_seed"
MODELS = [
    "ViT-B-32/openai",
    "RN50/openai",
    "ViT-B-32/laion2b_s34b_b79k",
    "ViT-B-16/laion400m_e32",
    "ViT-B-32/random",
    "ViT-B-16/random",
    "ViT-L-14-quickgelu/openai",
    "hf-hub:someone/clip-one",
    "hf-hub:someone/clip-two",
    *(f"file:/runs/vit.json,/runs/{RUN}{i}.pt" for i in range(7)),
]
THEMES: tuple[Theme, ...] = ("light", "dark")


@pytest.fixture(scope="module")
def paper(browser: Any) -> Iterator[Any]:
    """An empty page that can draw charts."""
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None
    page = browser.new_page(viewport={"width": 1100, "height": 1600})
    page.set_content('<body style="margin: 0"><div id="chart"></div></body>')
    page.add_script_tag(path=Path(spec.origin).parent / "package_data" / "plotly.min.js")
    yield page
    page.close()


def paint(page: Any, chart: Chart, width: int = 1100) -> Any:
    """The pixels of a chart, (height, width, 3)."""
    page.set_viewport_size({"width": width, "height": 1600})
    figure = json.loads(chart.figure.to_json())
    page.evaluate(
        "async f => { const box = document.getElementById('chart'); Plotly.purge(box);"
        " await Plotly.newPlot(box, f.data, f.layout, {displayModeBar: false}) }",
        figure,
    )
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def boxes(page: Any, what: str) -> list[dict[str, float]]:
    """Where these parts of the chart are."""
    return [box for part in page.locator(what).all() if (box := part.bounding_box()) and box["width"] > 0]


def color_in(pixels: Any, box: dict[str, float], middle: float = 0.9) -> str:
    """The most frequent color in the middle of a box."""
    x, y = (box[side] + box[size] / 2 for side, size in (("x", "width"), ("y", "height")))
    wide, high = (max(2, round(box[size] * middle / 2)) for size in ("width", "height"))
    part = pixels[round(y) - high : round(y) + high, round(x) - wide : round(x) + wide]
    found = Counter(map(tuple, part.reshape(-1, 3).tolist()))
    return "#" + "".join(f"{channel:02X}" for channel in found.most_common(1)[0][0])


def are_seen(colors: list[str], theme: Theme) -> None:
    background = look(theme).background
    assert all(contrast(color, background) >= 2.9 for color in colors), colors
    assert len(set(colors)) == len(colors)
    assert all(distance(a, b) >= CLEAR - 0.005 for a, b in pairwise(colors)), colors


@pytest.mark.parametrize("theme", THEMES)
def test_bars_and_their_keys_are_seen(paper: Any, theme: Theme) -> None:
    with shown_together(models=MODELS):
        frame = accuracy_frame([sample_result(name) for name in MODELS])
        pixels = paint(paper, accuracy_chart(frame, theme=theme))
    bars = boxes(paper, ".barlayer .point path")
    assert len(bars) == len(MODELS)
    are_seen([color_in(pixels, bar) for bar in bars], theme)
    few = MODELS[-4:]  # more are named at their bars
    with shown_together(models=MODELS):
        pixels = paint(paper, accuracy_chart(accuracy_frame([sample_result(name) for name in few]), theme=theme))
    keys = boxes(paper, ".legend path.legendundefined")
    assert len(keys) == len(few)
    are_seen([color_in(pixels, key) for key in keys], theme)


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_their_keys_are_seen(paper: Any, theme: Theme) -> None:
    with shown_together(models=MODELS):
        frame = templates_frame([sample_prompt_study(name) for name in MODELS])
        few = frame[frame["template"].isin(frame["template"].unique()[:2])]  # more are cells with numbers
        pixels = paint(paper, templates_chart(few, theme=theme))
    first = [boxes(paper, f".scatterlayer .trace:nth-child({i + 1}) .point")[0] for i in range(len(MODELS))]
    are_seen([color_in(pixels, mark, 0.4) for mark in first], theme)


STROKES = """[...document.querySelectorAll('.scatterlayer .trace path.js-line')]
  .map(e => getComputedStyle(e).stroke.match(/\\d+/g).slice(0, 3).map(n => (+n).toString(16).padStart(2, '0')).join(''))"""


@pytest.mark.parametrize("theme", THEMES)
def test_lines_and_their_names_are_seen(paper: Any, theme: Theme) -> None:
    """At 390 pixels: each of sixteen lines in a color of its own, and the names at their ends inside the picture, none
    over another."""
    with shown_together(models=MODELS):
        frame = curve_frame([sample_retrieval(name, noise=0.5 + i / 4) for i, name in enumerate(MODELS)])
        pixels = paint(paper, recall_curve_chart(frame, theme=theme), width=390)
    strokes = [f"#{color.upper()}" for color in paper.evaluate(STROKES)]
    assert len(strokes) == len(MODELS)
    are_seen(strokes, theme)
    names = sorted(boxes(paper, ".annotation-text"), key=lambda box: box["y"])
    assert names and all(box["x"] >= 0 and box["x"] + box["width"] <= pixels.shape[1] for box in names)
    assert all(a["y"] + a["height"] <= b["y"] + 1 or a["x"] + a["width"] <= b["x"] for a, b in pairwise(names))
