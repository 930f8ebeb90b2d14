"""Accuracy by template: what the wording changes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, deck_marker, finish, percent_axis, start, whiskers, wrap
from core.stats.numbers import listed, percent, points

ROW_HEIGHT = 34
NAME_WIDTH = 24
Order = Literal["given", "best"]
_NAME_MARKS = {"raw": (False, False), "edited curated": (True, True), "edited raw": (False, True)}
"""How other class names than the curated ones look: whether a mark is filled, and whether it has a dot."""


# --- templates --------------------------------------------------------------------------------------------


@marks_apart
def templates_chart(
    frame: pd.DataFrame, *, order: Order = "given", title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Accuracy of each template with its interval, one row a template and one mark a model, from a
    `templates_frame` of one data set.

    The ensemble stands last, apart; the deck's figure is an open circle; the baseline has a thin line through
    the chart. customdata is (model, template).
    """
    placed = _template_places(frame, order)
    rows = int(placed["place"].max()) + 1
    models = placed["series"].nunique()
    title = title or "What does the wording change?"
    height = 70 + max(ROW_HEIGHT, 17 * models) * rows
    style, fig = start(theme, scale, title, note=_templates_note(frame), height=height)
    for i, (_, part) in enumerate(placed.groupby("series", sort=False)):
        _template_marks(fig, part, i, models, style)
    _deck_marks(fig, placed, style)
    _template_axis(fig, placed, style)
    # The ends of the axis: from 0, as for any accuracy, up to a little beyond the highest mark
    top = np.nanmax([placed["acc1_high"].max(), placed["deck_acc1"].astype(float).max()])
    low, high = 0.0, min(1.0, float(np.ceil(top * 20 + 0.4) / 20))
    percent_axis(fig, style, "x", top=high, side="top")
    fig.update_xaxes(range=[low, high], dtick=_step(high - low))
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))
    return Chart(figure=fig, title=title, alt=_templates_alt(frame), frame=frame, filename="templates")


def _template_places(frame: pd.DataFrame, order: Order) -> pd.DataFrame:
    """The frame with `place`, the row of each template from the top, and `series`, what a mark belongs to."""
    best = frame.groupby("template", sort=False)["acc1"].max()
    singles = [t for t in frame["template"].unique() if not frame.loc[frame["template"] == t, "ensemble"].any()]
    if order == "best":
        singles.sort(key=lambda t: -best[t])
    together = [t for t in frame["template"].unique() if t not in singles]
    places = {t: i for i, t in enumerate(singles)} | {t: len(singles) + 0.4 for t in together}
    several = frame["classnames"].nunique() > 1
    series = frame["model_title"] + (", " + frame["classnames"] + " names" if several else "")
    return frame.assign(place=frame["template"].map(places), series=series)


def _template_marks(fig: go.Figure, rows: pd.DataFrame, i: int, models: int, style: Look) -> None:
    color, first = model_color(rows["model"].iloc[0], style.theme), rows.iloc[0]
    shift = (i - (models - 1) / 2) * min(0.5, 0.8 / models)
    fill, dot = _NAME_MARKS.get(first["classnames"], (True, False))
    fig.add_scatter(
        x=rows["acc1"],
        y=rows["place"] + shift,
        mode="markers",
        name=first["series"],
        marker={
            "symbol": model_symbol(first["model"]) + ("-dot" if dot else ""),
            # An outline in the background's colour takes away from a mark what this adds.
            "size": style.size(14 if fill and dot else 11),
            "color": color if fill else style.background,
            "line": {"color": style.background if fill and dot else color, "width": style.size(2)},
        },
        error_x=whiskers(style, rows["acc1"], rows["acc1_low"], rows["acc1_high"]) | {"color": color},
        cliponaxis=False,
        customdata=rows[["model", "template"]].values.tolist(),
        hovertext=_template_hover(rows),
    )
    base = rows[rows["baseline"]]
    if len(base):
        line = {"color": color, "width": style.size(1), "dash": "dot"}
        fig.add_vline(x=float(base["acc1"].iloc[0]), line=line, layer="below")


def _template_hover(rows: pd.DataFrame) -> list[str]:
    said = []
    for _, r in rows.iterrows():
        text = (
            f"<b>{wrap(r['template_title'], 48, 3)}</b><br>{r['series']}: {percent(r['acc1'])} "
            f"({percent(r['acc1_low'])} to {percent(r['acc1_high'])})"
        )
        if not pd.isna(r["difference"]):
            text += (
                f"<br>{points(r['difference'], signed=True)} against the baseline, p = {r['p_value']:.2g}"
                f"<br>{r['gained']:,} pictures gained, {r['lost']:,} lost"
            )
        said.append(text)
    return said


def _deck_marks(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    rows = placed[placed["deck_acc1"].notna()].drop_duplicates("template")
    if rows.empty:
        return
    fig.add_scatter(
        x=rows["deck_acc1"],
        y=rows["place"],
        mode="markers",
        name="the deck",
        marker=deck_marker(style),
        hovertext=[f"the deck: {percent(v, 2)}" for v in rows["deck_acc1"]],
    )


def _template_axis(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    rows = placed.drop_duplicates("place")
    fig.update_yaxes(
        tickvals=rows["place"],
        ticktext=[wrap(t, NAME_WIDTH, 2) for t in rows["template_title"]],
        range=[rows["place"].max() + 0.6, -0.6],
        showgrid=True,
    )


def _step(span: float) -> float:
    return 0.2 if span > 0.5 else 0.1 if span > 0.25 else 0.05


def _templates_note(frame: pd.DataFrame) -> str:
    base = frame[frame["baseline"]]["template_title"].iloc[0]
    return f"Top-1 accuracy on {frame['dataset_title'].iloc[0]} with 95 % intervals; dotted: “{base}”."


def _templates_alt(frame: pd.DataFrame) -> str:
    said = []
    for _, rows in frame.groupby(["model", "classnames"], sort=False):
        best, worst = rows.iloc[int(rows["acc1"].argmax())], rows.iloc[int(rows["acc1"].argmin())]
        said.append(
            f"{best['model_title']} from {percent(worst['acc1'])} with “{worst['template_title']}” to "
            f"{percent(best['acc1'])} with “{best['template_title']}”"
        )
    return f"Accuracy by template: {listed(said, 4)}."
