"""Accuracy of models across data sets: the deck's two grouped bar charts, with intervals and references."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

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
    readable_on,
    start,
    wrap,
)
from core.stats.accuracy import BY_NAME
from core.stats.numbers import count, listed, percent
from core.words.names import METHODS, PROBE, TRAINED, ZERO_SHOT, say_metric

GROUP_WIDTH = 0.82
UPRIGHT_BARS = 8
"""As many stand side by side on a screen 390 pixels wide with their numbers in them."""
FOOT = {True: 0.09, False: 0.13}
"""How far up an upright and a lying bar the number at its foot reaches, on a screen 390 pixels wide."""
MARK_ROOM = 0.025
"""Half a published or deck mark along the axis."""


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
    numbers stay readable on a narrow screen (`upright` decides by hand). A bar's customdata is
    (model, dataset, split), with a `methods_frame` also the method.
    """
    frame = frame[frame[metric].notna()]
    upright = len(frame) <= UPRIGHT_BARS if upright is None else upright
    placed = _placed(frame, upright)
    title = title or BY_NAME[metric].question
    height = 380 if upright else 60 + 24 * len(frame) + 26 * placed["group"].nunique()
    style, fig = start(theme, scale, title, note=_note(frame, metric), height=height)
    named = set[str]()
    for _, rows in placed.groupby("series", sort=True):
        model = str(rows["model"].iloc[0])
        fig.add_trace(_bars(rows, metric, style, upright).update(showlegend=model not in named))
        named.add(model)
    _add_method_keys(fig, placed, style)
    ends, axis = (placed[f"{metric}_low"], placed[f"{metric}_high"]), "y" if upright else "x"
    add_intervals(fig, style, **_along(upright, placed["place"], placed[metric]), ends=ends, axis=axis)
    _numbers_past(fig, placed, metric, style, upright)
    _add_chance(fig, placed, metric, style, upright)
    _add_references(fig, placed, metric, style, upright)
    _axes(fig, placed, metric, style, upright)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame, metric), frame=frame, filename=f"accuracy-{metric}")


def _placed(frame: pd.DataFrame, upright: bool) -> pd.DataFrame:
    """The frame with `series` (which model and method), `group` (which data set), `place` (where its bar stands)
    and `width` (of the bar)."""
    method = frame["method"] if "method" in frame else pd.Series(ZERO_SHOT, frame.index)
    models, datasets = list(frame["model"].unique()), list(frame["dataset"].unique())
    keys = list(zip(frame["model"], method, strict=True))
    series = sorted(set(keys), key=lambda key: (models.index(key[0]), list(METHODS).index(key[1])))
    width = GROUP_WIDTH / len(series)
    group = frame["dataset"].map(datasets.index)
    number = pd.Series([series.index(key) for key in keys], frame.index)
    place = group + (number - (len(series) - 1) / 2) * width
    return frame.assign(method_shown=method, series=number, group=group, place=place, width=width)


def _along(upright: bool, place: Any, value: Any) -> dict[str, Any]:
    """x and y of something at a place across the groups and a value along the bars."""
    return {"x": place, "y": value} if upright else {"x": value, "y": place}


def _bars(rows: pd.DataFrame, metric: str, style: Look, upright: bool) -> go.Bar:
    """The bars of one model and method; a number that its whisker would lie on stands past it (`_numbers_past`)."""
    first, crossed = rows.iloc[0], _crossed(rows, metric, style, upright)
    model, method = str(first["model"]), str(first["method_shown"])
    fill, marker = _dress(model, method, style)
    about = ["model", "dataset", "split", *(["method"] if "method" in rows else [])]
    return go.Bar(
        **_along(upright, rows["place"], rows[metric]),
        width=rows["width"] * 0.92,
        orientation="v" if upright else "h",
        name=first["model_title"],
        legendgroup=model,
        marker=marker,
        customdata=rows[about].values.tolist(),
        hovertext=_hover(rows, metric),
        text=["" if past else percent(v, 0) for v, past in zip(rows[metric], crossed, strict=True)],
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        insidetextfont={"color": readable_on(fill), "size": style.size(12)},
        constraintext="none",
    )


def _dress(model: str, method: str, style: Look) -> tuple[str, dict[str, Any]]:
    """(colour behind the number, marker of the bar): the model's colour, the method by how it is filled."""
    color = model_color(model, style.theme)
    if method == ZERO_SHOT:
        return color, bar_fill(model, style.theme, style.background)
    pale = mixed(color, style.background, 0.3 if method == PROBE else 0.08)
    edge = {"color": color, "width": style.size(2 if method == PROBE else 1)}
    hatch = {
        "shape": "x" if method == TRAINED else "",
        "fgcolor": mixed(color, style.background, 0.35),
        "bgcolor": pale,
        "size": style.size(6),
        "solidity": 0.15,
    }
    return pale, {"color": pale, "line": edge, "pattern": hatch if method == TRAINED else {"shape": ""}}


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


def _hover(rows: pd.DataFrame, metric: str) -> list[str]:
    return [
        f"<b>{r['model_title']}</b> on {r['dataset_title']} ({r['split']})<br>{say_metric(metric)} "
        f"{percent(r[metric])} ({percent(r[f'{metric}_low'])} to {percent(r[f'{metric}_high'])})<br>"
        f"{count(r['n'], 'picture')}, {_made(r)}<br>{r['model']}"
        for _, r in rows.iterrows()
    ]


def _made(row: pd.Series) -> str:
    if row["method_shown"] == ZERO_SHOT:
        return count(int(row["templates"]), "template")
    told = f"C = {row['C']:.3g}"
    return f"{METHODS[row['method_shown']]}, {told}" + (
        f", trained on {row['n_train']:,.0f} others" if row["method_shown"] == PROBE else ""
    )


def _crossed(rows: pd.DataFrame, metric: str, style: Look, upright: bool) -> pd.Series:
    """Whether the whisker of a bar begins where the number at its foot still stands."""
    return rows[f"{metric}_low"].fillna(1.0) < FOOT[upright] * style.scale


def _numbers_past(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool) -> None:
    """The numbers of short bars past their whiskers, and past a mark from elsewhere that would lie on them."""
    rows = placed[_crossed(placed, metric, style, upright)]
    if rows.empty:
        return
    room, end = FOOT[upright] * style.scale, rows[f"{metric}_high"].astype(float)
    for kind in ("published", "deck"):
        mark = rows[f"{kind}_{metric}"].astype(float)
        end = end.mask((mark > end - MARK_ROOM) & (mark < end + room), mark + MARK_ROOM)
    fig.add_scatter(
        **_along(upright, rows["place"], end + 0.005),
        text=[percent(v, 0) for v in rows[metric]],
        mode="text",
        textposition="top center" if upright else "middle right",
        hoverinfo="skip",
        showlegend=False,
        textfont={"color": style.text, "size": style.size(12)},
        cliponaxis=False,
    )


def _add_chance(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool) -> None:
    """A line for each group, behind the bars, so that it never crosses a number."""
    for group, chance in zip(*(placed.drop_duplicates("group")[c] for c in ("group", f"chance_{metric}")), strict=True):
        ends = _along(upright, (group - 0.5, group + 0.5), (chance, chance))
        fig.add_shape(
            type="line",
            layer="below",
            line=chance_line(style),
            **{f"{axis}{i}": ends[axis][i] for axis in "xy" for i in (0, 1)},
        )
    fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")


def _add_references(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool) -> None:
    """Published figures on one half of a bar, the deck's on the other: neither hides the other."""
    for kind, marker, shift in (("published", published_marker(style), -0.2), ("deck", deck_marker(style), 0.2)):
        column = f"{kind}_{metric}"
        rows = placed[placed[column].notna()]
        if rows.empty:
            continue
        name = "published figure" if kind == "published" else "the deck’s figure"
        fig.add_scatter(
            **_along(upright, rows["place"] + shift * rows["width"], rows[column]),
            mode="markers",
            marker=marker,
            cliponaxis=False,  # a mark at 100 % is whole
            name=name,
            hovertext=_reference_hover(rows, column, name),
        )


def _reference_hover(rows: pd.DataFrame, column: str, name: str) -> list[str]:
    return [
        f"<b>{r['model_title']}</b> on {r['dataset_title']}, {name}<br>{percent(r[column])}; it lies "
        f"{r[f'{column}_lies']} our interval<br>{wrap(r[f'{column}_protocol'], 60, 3)}<br>"
        f"{wrap(r[f'{column}_source'], 60)}"
        for _, r in rows.iterrows()
    ]


def _axes(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look, upright: bool) -> None:
    groups = placed.drop_duplicates("group")
    width = 13 if len(groups) > 3 else 18
    ends = [-0.5, len(groups) - 0.5]
    ticks = {
        "tickvals": groups["group"].tolist(),
        "ticktext": [wrap(t, width, 3) for t in groups["dataset_title"]],
        "showgrid": False,
        "range": ends if upright else ends[::-1],
        "tickangle": 0,
    }
    (fig.update_xaxes if upright else fig.update_yaxes)(**ticks)
    percent_axis(fig, style, "y" if upright else "x", title=say_metric(metric))


def _note(frame: pd.DataFrame, metric: str) -> str:
    few = list(frame.loc[frame["classes"] <= 5, "dataset_title"].unique()) if metric == "acc5" else []
    said = f"Top-5 says nothing on {listed(few, 4)}: five classes or fewer. " if few else ""
    return said + "Bars: measured, with 95 % interval."


def _alt(frame: pd.DataFrame, metric: str) -> str:
    rows = [f"{r['model_title']}{_by(r)} {percent(r[metric])} on {r['dataset_title']}" for _, r in frame.iterrows()]
    return f"{say_metric(metric)} as bars: {listed(rows, 8)}."


def _by(row: pd.Series) -> str:
    return f" ({row['method_title']})" if row.get("method", ZERO_SHOT) != ZERO_SHOT else ""
