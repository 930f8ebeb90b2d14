"""The field: what cost buys, a data set against another one, and which data sets say the same.

121 checkpoints have no colour each: colour and symbol say whose training data it was, and a model that was measured
here has its own mark, larger and with its interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import layout
from core.charts.palette import Shade, Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, finish, percent_axis, start, whiskers
from core.stats.intervals import Float64Array
from core.stats.line import Line, from_logit, to_logit
from core.stats.numbers import percent, points

COSTS: Mapping[str, tuple[str, float]] = {
    "parameters": ("Parameters, millions, both towers (log scale)", 1e-6),
    "gflops": ("GFLOPs for one image and one text (log scale)", 1.0),
    "samples": ("Image-text pairs seen in training, billions (log scale)", 1e-9),
}
_DATA: Mapping[str, tuple[Shade, str]] = {
    "WIT (OpenAI)": (("#0072B2", "#56B4E9"), "circle"),
    "LAION": (("#D55E00", "#F0863C"), "square"),
    "DataComp": (("#4B7A1F", "#A5D56B"), "triangle-up"),
    "DFN": (("#A03FA0", "#E39BE3"), "star"),
    "MetaCLIP": (("#4B3FB0", "#A49BFF"), "triangle-down"),
    "WebLI": (("#2E7D7D", "#6FD3D3"), "pentagon"),
    "YFCC, CC12M": (("#6B6B6B", "#B8BEC3"), "x"),
    "LAION-COCO, translated": (("#8C5A2B", "#D8A878"), "cross"),
}
_SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
NAMED_APART = 0.13
"""Checkpoints of the front have their names beside them where their costs differ by a third, so that names do not pile
up."""


@marks_apart
def field_cost_chart(
    frame: pd.DataFrame,
    cost: str,
    on_front: Sequence[int],
    own: pd.DataFrame | None = None,
    *,
    title: str,
    figure: str,
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """`mean` against a cost of a `standings_frame`; the rows `on_front` joined and named. `own` has figures measured
    here with the cost of their model (columns `model`, `model_title`, `value`, `low`, `high`, and the cost). customdata
    is (model,)."""
    axis, unit = COSTS[cost]
    known = frame[frame[cost].notna()]
    style, fig = start(theme, scale, title, note=_unknown(frame, cost), height=520)
    _marks_by_data(fig, style, known, known[cost] * unit, known["mean"], "mean")
    front = frame.iloc[list(on_front)].sort_values(cost)
    _front(fig, style, front[cost] * unit, front["mean"])
    mine = None if own is None or own.empty else own[own[cost].notna()]
    if mine is not None and len(mine):
        _own_marks(fig, style, mine, mine[cost] * unit)
    high = float(max(known["mean"].max(), 0 if mine is None or mine.empty else mine["high"].max()))
    top = min(1.0, math.ceil(high * 10 + 0.5) / 10)
    ticks = _log_ticks(known[cost] * unit)
    fig.update_xaxes(type="log", title_text=axis, **ticks)
    percent_axis(fig, style, "y", top=top, title=figure)
    marks = _apart([(math.log10(r[cost] * unit), float(r["mean"]), str(r["model_title"])) for _, r in front.iterrows()])
    layout.name_marks(fig, style, marks, across=ticks["range"], top=top)
    for name in fig.layout.annotations:
        name.bgcolor = style.background  # so that the line of the front does not strike it through
    finish(fig, style)
    return Chart(
        figure=fig, title=title, alt=f"{title}. {figure} against {axis}.", frame=frame, filename=f"field-{cost}"
    )


@marks_apart
def field_line_chart(
    frame: pd.DataFrame,
    line: Line,
    names: tuple[str, str],
    own: pd.DataFrame | None = None,
    *,
    title: str,
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """`y` against `x` of an `against_frame` on logit axes with the line and its 95 % band for one more checkpoint.
    `own` has figures measured here on both sets (`model`, `model_title`, `x`, `y`). customdata is (model,)."""
    note = "Shaded: where 95 % of further checkpoints lie. Axes are in log odds, so the ends are stretched."
    style, fig = start(theme, scale, title, note=note, height=560)
    at = _between(frame["x"])
    low, high = line.band(at)
    for y, options in ((low, {}), (high, {"fill": "tonexty", "fillcolor": _band(style)})):
        fig.add_scatter(
            x=to_logit(at),
            y=to_logit(y),
            mode="lines",
            line={"width": 0},
            showlegend=False,
            hoverinfo="skip",
            **options,
        )
    fig.add_scatter(
        x=to_logit(at),
        y=to_logit(line.at(at)),
        mode="lines",
        line={"color": style.muted, "width": style.size(1.5)},
        name="line through all",
        hoverinfo="skip",
    )
    _marks_by_data(fig, style, frame, to_logit(frame["x"].to_numpy()), to_logit(frame["y"].to_numpy()), "y")
    if own is not None and len(own):
        places = own.assign(value=to_logit(own["y"].to_numpy()))
        _own_marks(fig, style, places, pd.Series(to_logit(own["x"].to_numpy()), own.index))
    for axis, name in (("x", names[0]), ("y", names[1])):
        _logit_axis(fig, axis, frame[axis], name)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=title, frame=frame, filename="field-sets")


def field_correlations_chart(frame: pd.DataFrame, *, title: str, theme: Theme = "light", scale: float = 1.0) -> Chart:
    """A `correlations_frame` as a map, in its order. customdata is (x, y)."""
    names = list(dict.fromkeys(frame["x_title"]))
    side, n = 22, len(names)
    style, fig = start(theme, scale, title, note="Spearman's rank correlation over checkpoints.", height=n * side + 190)
    values = frame["correlation"].to_numpy().reshape(n, n)
    stops = len(style.sequential) - 1
    fig.add_heatmap(
        z=values,
        x=list(range(n)),
        y=list(range(n)),
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        colorscale=[(i / stops, colour) for i, colour in enumerate(style.sequential)],
        colorbar={
            "thickness": style.size(10),
            "outlinewidth": 0,
            "len": 0.6,
            "tickfont": {"size": style.size(12), "color": style.text},
        },
        text=[[f"{a} and {b}<br>{values[i, k]:.2f}" for k, b in enumerate(names)] for i, a in enumerate(names)],
        hovertemplate="%{text}<extra></extra>",
    )
    ticks: dict[str, Any] = {"tickvals": list(range(n)), "ticktext": names, "showgrid": False}
    fig.update_xaxes(**ticks, tickangle=-90)
    fig.update_yaxes(**ticks, autorange="reversed")
    finish(fig, style, legend=False)
    fig.update_xaxes(tickfont_size=style.size(11))
    fig.update_yaxes(tickfont_size=style.size(11))
    return Chart(figure=fig, title=title, alt=title, frame=frame, filename="field-correlations")


# --- marks ------------------------------------------------------------------------------------------------


def _marks_by_data(fig: go.Figure, style: Look, frame: pd.DataFrame, x: Any, y: Any, figure: str) -> None:
    at = frame.assign(_x=np.asarray(x), _y=np.asarray(y))
    for group, ((light, dark), symbol) in _DATA.items():
        rows = at[at["data_group"] == group]
        if rows.empty:
            continue
        fig.add_scatter(
            x=rows["_x"],
            y=rows["_y"],
            mode="markers",
            name=group,
            marker={
                "symbol": symbol,
                "size": style.size(9),
                "color": dark if style.theme == "dark" else light,
                "line": {"width": style.size(1), "color": style.background},
            },
            customdata=[[name] for name in rows["model"]],
            hovertext=[_hover(row, figure) for _, row in rows.iterrows()],
        )


def _hover(row: pd.Series, figure: str) -> str:
    where = (
        f"{percent(row[figure])}, rank {row['rank']}"
        if figure == "mean"
        else f"{percent(row['x'])} and {percent(row['y'])}, {points(row['above'], signed=True)} off the line"
    )
    return (
        f"<b>{row['model_title']}</b><br>{where}<br>{row['parameters'] / 1e6:,.0f} million parameters<br>{row['model']}"
    )


def _front(fig: go.Figure, style: Look, x: pd.Series, y: pd.Series) -> None:
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": style.text, "width": style.size(1.2), "shape": "hv"},
        name="best at its cost",
        hoverinfo="skip",
    )


def _apart(marks: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """The best first, then those whose cost is far enough from all before."""
    found = list[tuple[float, float, str]]()
    for mark in sorted(marks, key=lambda m: -m[1]):
        if all(abs(mark[0] - other[0]) >= NAMED_APART for other in found):
            found.append(mark)
    return found


def _own_marks(fig: go.Figure, style: Look, own: pd.DataFrame, x: pd.Series) -> None:
    for at, (_, row) in zip(x, own.iterrows(), strict=True):
        ends = {}
        if "low" in row:
            ends = {"error_y": whiskers(style, *(pd.Series([row[name]]) for name in ("value", "low", "high")))}
        fig.add_scatter(
            x=[at],
            y=[row["value"]],
            **ends,
            mode="markers",
            name=f"{row['model_title']}, measured here",
            marker={
                "symbol": model_symbol(str(row["model"])),
                "size": style.size(15),
                "color": model_color(str(row["model"]), style.theme),
                "line": {"width": style.size(2), "color": style.text},
            },
            customdata=[[row["model"]]],
            hovertext=[f"<b>{row['model_title']}</b><br>measured here<br>{row['model']}"],
        )


def _unknown(frame: pd.DataFrame, cost: str) -> str:
    lost = int(frame[cost].isna().sum())
    return f"{lost} of {len(frame)} checkpoints are left out: theirs is not recorded." if lost else ""


def _log_ticks(values: pd.Series) -> dict[str, Any]:
    low, high = values.min() / 1.3, values.max() * 1.3
    ticks = [m * 10.0**e for e in range(-4, 7) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    return {
        "tickvals": ticks,
        "ticktext": [f"{t:,.0f}" if t >= 1 else f"{t:g}" for t in ticks],
        "range": (math.log10(low), math.log10(high)),
    }


def _between(shares: pd.Series) -> Float64Array:
    odds = to_logit(shares.to_numpy())
    return from_logit(np.linspace(odds.min() - 0.2, odds.max() + 0.2, 80))


def _logit_axis(fig: go.Figure, axis: str, shares: pd.Series, title: str) -> None:
    odds = to_logit(shares.to_numpy())
    low, high = float(odds.min()) - 0.3, float(odds.max()) + 0.3
    ticks = [share for share in _SHARES if low <= to_logit(np.array(share)) <= high]
    update = fig.update_xaxes if axis == "x" else fig.update_yaxes
    update(
        title_text=title,
        range=[low, high],
        tickvals=[float(to_logit(np.array(share))) for share in ticks],
        ticktext=[percent(share, 1 if share < 0.01 or share > 0.99 else 0) for share in ticks],
        showgrid=True,
    )


def _band(style: Look) -> str:
    red, green, blue = (int(style.muted[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
