"""The search for prompts: the path it took, and what it was worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, model_color, model_symbol
from core.charts.theme import Chart, Look, finish, percent_axis, start, whiskers, wrap
from core.stats.numbers import listed, percent, points

NAME_WIDTH = 24


def search_path_chart(
    path: pd.DataFrame, verdicts: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """What each addition brought on the search part (open marks: they flatter), and beside it what the choice
    and its rivals are worth on held-out pictures (filled, with intervals). From a `path_frame` and a
    `verdict_frame`."""
    title = title or "Was the search worth it?"
    note = "Open: search score, by which templates were chosen. Filled: held-out images, the result."
    rows = len(path) + len(verdicts) + 1
    style, fig = start(theme, scale, title, note=note, height=90 + 30 * rows)
    _path_marks(fig, path, style)
    _verdict_marks(fig, verdicts, len(path) + 0.6, style)
    places = [*range(len(path)), *(len(path) + 0.6 + i for i in range(len(verdicts)))]
    names = [f"+ {t}" if i else t for i, t in enumerate(path["template"])] + list(verdicts["choice_title"])
    fig.update_yaxes(
        tickvals=places,
        ticktext=[wrap(name, NAME_WIDTH, 2) for name in names],
        range=[max(places) + 0.6, -0.6],
        showgrid=False,
    )
    top = max(path["search_acc1"].max(), verdicts["heldout_acc1_high"].max())
    percent_axis(fig, style, "x", top=min(1.0, float(np.ceil(top * 20 + 0.4) / 20)), side="top")
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))
    return Chart(figure=fig, title=title, alt=_search_alt(path, verdicts), frame=verdicts, filename="prompt-search")


def _path_marks(fig: go.Figure, path: pd.DataFrame, style: Look) -> None:
    color = model_color(path["model"].iloc[0], style.theme)
    fig.add_scatter(
        x=path["search_acc1"],
        y=list(range(len(path))),
        mode="lines+markers",
        name="search score",
        line={"color": color, "width": style.size(1), "dash": "dot"},
        marker={"size": style.size(9), "color": style.background, "line": {"color": color, "width": style.size(2)}},
        hovertext=[
            f"<b>{wrap(r['template'], 48, 3)}</b><br>search score {percent(r['search_acc1'])}, "
            f"{points(r['gain'], signed=True)}<br>best of {r['tried']:,} tried"
            for _, r in path.iterrows()
        ],
    )


def _verdict_marks(fig: go.Figure, verdicts: pd.DataFrame, below: float, style: Look) -> None:
    color = model_color(verdicts["model"].iloc[0], style.theme)
    value, low, high = (verdicts[f"heldout_acc1{end}"] for end in ("", "_low", "_high"))
    fig.add_scatter(
        x=value,
        y=[below + i for i in range(len(verdicts))],
        mode="markers",
        name="held-out images",
        marker={"size": style.size(11), "color": color, "symbol": model_symbol(verdicts["model"].iloc[0])},
        error_x=whiskers(style, value, low, high) | {"color": color},
        cliponaxis=False,
        hovertext=[_verdict_hover(r) for _, r in verdicts.iterrows()],
    )
    base = verdicts[verdicts["choice"] == "baseline"]["heldout_acc1"]
    if len(base):
        fig.add_vline(
            x=float(base.iloc[0]), line={"color": color, "width": style.size(1), "dash": "dot"}, layer="below"
        )


def _verdict_hover(row: pd.Series) -> str:
    text = (
        f"<b>{row['choice_title']}</b>, {row['templates']} templates<br>{percent(row['heldout_acc1'])} "
        f"({percent(row['heldout_acc1_low'])} to {percent(row['heldout_acc1_high'])}) of {row['n']:,} images"
    )
    if pd.isna(row["difference"]):
        return text
    return f"{text}<br>{points(row['difference'], signed=True)} against the baseline, p = {row['p_value']:.2g}"


def _search_alt(path: pd.DataFrame, verdicts: pd.DataFrame) -> str:
    said = [f"{r['choice_title']} {percent(r['heldout_acc1'])}" for _, r in verdicts.iterrows()]
    return f"A search that took {len(path)} templates; on held-out images {listed(said, 4)}."
