"""What accuracy costs: against the size of a model, and against the time for one picture."""

from __future__ import annotations

import math
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from core.charts import layout
from core.charts.palette import Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, add_chance, finish, percent_axis, start, whiskers
from core.stats.numbers import listed, percent
from core.words.names import say_metric

Cost = Literal["parameters", "seconds_per_picture"]
_TITLES = {"parameters": "Does size buy accuracy?", "seconds_per_picture": "Does time buy accuracy?"}
_AXES = {
    "parameters": "Parameters, millions, both towers (log scale)",
    "seconds_per_picture": "Milliseconds for one image (log scale)",
}
_UNITS = {"parameters": 1e-6, "seconds_per_picture": 1e3}


@marks_apart
def cost_chart(
    frame: pd.DataFrame,
    cost: Cost = "parameters",
    metric: str = "acc1",
    *,
    title: str = "",
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """Accuracy against cost from a `cost_frame` of one data set. Models of unknown cost are left out and
    named in the note. customdata is (model, dataset, split)."""
    known = frame[frame[cost].notna()]
    title = title or _TITLES[cost]
    style, fig = start(theme, scale, title, note=_note(frame, cost), height=430)
    for _, row in known.sort_values(cost).iterrows():
        _point(fig, row, cost, metric, style)
    ticks = _log_ticks(known[cost] * _UNITS[cost])
    fig.update_xaxes(type="log", title_text=_AXES[cost], **ticks)
    percent_axis(fig, style, "y", title=say_metric(metric))
    if len(known):
        add_chance(fig, style, known[f"chance_{metric}"].iloc[0], "y")
        marks = [
            (math.log10(r[cost] * _UNITS[cost]), float(r[metric]), str(r["model_title"])) for _, r in known.iterrows()
        ]
        layout.name_marks(fig, style, marks, across=ticks["range"], top=1.0)
    finish(fig, style)
    return Chart(
        figure=fig,
        title=title,
        alt=_alt(known, cost, metric),
        frame=frame,
        filename=f"accuracy-by-{cost.replace('_', '-')}",
    )


def _point(fig: go.Figure, row: pd.Series, cost: Cost, metric: str, style: Look) -> None:
    name, value = str(row["model"]), pd.Series([row[metric]])
    ends = (pd.Series([row[f"{metric}_{end}"]]) for end in ("low", "high"))
    amount = row[cost] * _UNITS[cost]
    fig.add_scatter(
        x=[amount],
        y=value,
        error_y=whiskers(style, value, *ends),
        mode="markers",
        name=row["model_title"],
        showlegend=False,
        marker={"symbol": model_symbol(name), "size": style.size(13), "color": model_color(name, style.theme)},
        customdata=[[name, row["dataset"], row["split"]]],
        hovertemplate=f"<b>{row['model_title']}</b><br>{percent(row[metric])} at {_say(amount, cost)}<br>"
        f"{name}<extra></extra>",
    )


def _say(amount: float, cost: Cost) -> str:
    return f"{amount:,.3g} million parameters" if cost == "parameters" else f"{amount:,.3g} ms an image"


def _log_ticks(values: pd.Series) -> dict[str, Any]:
    """Ticks at 1, 2, 5 times powers of ten around the values; more of them where these lie close together."""
    if values.empty:
        return {}
    low, high = values.min() / 1.5, values.max() * 1.5
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [m * 10.0**e for e in range(-4, 7) for m in steps if low <= m * 10.0**e <= high]
        if len(ticks) > 2:
            break
    return {"tickvals": ticks, "ticktext": [f"{t:,.3g}" for t in ticks], "range": (math.log10(low), math.log10(high))}


def _note(frame: pd.DataFrame, cost: Cost) -> str:
    missing = list(frame.loc[frame[cost].isna(), "model_title"])
    where = f"{frame['dataset_title'].iloc[0]}. " if len(frame) else ""
    unknown = "not measured yet" if cost == "seconds_per_picture" else "of unknown size"
    return f"{where}{listed(missing, 4)}: {unknown}." if missing else where.strip()


def _alt(known: pd.DataFrame, cost: Cost, metric: str) -> str:
    rows = [
        f"{r['model_title']} {percent(r[metric])} at {_say(r[cost] * _UNITS[cost], cost)}" for _, r in known.iterrows()
    ]
    return f"{say_metric(metric)} against cost: {listed(rows, 8) if rows else 'no model yet'}."
