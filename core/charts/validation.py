"""The validation curve of a linear probe: which strength of regularisation, and how it was found."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, add_chance, finish, percent_axis, start, whiskers
from core.stats.numbers import listed, percent, setting


@marks_apart
def validation_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Accuracy on held-out training pictures against C for each model, from a `validation_frame`, with the chosen C
    marked; the thin dashed line is accuracy on the pictures fitted to. customdata is (model, C)."""
    title = title or "Which C generalizes best?"
    style, fig = start(theme, scale, title, note=_note(frame), height=430)
    for model, rows in frame.groupby("model", sort=False):
        line = {"color": model_color(str(model), style.theme), "width": style.size(1.2), "dash": "dash"}
        fig.add_scatter(x=rows["C"], y=rows["train_acc1"], mode="lines", line=line, showlegend=False, hoverinfo="skip")
        _held_out(fig, rows, str(model), style)
    _keys(fig, style)
    low, high = (int(end(math.log10(c) for c in frame["C"])) for end in (min, max))
    ticks = range(low, high + 1, 1 if high - low <= 6 else 2)
    fig.update_xaxes(
        type="log",
        range=[math.log10(frame["C"].min()) - 0.3, math.log10(frame["C"].max()) + 0.3],
        tickvals=[10.0**t for t in ticks],
        ticktext=[f"{10.0**t:,g}" for t in ticks],
        title_text="C: larger means weaker regularization (log scale)",
    )
    percent_axis(fig, style, "y", title="Accuracy")
    add_chance(fig, style, frame["chance_acc1"].iloc[0], "y")
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame), frame=frame, filename="probe-validation")


def _held_out(fig: go.Figure, rows: pd.DataFrame, model: str, style: Look) -> None:
    color, edge = model_color(model, style.theme), [style.text if c else "rgba(0,0,0,0)" for c in rows["chosen"]]
    fig.add_scatter(
        x=rows["C"],
        y=rows["acc1"],
        mode="lines+markers",
        name=rows["model_title"].iloc[0],
        line={"color": color, "width": style.size(2)},
        marker={
            "symbol": model_symbol(model),
            "color": color,
            "size": [style.size(14 if c else 7) for c in rows["chosen"]],
            "line": {"color": edge, "width": style.size(2)},
            "opacity": 1,
        },
        error_y=whiskers(style, rows["acc1"], rows["acc1_low"], rows["acc1_high"])
        | {"color": color, "thickness": style.size(1)},
        customdata=rows[["model", "C"]].values.tolist(),
        hovertext=[_hover(row) for _, row in rows.iterrows()],
    )


def _keys(fig: go.Figure, style: Look) -> None:
    line = {"color": style.muted, "width": style.size(1.2), "dash": "dash"}
    fig.add_scatter(x=[None], y=[None], mode="lines", line=line, name="on the images fitted to")
    marker = {"size": style.size(13), "color": style.background, "line": {"color": style.text, "width": style.size(2)}}
    fig.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name="chosen C")


def _hover(row: pd.Series) -> str:
    chosen = " · chosen" if row["chosen"] else ""
    return (
        f"<b>{row['model_title']}</b>, C = {setting(row['C'])}{chosen}<br>held out {percent(row['acc1'])} "
        f"({percent(row['acc1_low'])} to {percent(row['acc1_high'])})<br>fitted to {percent(row['train_acc1'])}"
    )


def _note(frame: pd.DataFrame) -> str:
    return f"{frame['dataset_title'].iloc[0]}, held-out training images, with 95 % interval."


def _alt(frame: pd.DataFrame) -> str:
    rows = [
        f"{r['model_title']} does best at C = {setting(r['C'])} with {percent(r['acc1'])} on held-out images"
        for _, r in frame[frame["chosen"]].iterrows()
    ]
    return f"Validation curve over C: {listed(rows, 8)}."
