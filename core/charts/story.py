"""The deck's two bar charts: zero-shot accuracy beside a linear probe's, across data sets."""

from __future__ import annotations

from collections.abc import Sequence
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

GAP, WIDTH = 2.4, 0.84
_FIVE = 5
ROOM_FOR_A_NAME = 0.42
"""So much of the height does the longest name take on a stage."""


@marks_apart
def story_bars(
    frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0, height: int = 460
) -> Chart:
    """From a `bars_frame`: a bar for each zero-shot figure with its interval, a square for the probe's on test
    pictures; the deck's figures are open circles and published ones diamonds, also where nothing was measured."""
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
    _name_theirs(fig, placed, style)
    _add_chance(fig, placed, metric, style)
    _axes(fig, placed, metric, style)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame), frame=frame, filename=f"story-{metric}")


def _bars(model: str, rows: pd.DataFrame, style: Look) -> go.Bar:
    shown = rows[rows["zero_shot"].notna()]
    return go.Bar(
        x=shown["place"] if len(shown) else [None],
        y=shown["zero_shot"] if len(shown) else [None],
        width=WIDTH,
        name=rows["model_title"].iloc[0],
        showlegend=bool(len(shown)),
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


def _name_theirs(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    """The model of each mark that no bar's colour names, upright under the lowest of its marks, or over one of them
    where there is no room under that."""
    rows = placed[placed["zero_shot"].isna()]
    theirs = rows[["zero_shot_published", "zero_shot_deck", "probe_deck"]].astype(float)
    for place, title, (_, marks) in zip(rows["place"], rows["model_title"], theirs.iterrows(), strict=True):
        values = sorted(marks.dropna())
        if not values:
            continue
        at, under = _room_for_name(values)
        fig.add_annotation(
            x=place,
            y=at,
            yshift=style.size(-8 if under else 8),
            text=str(title).replace(" · ", "\u00a0"),
            textangle=-90,
            yanchor="top" if under else "bottom",
            showarrow=False,
            font={"size": style.size(13), "color": style.text},
        )


def _room_for_name(values: Sequence[float]) -> tuple[float, bool]:
    """At which of these values, lowest first, a name has room, and whether under it; else over the lowest."""
    if values[0] >= ROOM_FOR_A_NAME:
        return values[0], True
    ends = [*values[1:], 1.0]
    return next((v for v, end in zip(values, ends, strict=True) if end - v >= ROOM_FOR_A_NAME), values[0]), False


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
    middle = placed.groupby("group", sort=False)["place"].mean()
    titles = placed.groupby("group", sort=False)["dataset_title"].first()
    ticks: dict[str, Any] = {"tickvals": middle.tolist(), "ticktext": [wrap(t, 9, 2) for t in titles]}
    fig.update_xaxes(**ticks, showgrid=False, range=[-1, placed["place"].max() + 1], tickangle=0)
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
