"""Paired differences: how far two models are apart on the same pictures, and whether beyond chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color
from core.charts.theme import Chart, Look, finish, start, wrap
from core.stats.numbers import in_points

LONGEST = 38
"""Characters of an axis title that a narrow screen shows in one line."""


@marks_apart
def difference_chart(
    frame: pd.DataFrame,
    *,
    title: str = "",
    unit: str = "points of accuracy",
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """Differences with their 95 % intervals around a zero line, one row each, from a `difference_frame`.

    A filled mark in the leader's colour where the interval excludes zero; an open one, with the word "tie",
    where it does not. customdata is (model_a, model_b, dataset).
    """
    same = frame[["a", "b"]].drop_duplicates().shape[0] == 1
    title = title or (frame["finding"].iloc[0] if len(frame) == 1 else "Is the difference more than chance?")
    intervals = "95 % intervals" if len(frame) == 1 else "95 % intervals, unadjusted"
    note = f"On the same images, with {intervals}." + ("" if same else " First named minus second.")
    sides = _sides(frame, same)
    style, fig = start(theme, scale, title, note=note, height=150 + 44 * len(frame) + 18 * sides.count("<br>"))
    for clear in (True, False):
        _marks(fig, frame.assign(place=range(len(frame))), clear, style)
    _legend(fig, style)
    _axes(fig, frame, same, f"{sides}<br>{unit}")
    finish(fig, style)
    # The axis' own line lies under the marks, above the grid.
    fig.update_xaxes(zeroline=True, zerolinecolor=style.text, zerolinewidth=style.size(1.5))
    return Chart(
        figure=fig,
        title=title,
        alt=" ".join(_sentence(row) for _, row in frame.iterrows()),
        frame=frame,
        filename="difference",
    )


def _marks(fig: go.Figure, frame: pd.DataFrame, clear: bool, style: Look) -> None:
    rows = frame[frame["excludes_zero"] == clear]
    if rows.empty:
        return
    leader = np.where(rows["difference"] > 0, rows["model_a"], rows["model_b"])
    colors = [model_color(name, style.theme) if clear else style.background for name in leader]
    for place, difference in zip(rows["place"], rows["difference"], strict=True):
        _say(fig, place, difference, "" if clear else " tie", style)
    edge = [color if clear else style.text for color in colors]
    fig.add_scatter(
        x=rows["difference"],
        y=rows["place"],
        mode="markers",
        marker={"size": style.size(12), "color": colors, "line": {"color": edge, "width": style.size(2)}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows["difference_high"] - rows["difference"],
            "arrayminus": rows["difference"] - rows["difference_low"],
            "color": style.text,
            "thickness": style.size(1.6),
            "width": style.size(4),
        },
        showlegend=False,
        cliponaxis=False,
        customdata=rows[["model_a", "model_b", "dataset"]].values.tolist(),
        hovertext=[_hover(row) for _, row in rows.iterrows()],
    )


def _say(fig: go.Figure, place: float, difference: float, end: str, style: Look) -> None:
    """The difference over its mark, on a ground of its own, so that the zero line does not cross it."""
    fig.add_annotation(
        x=difference,
        y=place,
        text=in_points(difference, signed=True) + end,
        showarrow=False,
        yanchor="bottom",
        yshift=style.size(8),
        borderpad=0,
        bgcolor=style.background,
        font={"size": style.size(13), "color": style.text},
    )


def _legend(fig: go.Figure, style: Look) -> None:
    for name, color in (
        ("interval excludes zero", style.text),
        ("no clear difference: it includes zero", style.background),
    ):
        edge = {"color": style.text, "width": style.size(2)}
        marker = {"size": style.size(12), "color": color, "line": edge}
        fig.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)


def _hover(row: pd.Series) -> str:
    return (
        f"<b>{row['dataset_title']}</b>: {row['a']} minus {row['b']}<br>{wrap(row['finding'], 60, 3)}<br>"
        f"right only with {row['a']}: {row['only_a']:,}, only with {row['b']}: {row['only_b']:,}<br>"
        f"{row['test']}: p = {row['p_value']:.2g}"
    )


def _sides(frame: pd.DataFrame, same: bool) -> str:
    """Who is ahead on which side, for the axis; long names have a line each, so that a narrow screen shows them."""
    a, b = (frame[name].iloc[0] for name in "ab") if same else ("first", "second")
    left, right = f"← {b} ahead", f"{a} ahead →"
    if len(left) + len(right) <= LONGEST:
        return f"{left}     {right}"
    return f"{wrap(left, LONGEST, 2)}<br>{wrap(right, LONGEST, 2)}"


def _axes(fig: go.Figure, frame: pd.DataFrame, same: bool, axis: str) -> None:
    ends = np.abs(frame[["difference_low", "difference_high"]].to_numpy()).max() * 1.15 or 0.05
    ends = max(float(ends), 0.02)
    labels = [
        wrap(t if same else f"{t}: {a} − {b}", 20, 3)
        for t, a, b in zip(frame["dataset_title"], frame["a"], frame["b"], strict=True)
    ]
    fig.update_yaxes(tickvals=list(range(len(frame))), ticktext=labels, range=[len(frame) - 0.4, -0.7], showgrid=False)
    fig.update_xaxes(
        range=[-ends, ends],
        title_text=axis,
        tickvals=_ticks(ends),
        ticktext=[f"{t * 100:+.3g}".replace("-", "−") if t else "0" for t in _ticks(ends)],
    )


def _ticks(end: float) -> list[float]:
    step = next(s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if end / s <= 4)
    count = int(end / step)
    return [round(i * step, 4) for i in range(-count, count + 1)]


def _sentence(row: pd.Series) -> str:
    return f"{row['dataset_title']}, {row['a']} minus {row['b']}: {row['finding']}"
