"""Reliability diagram: when a model says 80 %, is it right in 80 of 100?"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, finish, percent_axis, start, whiskers
from core.stats.numbers import listed, percent


@marks_apart
def reliability_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Share right against mean probability for each bin of a `calibration_frame` of one data set; below, how
    many pictures each bin holds.

    The diagonal is perfect; under it a model is too sure. customdata is (model, low, high), the bin's ends.
    """
    title = title or "Are the probabilities calibrated?"
    style, fig = start(theme, scale, title, note=_note(frame), height=470)
    line = {"color": style.muted, "width": style.size(1.2), "dash": "dash"}
    fig.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="perfect", hoverinfo="skip")
    sides, seen = list(frame["side"].unique()), set[str]()
    for i, side in enumerate(sides):
        rows = frame[frame["side"] == side]
        model = str(rows["model"].iloc[0])
        _curve(fig, rows, style, again=model in seen)
        _counts(fig, rows, i, len(sides), style, again=model in seen)
        seen.add(model)
    percent_axis(fig, style, "x", title="Probability of the first answer")
    percent_axis(fig, style, "y", title="Accuracy", domain=[0.3, 1.0])
    fig.update_layout(
        yaxis2={"domain": [0.0, 0.2], "title": {"text": "Images"}, "nticks": 3, "rangemode": "tozero"},
        xaxis={"anchor": "y2"},
        barmode="overlay",
    )
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame), frame=frame, filename="calibration")


def _curve(fig: go.Figure, rows: pd.DataFrame, style: Look, again: bool) -> None:
    """One side; a model that stands there `again`, asked or trained otherwise, has a dotted line and stars."""
    model, first = rows["model"].iloc[0], rows.iloc[0]
    color = model_color(model, style.theme)
    fig.add_scatter(
        x=rows["confidence"],
        y=rows["accuracy"],
        mode="lines+markers",
        name=f"{first['side']}, ECE {percent(first['ece'])}",
        line={"color": color, "width": style.size(2), "dash": "dot" if again else "solid"},
        marker={"symbol": "star" if again else model_symbol(model), "size": style.size(9), "color": color},
        error_y=whiskers(style, rows["accuracy"], rows["accuracy_low"], rows["accuracy_high"])
        | {"color": color, "thickness": style.size(1)},
        cliponaxis=False,
        customdata=rows[["model", "low", "high"]].values.tolist(),
        hovertext=[
            f"<b>{r['side']}</b><br>says {percent(r['confidence'])}, right in "
            f"{percent(r['accuracy'])}<br>"
            f"{r['n']:,} images between {percent(r['low'], 0)} and {percent(r['high'], 0)}"
            for _, r in rows.iterrows()
        ],
    )


def _counts(fig: go.Figure, rows: pd.DataFrame, i: int, sides: int, style: Look, again: bool) -> None:
    bin_width = float(rows["high"].iloc[0] - rows["low"].iloc[0])
    width = bin_width * 0.9 / sides
    fig.add_bar(
        x=(rows["low"] + rows["high"]) / 2 + (i - (sides - 1) / 2) * width,
        y=rows["n"],
        width=width,
        yaxis="y2",
        marker={"color": model_color(rows["model"].iloc[0], style.theme), "opacity": 0.5 if again else 1},
        showlegend=False,
        hovertemplate="%{y:,} images<extra></extra>",
    )


def _note(frame: pd.DataFrame) -> str:
    return f"{frame['dataset_title'].iloc[0]}. Below the dashed line a model is overconfident."


def _alt(frame: pd.DataFrame) -> str:
    rows = frame.drop_duplicates("side")
    said = [
        f"{r['side']} has a calibration error of {percent(r['ece'])} and is on average "
        f"{'overconfident' if r['gap'] > 0 else 'underconfident'}"
        for _, r in rows.iterrows()
    ]
    return f"Reliability diagram: {listed(said, 4)}."
