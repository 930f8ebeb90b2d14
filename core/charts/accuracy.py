"""Accuracy of models across data sets: the deck's two grouped bar charts, with intervals and references."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts import layout
from core.charts.palette import Theme, bar_fill, marks_apart, model_color
from core.charts.theme import (
    Chart,
    Look,
    add_intervals,
    chance_line,
    deck_marker,
    finish,
    mixed,
    percent_axis,
    published_marker,
    start,
    wrap,
)
from core.stats.accuracy import BY_NAME
from core.stats.numbers import count, listed, percent
from core.words.names import METHODS, PROBE, TRAINED, ZERO_SHOT, say_metric

UPRIGHT_BARS = 6
"""As many are side by side on a screen 390 pixels wide with their numbers over them."""


@marks_apart
def accuracy_chart(
    frame: pd.DataFrame,
    metric: str = "acc1",
    *,
    title: str = "",
    theme: Theme = "light",
    scale: float = 1.0,
    upright: bool | None = None,
) -> Chart:
    """Bars grouped by data set, one for each model, from an `accuracy_frame`; from a `methods_frame` one for each
    model and method: zero-shot full, a probe pale with an edge, its training pictures hatched.

    `metric` is one of `core.stats.accuracy.METRICS`. Few bars stand upright; many lie, so that names and
    numbers stay readable on a narrow screen (`upright` decides by hand); more than four models are named at their
    bars. A bar's customdata is (model, dataset, split), with a `methods_frame` also the method.
    """
    frame = frame[frame[metric].notna()]
    upright = len(frame) <= UPRIGHT_BARS if upright is None else upright
    named = not upright and frame["model"].nunique() > layout.MOST_IN_LEGEND
    placed = _placed(frame, named)
    title = title or BY_NAME[metric].question
    height = 380 if upright else layout.height(placed, named=named)
    style, fig = start(theme, scale, title, note=_note(frame, metric), height=height)
    seen = set[str]()
    for _, part in placed.groupby("series", sort=True):
        model = str(part["model"].iloc[0])
        fig.add_trace(_bars(part, metric, style, upright).update(showlegend=not named and model not in seen))
        seen.add(model)
    _add_method_keys(fig, placed, style)
    ends, axis = (placed[f"{metric}_low"], placed[f"{metric}_high"]), "y" if upright else "x"
    add_intervals(fig, style, **layout.along(upright, placed["place"], placed[metric]), ends=ends, axis=axis)
    marks = [f"published_{metric}", f"deck_{metric}"]
    layout.numbers_past(fig, style, placed, metric, upright=upright, marks=marks)
    _add_chance(fig, placed, metric, style, upright, named)
    _add_references(fig, placed, metric, style, upright)
    if named:
        layout.name_rows(fig, placed, style)
    else:
        layout.name_groups(fig, list(placed.drop_duplicates("group")["group_title"]), upright=upright)
    percent_axis(fig, style, "y" if upright else "x", few=named, title=say_metric(metric))
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame, metric), frame=frame, filename=f"accuracy-{metric}")


def _placed(frame: pd.DataFrame, named: bool) -> pd.DataFrame:
    """The frame with `series` (which model and method), `group` (which data set), `place` (where its bar is), `width`
    (of the bar), and `row` (the bars of one model in a group)."""
    method = frame["method"] if "method" in frame else pd.Series(ZERO_SHOT, frame.index)
    models, datasets = list(frame["model"].unique()), list(frame["dataset"].unique())
    keys = list(zip(frame["model"], method, strict=True))
    series = sorted(set(keys), key=lambda key: (models.index(key[0]), list(METHODS).index(key[1])))
    group = frame["dataset"].map(datasets.index)
    number = pd.Series([series.index(key) for key in keys], frame.index)
    place, width = layout.places(group, number, len(series), named=named)
    return frame.assign(
        method_shown=method,
        series=number,
        group=group,
        group_title=frame["dataset_title"],
        place=place,
        width=width,
        row=frame["dataset"] + "\n" + frame["model"],
        row_title=frame["model_title"],
    )


def _bars(part: pd.DataFrame, metric: str, style: Look, upright: bool) -> go.Bar:
    """The bars of one model and method."""
    first = part.iloc[0]
    model, method = str(first["model"]), str(first["method_shown"])
    about = ["model", "dataset", "split", *(["method"] if "method" in part else [])]
    return go.Bar(
        **layout.along(upright, part["place"], part[metric]),
        width=part["width"] * 0.92,
        orientation="v" if upright else "h",
        name=first["model_title"],
        legendgroup=model,
        marker=_dress(model, method, style),
        customdata=part[about].values.tolist(),
        hovertext=_hover(part, metric),
    )


def _dress(model: str, method: str, style: Look) -> dict[str, Any]:
    """The marker of a bar: the model's colour, the method by how it is filled."""
    color = model_color(model, style.theme)
    if method == ZERO_SHOT:
        return bar_fill(model, style.theme, style.background)
    pale = mixed(color, style.background, 0.3 if method == PROBE else 0.08)
    edge = {"color": color, "width": style.size(2 if method == PROBE else 1)}
    hatch = {
        "shape": "x" if method == TRAINED else "",
        "fgcolor": mixed(color, style.background, 0.35),
        "bgcolor": pale,
        "size": style.size(6),
        "solidity": 0.15,
    }
    return {"color": pale, "line": edge, "pattern": hatch if method == TRAINED else {"shape": ""}}


def _add_method_keys(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    """What full, pale and hatched mean, in grey, where there is more than zero-shot."""
    methods = [m for m in METHODS if m in set(placed["method_shown"])]
    if methods == [ZERO_SHOT]:
        return
    pale = mixed(style.muted, style.background, 0.3)
    for method in methods:
        look = {
            ZERO_SHOT: {"color": style.muted},
            PROBE: {"color": pale, "line": {"color": style.muted, "width": style.size(2)}},
            TRAINED: {
                "color": style.background,
                "line": {"color": style.muted, "width": style.size(1)},
                "pattern": {
                    "shape": "x",
                    "fgcolor": pale,
                    "bgcolor": style.background,
                    "size": style.size(6),
                    "solidity": 0.15,
                },
            },
        }[method]
        fig.add_bar(x=[None], y=[None], name=METHODS[method], marker=look, hoverinfo="skip")


def _hover(part: pd.DataFrame, metric: str) -> list[str]:
    return [
        f"<b>{r['model_title']}</b> on {r['dataset_title']} ({r['split']})<br>{say_metric(metric)} "
        f"{percent(r[metric])} ({percent(r[f'{metric}_low'])} to {percent(r[f'{metric}_high'])})<br>"
        f"{count(r['n'], 'image')}, {_made(r)}<br>{r['model']}"
        for _, r in part.iterrows()
    ]


def _made(row: pd.Series) -> str:
    if row["method_shown"] == ZERO_SHOT:
        return count(int(row["templates"]), "template")
    told = f"C = {row['C']:.3g}"
    return f"{METHODS[row['method_shown']]}, {told}" + (
        f", trained on {row['n_train']:,.0f} others" if row["method_shown"] == PROBE else ""
    )


def _add_chance(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool, named: bool) -> None:
    """A line for each group, over its bars: in none of them is a number."""
    chances = placed.drop_duplicates("group").set_index("group")[f"chance_{metric}"]
    for group, (low, high) in layout.reach(placed, named=named).items():
        ends = layout.along(upright, (low, high), (chances[group],) * 2)
        fig.add_shape(
            type="line",
            line=chance_line(style) | {"color": style.text},
            **{f"{axis}{i}": ends[axis][i] for axis in "xy" for i in (0, 1)},
        )
    fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")


def _add_references(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool) -> None:
    """Published figures on one half of a bar, the deck's on the other: neither hides the other."""
    for kind, marker, shift in (("published", published_marker(style), -0.2), ("deck", deck_marker(style), 0.2)):
        column = f"{kind}_{metric}"
        known = placed[placed[column].notna()]
        if known.empty:
            continue
        name = "published figure" if kind == "published" else "the original study’s figure"
        fig.add_scatter(
            **layout.along(upright, known["place"] + shift * known["width"], known[column]),
            mode="markers",
            marker=marker,
            cliponaxis=False,  # a mark at 100 % is whole
            name=name,
            hovertext=_reference_hover(known, column, name),
        )


def _reference_hover(known: pd.DataFrame, column: str, name: str) -> list[str]:
    return [
        f"<b>{r['model_title']}</b> on {r['dataset_title']}, {name}<br>{percent(r[column])}; it lies "
        f"{r[f'{column}_lies']} our interval<br>{wrap(r[f'{column}_protocol'], 60, 3)}<br>"
        f"{wrap(r[f'{column}_source'], 60)}"
        for _, r in known.iterrows()
    ]


def _note(frame: pd.DataFrame, metric: str) -> str:
    few = list(frame.loc[frame["classes"] <= 5, "dataset_title"].unique()) if metric == "acc5" else []
    said = f"Top-5 says nothing on {listed(few, 4)}: five classes or fewer. " if few else ""
    return said + "Bars: measured, with 95 % interval."


def _alt(frame: pd.DataFrame, metric: str) -> str:
    said = [f"{r['model_title']}{_by(r)} {percent(r[metric])} on {r['dataset_title']}" for _, r in frame.iterrows()]
    return f"{say_metric(metric)} as bars: {listed(said, 8)}."


def _by(row: pd.Series) -> str:
    return f" ({row['method_title']})" if row.get("method", ZERO_SHOT) != ZERO_SHOT else ""
