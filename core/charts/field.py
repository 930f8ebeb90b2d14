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

from core.charts.palette import Shade, Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, finish, percent_axis, share_grid, start, whiskers
from core.stats.intervals import Float64Array
from core.stats.line import Line, from_logit, to_logit
from core.stats.numbers import percent, points, some_of
from core.words.shorter import middle_out

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
_SHORT = {"LAION-COCO, translated": "LAION-COCO"}
"""In the legend, so that two stand in a line of a narrow screen."""
_SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
NAME_ROOM, NAME_LINE, NAME_WIDTH = (310.0, 300.0), 17, 28
"""Pixels of a plot on a narrow screen, in which the names of the front find their places, of a line of them, and the
characters of a name."""


@marks_apart
def field_cost_chart(
    frame: pd.DataFrame,
    cost: str,
    on_front: Sequence[int],
    own: pd.DataFrame | None = None,
    *,
    title: str,
    figure: str,
    marked: str = "",
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """`mean` against a cost of a `standings_frame`; the rows `on_front` joined and named. `own` has figures measured
    here with the cost of their model (columns `model`, `model_title`, `value`, `low`, `high`, and the cost).
    The checkpoint `marked` has a ring and its name. customdata is (model,)."""
    axis, unit = COSTS[cost]
    known = frame[frame[cost].notna()]
    mine = None if own is None or own.empty else own[own[cost].notna()]
    style, fig = start(theme, scale, title, note=_note(_unknown(frame, cost), mine), height=430)
    _marks_by_data(fig, style, known, known[cost] * unit, known["mean"], "mean")
    front = frame.iloc[list(on_front)].sort_values(cost)
    _front(fig, style, front[cost] * unit, front["mean"])
    if mine is not None and len(mine):
        _own_marks(fig, style, mine, mine[cost] * unit)
    high = float(max(known["mean"].max(), 0 if mine is None or mine.empty else mine["high"].max()))
    top = min(1.0, math.ceil(high * 10 + 0.5) / 10)
    ticks = _log_ticks(known[cost] * unit)
    fig.update_xaxes(type="log", title_text=axis, **ticks)
    percent_axis(fig, style, "y", top=top, title=figure)
    marks = [(math.log10(r[cost] * unit), float(r["mean"]), str(r["model_title"])) for _, r in front.iterrows()]
    ring = known.assign(_x=known[cost] * unit, _y=known["mean"])
    _ring(fig, style, ring[ring["model"] == marked], log=True)
    marks = [mark for mark, name in zip(marks, front["model"], strict=True) if name != marked]
    end = top if high < 0.9 * top else 1.12 * top  # room for a name over the best
    fig.update_yaxes(range=[0, end])
    _name_front(fig, style, marks, across=ticks["range"], top=end)
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
    marked: str = "",
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """`y` against `x` of an `against_frame` on logit axes with the line and its 95 % band for one more checkpoint.
    `own` has figures measured here on both sets (`model`, `model_title`, `x`, `y`; `whose` where they are another's).
    The checkpoint `marked` has a ring and its name. customdata is (model,)."""
    note = "Shaded: where 95 % of further checkpoints lie. Axes are in log odds, so the ends are stretched."
    style, fig = start(theme, scale, title, note=_note(note, own), height=430)
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
    ring = frame[frame["model"] == marked]
    _ring(fig, style, ring.assign(_x=to_logit(ring["x"].to_numpy()), _y=to_logit(ring["y"].to_numpy())))
    for axis, name in (("x", names[0]), ("y", names[1])):
        _logit_axis(fig, axis, frame[axis], name)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=title, frame=frame, filename="field-sets")


@marks_apart
def field_robustness_chart(
    frame: pd.DataFrame, *, title: str, marked: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """`mean` of a `robustness_frame` in points against accuracy on ImageNet-1k. customdata is (model,)."""
    note = "Mean over ImageNet-V2, -R, -A, -Sketch and ObjectNet; 0 is the line through all checkpoints."
    style, fig = start(theme, scale, title, note=note, height=440)
    points_above = 100 * frame["mean"]
    _marks_by_data(fig, style, frame, frame["base"], points_above, "robust")
    ring = frame[frame["model"] == marked]
    _ring(fig, style, ring.assign(_x=ring["base"], _y=100 * ring["mean"]))
    percent_axis(fig, style, "x", top=min(1.0, math.ceil(frame["base"].max() * 10 + 0.2) / 10), title="ImageNet-1k")
    fig.add_hline(y=0, line={"color": style.muted, "width": style.size(1.2), "dash": "dot"})
    fig.update_yaxes(title_text="Points above the line", showgrid=True)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=title, frame=frame, filename="field-robustness")


def field_correlations_chart(frame: pd.DataFrame, *, title: str, theme: Theme = "light", scale: float = 1.0) -> Chart:
    """A `correlations_frame` as a map, in its order. customdata is (x, y), of invisible marks over the cells, since a
    heat map cannot be selected."""
    names = list(dict.fromkeys(frame["x_title"]))
    n = len(names)
    # Names of columns would run into each other on a narrow screen, and are those of the rows.
    note = "Spearman's rank correlation over checkpoints. Columns are in the order of the rows."
    style, fig = start(theme, scale, title, note=note, height=max(16 * n, 240) + 50)
    values = frame["correlation"].to_numpy().reshape(n, n)
    share_grid(fig, style, values, scale=True, len=0.6, tickformat=".1f")
    fig.add_scatter(
        x=np.tile(np.arange(n), n),
        y=np.repeat(np.arange(n), n),
        mode="markers",
        marker={"symbol": "square", "size": style.size(12), "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=frame[["x", "y"]].to_numpy().tolist(),
        hovertext=[
            f"{a} and {b}: {r:.2f}"
            for a, b, r in zip(frame["x_title"], frame["y_title"], frame["correlation"], strict=True)
        ],
    )
    edges = [-0.5, n - 0.5]
    fig.update_xaxes(showticklabels=False, range=edges, showgrid=False)
    fig.update_yaxes(tickvals=list(range(n)), ticktext=names, range=edges[::-1], showgrid=False)
    finish(fig, style, legend=False)
    small = 11 if scale == 1 else 8.3  # a stage has no room for higher rows
    fig.update_yaxes(tickfont_size=style.size(small if n > 20 else 13))
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
            name=_SHORT.get(group, group),
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
    if figure == "mean":
        where = f"{percent(row[figure])}, rank {row['rank']}"
    elif figure == "robust":
        where = f"{percent(row['base'])} on ImageNet-1k, {points(row['mean'], signed=True)} off the line"
    else:
        where = f"{percent(row['x'])} and {percent(row['y'])}, {points(row['above'], signed=True)} off the line"
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


def _ring(fig: go.Figure, style: Look, row: pd.DataFrame, *, log: bool = False) -> None:
    """A ring around the mark at `_x`, `_y` and its name in bold; nothing for no row."""
    if row.empty:
        return
    found = row.iloc[0]
    fig.add_scatter(
        x=[found["_x"]],
        y=[found["_y"]],
        mode="markers",
        name="highlighted",
        marker={
            "symbol": "circle-open",
            "size": style.size(20),
            "color": style.text,
            "line": {"width": style.size(2.5), "color": style.text},
        },
        customdata=[[found["model"]]],
        hoverinfo="skip",
        showlegend=False,
    )
    x = math.log10(found["_x"]) if log else found["_x"]
    label = middle_out(str(found["model_title"]), 30)
    _name(fig, style, (x, found["_y"], f"<b>{label}</b>"), up=-22, anchor="center")


def _name_front(
    fig: go.Figure, style: Look, marks: Sequence[tuple[float, float, str]], *, across: tuple[float, float], top: float
) -> None:
    """Names over and left of their marks, where the front leaves nothing: what costs less there is worse. One that has
    no room left of its mark has none, nor one that would cover another even two lines higher."""
    wide, high = NAME_ROOM
    taken = list[tuple[float, float]]()
    for x, y, name in sorted(marks, reverse=True):
        text = middle_out(name, NAME_WIDTH)
        end = (x - across[0]) / (across[1] - across[0]) * wide
        if end < 6.2 * len(text):
            continue
        for rows in range(3):
            base = y / top * high + 10 + rows * NAME_LINE
            if base + NAME_LINE <= high and all(abs(base - other) >= NAME_LINE for _, other in taken):
                taken.append((end, base))
                _name(fig, style, (x, y, text), up=10 + rows * NAME_LINE, anchor="right")
                break


def _name(fig: go.Figure, style: Look, mark: tuple[float, float, str], *, up: float, anchor: str) -> None:
    fig.add_annotation(
        x=mark[0],
        y=mark[1],
        ax=0,
        ay=-style.size(up),
        text=mark[2],
        xanchor=anchor,
        yanchor="bottom" if up > 0 else "top",
        showarrow=True,
        arrowhead=0,
        arrowwidth=1,
        arrowcolor=style.muted if up > 2 * NAME_LINE else "rgba(0,0,0,0)",
        standoff=style.size(7),
        bgcolor=style.background,
        font={"size": style.size(13), "color": style.text},
    )


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
            name=middle_out(str(row["model_title"]), 18),
            marker={
                "symbol": model_symbol(str(row["model"])),
                "size": style.size(15),
                "color": model_color(str(row["model"]), style.theme),
                "line": {"width": style.size(2), "color": style.text},
            },
            customdata=[[row["model"]]],
            hovertext=[f"<b>{row['model_title']}</b><br>{row.get('whose', 'measured here')}<br>{row['model']}"],
        )


def _note(note: str, own: pd.DataFrame | None) -> str:
    """What the large marks are, where there are any."""
    if own is None or own.empty:
        return note
    whose = own["whose"].iloc[0] if "whose" in own else "measured here"
    return f"{note} Large and outlined: {whose}.".strip()


def _unknown(frame: pd.DataFrame, cost: str) -> str:
    lost = int(frame[cost].isna().sum())
    return f"{some_of(lost, len(frame), 'checkpoint')} left out: theirs is not recorded." if lost else ""


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
