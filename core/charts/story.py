"""The deck's two bar charts: zero-shot accuracy beside a linear probe's, across data sets."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, bar_fill, marks_apart
from core.charts.theme import (
    Chart,
    Look,
    add_intervals,
    chance_line,
    deck_marker,
    finish,
    percent_axis,
    published_marker,
    start,
    whiskers,
    wrap,
)
from core.stats.numbers import listed, percent
from core.words.shorter import middle_out

GAP, WIDTH = 2.4, 0.84
_FIVE = 5
NAME_WIDTH = 24
"""Characters of a model's name under its place."""
STAGE_WIDTH = 700
"""Pixels of the narrowest plot that all names stand beside each other in, where type has the scale 1."""


@marks_apart
def story_bars(
    frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0, height: int = 460
) -> Chart:
    """From a `bars_frame`: a bar for each zero-shot figure with its interval, a square for the probe's on test
    pictures; the deck's figures are open circles and published ones diamonds, also where nothing was measured. Each
    place has the name of its model under it, so that no legend has to be read across."""
    metric = str(frame["metric"].iloc[0])
    # The frame with `place`, one after the other with a gap between data sets
    groups = frame["dataset"].ne(frame["dataset"].shift()).cumsum() - 1
    placed = (
        frame.reset_index(drop=True)
        .assign(place=range(len(frame)), group=groups.to_numpy())
        .assign(place=lambda f: f["place"] + GAP * f["group"])
    )
    style, fig = start(theme, scale, title, note=_note(metric), height=height)
    for model, rows in placed.groupby("model", sort=False):
        fig.add_trace(_bars(str(model), rows, style))
    _add_intervals(fig, placed, style)
    _add_probe(fig, placed, style)
    _add_theirs(fig, placed, style)
    _add_chance(fig, placed, metric, style)
    _axes(fig, placed, metric, style)
    finish(fig, style)
    fig.update_xaxes(tickfont_size=min(style.size(13), style.scale * STAGE_WIDTH / (placed["place"].max() + 2)))
    return Chart(figure=fig, title=title, alt=_alt(frame), frame=frame, filename=f"story-{metric}")


def _bars(model: str, rows: pd.DataFrame, style: Look) -> go.Bar:
    shown = rows[rows["zero_shot"].notna()]
    return go.Bar(
        x=shown["place"] if len(shown) else [None],
        y=shown["zero_shot"] if len(shown) else [None],
        width=WIDTH,
        name=rows["model_title"].iloc[0],
        showlegend=False,
        marker=bar_fill(model, style.theme, style.background),
        hovertext=[
            f"<b>{r['model_title']}</b>, {r['dataset_title']}: {percent(r['zero_shot'])}" for _, r in shown.iterrows()
        ],
    )


def _add_intervals(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    rows = placed[placed["zero_shot"].notna()]
    if rows.empty:
        return
    value, low, high = (rows[c].astype(float) for c in ("zero_shot", "zero_shot_low", "zero_shot_high"))
    add_intervals(fig, style, rows["place"], value, (low, high))


def _add_probe(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    rows = placed[placed["probe"].notna()]
    if rows.empty:
        return
    error = whiskers(style, *(rows[c].astype(float) for c in ("probe", "probe_low", "probe_high")))
    fig.add_scatter(
        x=rows["place"],
        y=rows["probe"],
        error_y=error,
        mode="markers",
        name="linear probe, test",
        marker={
            "symbol": "square",
            "size": style.size(11),
            "color": style.text,
            "line": {"color": style.background, "width": style.size(1.5)},
        },
        hovertext=[
            f"<b>{r['model_title']}</b>, {r['dataset_title']}, probe: {percent(r['probe'])}" for _, r in rows.iterrows()
        ],
    )


def _add_theirs(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    square = deck_marker(style) | {"symbol": "square"}
    for column, marker, name in (
        ("zero_shot_published", published_marker(style), "published"),
        ("zero_shot_deck", deck_marker(style), "the original study"),
        ("probe_deck", square, "the original study’s probe"),
    ):
        rows = placed[placed[column].notna()]
        if rows.empty:
            continue
        fig.add_scatter(
            x=rows["place"],
            y=rows[column],
            mode="markers",
            marker=marker,
            name=name,
            hovertext=[
                f"<b>{r['model_title']}</b>, {r['dataset_title']}, {name}: {percent(r[column])}"
                for _, r in rows.iterrows()
            ],
        )


def _add_chance(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look) -> None:
    for _, rows in placed.groupby("group", sort=False):
        c = int(rows["classes"].max())
        if c:
            level = min(_FIVE if metric == "acc5" else 1, c) / c
            fig.add_shape(
                type="line",
                layer="below",
                line=chance_line(style),
                y0=level,
                y1=level,
                x0=rows["place"].min() - 0.6,
                x1=rows["place"].max() + 0.6,
            )
    fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")


def _axes(fig: go.Figure, placed: pd.DataFrame, metric: str, style: Look) -> None:
    """The name of each model upright under its place, where no mark and no other name is, and the data sets on top."""
    rows = placed.drop_duplicates("place")
    ticks: dict[str, Any] = {
        "tickvals": rows["place"].tolist(),
        "ticktext": [middle_out(str(name).replace(" · ", "\u00a0"), NAME_WIDTH) for name in rows["model_title"]],
    }
    last = float(placed["place"].max())
    fig.update_xaxes(**ticks, showgrid=False, range=[-1, last + 1], tickangle=-90)
    for _, first in placed.groupby("group", sort=False):
        fig.add_annotation(
            x=first["place"].mean(),
            y=1,
            yref="y domain",
            yanchor="bottom",
            text=f"<b>{wrap(str(first['dataset_title'].iloc[0]), 9, 2)}</b>",
            showarrow=False,
            font={"size": style.size(13), "color": style.text},
        )
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(34))
    percent_axis(fig, style, "y", top=1.02)


def _note(metric: str) -> str:
    which = "top-5" if metric == "acc5" else "top-1"
    return f"Bars: zero-shot {which}, measured, with 95 % interval. Squares: a linear probe's top-1 on test images."


def _alt(frame: pd.DataFrame) -> str:
    said = [
        f"{r['model_title']} on {r['dataset_title']} {percent(r['zero_shot'])}"
        for _, r in frame[frame["zero_shot"].notna()].iterrows()
    ]
    theirs = int(frame["zero_shot_deck"].notna().sum())
    return f"Measured: {listed(said, 8) or 'nothing yet'}. Beside them {theirs} figures of the original study."
