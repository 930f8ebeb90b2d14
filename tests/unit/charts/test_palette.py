"""Every model that can be loaded has a mark of its own that can be seen, on bars and on points, in both themes."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from core.catalog import registry
from core.catalog.models import MODELS
from core.charts.accuracy import accuracy_chart
from core.charts.colours import distance, oklab
from core.charts.palette import Mark, Theme, bar_fill, model_color, model_mark
from core.charts.theme import contrast, look
from core.tables.accuracy import accuracy_frame
from core.words.names import show_on_page, show_together, shown_together
from tests.sample_results import sample_result

THEMES: tuple[Theme, ...] = ("light", "dark")
OWN = [f"file:/runs/vit.json,/runs/{run}/epoch_{i}.pt" for run in "ab" for i in range(12)]
OTHERS = [
    *OWN,
    *(f"hf-hub:someone/clip-{i}" for i in range(8)),
    "ViT-B-32/random",
    "ViT-L-14/random",
    "ViT-B-32/laion2b_e16",
    "ViT-B-32/laion400m_e32",
    "ViT-B-32-quickgelu/openai",
    "ViT-L-14/openai",
]
ROOT = Path(__file__).parents[3]
ALL = [*(spec.name for spec in MODELS), *OTHERS]


@pytest.mark.parametrize("theme", THEMES)
def test_every_model_can_be_seen(theme: Theme) -> None:
    background = look(theme).background
    for name in ALL:
        fill = bar_fill(name, theme, background)
        assert contrast(fill["color"], background) >= 3, name
        pattern = fill["pattern"]
        if pattern["shape"]:
            assert pattern["bgcolor"] == fill["color"], name  # else plotly draws the pattern on nothing
            assert contrast(pattern["fgcolor"], pattern["bgcolor"]) >= 3, name


def test_no_two_models_share_a_mark_on_bars_or_on_points() -> None:
    with shown_together(models=ALL):
        marks = {name: model_mark(name) for name in ALL}
    for (a, first), (b, second) in combinations(marks.items(), 2):
        assert (first.shade, first.pattern) != (second.shade, second.pattern), (a, b)
        assert (first.shade, first.symbol) != (second.shade, second.symbol), (a, b)
    assert not any("diamond" in mark.symbol for mark in marks.values())
    with shown_together(models=OWN[:16]):
        shades = [model_mark(name).shade for name in OWN[:16]]
    assert len(set(shades)) == 16 and not {s.shade for s in map(model_mark, (m.name for m in MODELS))} & set(shades)


def test_every_weight_that_open_clip_lists_has_a_mark() -> None:
    """More than can be told apart at once: any of them can be seen, and the catalog's marks stay theirs."""
    fixed = {model_mark(spec.name) for spec in MODELS}
    for architecture, pretrained in registry.published_weights():
        name = f"{architecture}/{pretrained}"
        if name not in {spec.name for spec in MODELS}:
            assert model_mark(name) not in fixed, name
    assert {model_mark(spec.name) for spec in MODELS} == fixed


def test_a_mark_does_not_hang_on_who_comes_first() -> None:
    def marks(names: list[str]) -> dict[str, Mark]:
        with shown_together(models=names):
            return {name: model_mark(name) for name in names}

    assert marks(OTHERS) == marks(OTHERS[::-1])
    assert marks(OWN)[OWN[0]] == marks([*OWN, MODELS[3].name])[OWN[0]]


def test_marks_are_apart_in_a_process_that_nobody_told_what_is_shown() -> None:
    code = (
        "import sys; from core.charts.palette import model_color, model_pattern, model_symbol\n"
        "print(len({(model_color(n, 'dark'), model_pattern(n)) for n in sys.argv[1:]}),"
        " len({(model_color(n), model_symbol(n)) for n in sys.argv[1:]}))"
    )
    run = subprocess.run([sys.executable, "-c", code, *ALL], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.split() == [str(len(ALL))] * 2


@pytest.mark.parametrize("theme", THEMES)
def test_the_bars_of_own_models_are_filled(theme: Theme) -> None:
    chart = accuracy_chart(accuracy_frame([sample_result(name) for name in OWN[:4]]), theme=theme)
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    assert len(bars) == 4
    for bar in bars:
        assert bar.marker.pattern.bgcolor == bar.marker.color and bar.marker.color != look(theme).background


def test_sixteen_models_of_one_page_never_share_a_colour() -> None:
    """Also where far more models than colours are on this machine."""
    many = [f"file:/runs/vit.json,/runs/{i}.pt" for i in range(120)]
    for page in (many[:16], many[50:66], [*(spec.name for spec in MODELS), *OTHERS[-6:], many[3]]):
        show_together(models=[*many, *OTHERS])
        show_on_page(page)
        for theme in THEMES:
            colors = [model_color(name, theme) for name in page]
            assert len(set(colors)) == len(page)
            assert min(distance(a, b) for a, b in combinations(colors, 2)) > 0.03
    show_together()


def test_a_few_models_of_one_page_have_colours_that_one_can_name() -> None:
    """Whichever of many: two violets are told apart only beside each other."""
    many = [f"file:/runs/vit.json,/runs/{i}.pt" for i in range(60)]
    for first in range(0, 57, 3):
        page = [*many[first : first + 2], "demo-rn/demo", many[first + 2]]
        show_together(models=[*many, "demo-rn/demo"])
        show_on_page(page)
        for theme in THEMES:
            colors = [model_color(name, theme) for name in page]
            assert min(distance(a, b) for a, b in combinations(colors, 2)) > 0.08
    show_together()


def test_other_weights_stay_in_the_colours_of_their_family() -> None:
    """OpenAI's are blues (more blue than red), OpenCLIP's oranges (more red than blue)."""
    openai = ["ViT-L-14-quickgelu/openai", "RN50x4-quickgelu/openai", "RN101-quickgelu/openai"]
    laion = ["ViT-B-32/laion2b_e16", "ViT-H-14/laion2b_s32b_b79k", "coca_ViT-L-14/laion2b_s13b_b90k"]
    with shown_together(models=[*openai, *laion]):
        for theme in THEMES:
            assert all(blue > red for red, blue in map(_red_and_blue, (model_color(n, theme) for n in openai)))
            assert all(red > blue for red, blue in map(_red_and_blue, (model_color(n, theme) for n in laion)))


def _red_and_blue(color: str) -> tuple[int, int]:
    return int(color[1:3], 16), int(color[5:7], 16)


@pytest.mark.parametrize("theme", THEMES)
def test_a_change_is_grey_so_that_colour_means_a_model(theme: Theme) -> None:
    for color in look(theme).diverging:
        assert max(abs(oklab(color)[1:])) < 0.025
    ends = look(theme).diverging[0], look(theme).diverging[-1]
    assert all(contrast(end, look(theme).diverging[2]) > 3 for end in ends)
