"""What a number would be otherwise: each way to come by it on a line of its own, beside the published figure."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color, model_symbol
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
    wrap,
)
from core.stats.numbers import listed, percent, points
from core.tables.audit import DECK, MEASURED, OTHERWISE, PUBLISHED

ROW_HEIGHT = 48
NAME_WIDTH, NAME_LINES = 26, 3


@marks_apart
def otherwise_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Marks with intervals from an `otherwise_frame`, the number as it is on top. customdata is (said,)."""
    rows = frame.reset_index(drop=True)
    title = title or "What would the number be otherwise?"
    style, fig = start(
        theme,
        scale,
        title,
        note="Top-1 accuracy of the same images, with 95 % interval.",
        height=110 + ROW_HEIGHT * len(rows),
    )
    _measured(fig, rows, style)
    _elsewhere(fig, rows, style)
    _chance(fig, rows, style)
    fig.update_yaxes(
        tickvals=list(rows.index),
        ticktext=[_tick(row) for _, row in rows.iterrows()],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    percent_axis(fig, style, "x")
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(rows), frame=frame, filename="otherwise")


def _measured(fig: go.Figure, rows: pd.DataFrame, style: Look) -> None:
    """The number as it is filled in its colour, the others of the same pictures in it too, but smaller."""
    for kind, name, size in ((MEASURED, "as measured", 15), (OTHERWISE, "under other choices", 11)):
        part = rows[rows["kind"] == kind]
        if part.empty:
            continue
        marker = _marker(part, style)
        if part["low"].notna().any():
            ends = part["low"].fillna(part["value"]), part["high"].fillna(part["value"])
            add_intervals(fig, style, part["value"], part.index, ends, axis="x")
        fig.add_scatter(
            x=part["value"],
            y=part.index,
            mode="markers",
            name=name,
            marker={**marker, "size": style.size(size)},
            cliponaxis=False,  # a mark at 0 % is whole
            customdata=part[["said"]].values.tolist(),
            hovertext=[_hover(row) for _, row in part.iterrows()],
        )


def _marker(part: pd.DataFrame, style: Look) -> dict[str, str]:
    """A run of ours in its model's colour; predictions that someone brings in that of text, which is no model's."""
    model = str(part["model"].iloc[0])
    if part["own"].iloc[0] or not model:
        return {"color": style.text, "symbol": "circle"}
    return {"color": model_color(model, style.theme), "symbol": model_symbol(model)}


def _tick(row: pd.Series) -> str:
    """The way and its number, which beside the mark would run into its neighbours on a narrow screen."""
    return f"{wrap(row['said'], NAME_WIDTH, NAME_LINES)} <b>{percent(row['value'])}</b>"


def _hover(row: pd.Series) -> str:
    span = "" if pd.isna(row["low"]) else f" ({percent(row['low'])} to {percent(row['high'])})"
    gap = "" if row["kind"] == MEASURED else f"<br>{points(row['difference'], signed=True)} from the number as measured"
    return f"<b>{wrap(row['said'], 50, 3)}</b><br>{percent(row['value'])}{span}{gap}"


def _elsewhere(fig: go.Figure, rows: pd.DataFrame, style: Look) -> None:
    marks = (
        (PUBLISHED, "published figure", published_marker(style)),
        (DECK, "the original study’s figure", deck_marker(style)),
    )
    for kind, name, marker in marks:
        part = rows[rows["kind"] == kind]
        if not part.empty:
            fig.add_scatter(
                x=part["value"],
                y=part.index,
                mode="markers",
                marker=marker,
                name=name,
                hovertext=[_hover(row) for _, row in part.iterrows()],
            )


def _chance(fig: go.Figure, rows: pd.DataFrame, style: Look) -> None:
    chance = rows["chance"].iloc[0]
    if pd.notna(chance):
        fig.add_shape(
            type="line", x0=chance, x1=chance, y0=-0.5, y1=len(rows) - 0.5, layer="below", line=chance_line(style)
        )
        fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")


def _alt(rows: pd.DataFrame) -> str:
    return "Top-1 accuracy " + listed([f"{r['said']}: {percent(r['value'])}" for _, r in rows.iterrows()], 8) + "."
