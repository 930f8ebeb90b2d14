"""Accuracy by template: what the wording changes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import layout
from core.charts.palette import Theme, marks_apart, model_color, model_symbol
from core.charts.template_grid import template_hover, templates_alt, templates_grid
from core.charts.theme import Chart, Look, add_chance, deck_marker, finish, percent_axis, start, whiskers, wrap
from core.stats.numbers import percent

ROW_HEIGHT = 34
LINES, LINES_ON_STAGE = (24, 2), (36, 1)
"""Characters in a line, and lines of a template at its row. A chart on a stage is as high as the screen lets it be, so
rows may be no higher than a line."""
MOST_ROWS = 48
"""More marks than these, each in a row of its own, would fill two screens: they are cells with their numbers."""
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

    The ensemble is last, apart; the deck's figure is an open circle; the baseline has a thin line through the
    chart, and so has chance. More than four models are named at their marks, and more than `MOST_ROWS` marks are cells
    of a table. customdata is (model, template).
    """
    models = _series(frame).nunique()
    named = models > layout.MOST_IN_LEGEND
    placed = _template_places(frame, order, named)
    title = title or "What does the wording change?"
    if named and placed["place"].nunique() > MOST_ROWS:
        return templates_grid(placed, frame, title, theme, scale)
    height = (
        layout.height(placed, named=True) if named else 96 + max(ROW_HEIGHT, 17 * models) * (placed["group"].max() + 1)
    )
    style, fig = start(theme, scale, title, note=_templates_note(frame, named), height=height)
    for i, (_, part) in enumerate(placed.groupby("series", sort=False)):
        _template_marks(fig, part, 0.0 if named else (i - (models - 1) / 2) * min(0.5, 0.8 / models), style, named)
    _deck_marks(fig, placed, style)
    add_chance(fig, style, placed["chance_acc1"].iloc[0], "x")
    # The ends of the axis: from 0, as for any accuracy, up to a little beyond the highest mark
    top = np.nanmax([placed["acc1_high"].max(), placed["deck_acc1"].astype(float).max()])
    high = min(1.0, float(np.ceil(top * 20 + 0.4) / 20))
    if named:
        layout.name_rows(fig, placed, style)
    else:
        _template_axis(fig, placed, style, LINES_ON_STAGE if scale > 1 else LINES)
    # The large type of a stage leaves a phone room for three numbers; lines stand for the rest.
    percent_axis(fig, style, "x", top=high, side="top", few=scale > 1)
    fig.update_xaxes(dtick=_step(high, few=scale > 1), **({"minor_dtick": min(0.1, _step(high))} if scale > 1 else {}))
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))
    return Chart(figure=fig, title=title, alt=templates_alt(frame), frame=frame, filename="templates")


def _series(frame: pd.DataFrame) -> pd.Series:
    """What a mark belongs to: its model, with its class names where there are several kinds of them."""
    several = frame["classnames"].nunique() > 1
    return frame["model_title"] + (", " + frame["classnames"] + " names" if several else "")


def _template_places(frame: pd.DataFrame, order: Order, named: bool) -> pd.DataFrame:
    """The frame with `place`, the row of each template from the top or (`named`) of each mark under its template, and
    `series`, what a mark belongs to."""
    best = frame.groupby("template", sort=False)["acc1"].max()
    singles = [t for t in frame["template"].unique() if not frame.loc[frame["template"] == t, "ensemble"].any()]
    if order == "best":
        singles.sort(key=lambda t: -best[t])
    together = [t for t in frame["template"].unique() if t not in singles]
    places = {t: i for i, t in enumerate(singles)} | {t: len(singles) + (0.0 if named else 0.4) for t in together}
    series, group = _series(frame), frame["template"].map(places)
    place = group
    if named:
        which = list(series.unique())
        place = layout.places(group, series.map(which.index), len(which), named=True)[0]
    return frame.assign(
        group=group,
        group_title=frame["template_title"],
        place=place,
        series=series,
        row=series + "\n" + frame["template"],
        row_title=series,
    )


def _template_marks(fig: go.Figure, part: pd.DataFrame, shift: float, style: Look, named: bool) -> None:
    color, first = model_color(part["model"].iloc[0], style.theme), part.iloc[0]
    fill, dot = _NAME_MARKS.get(first["classnames"], (True, False))
    fig.add_scatter(
        x=part["acc1"],
        y=part["place"] + shift,
        mode="markers",
        name=first["series"],
        showlegend=not named,
        marker={
            "symbol": model_symbol(first["model"]) + ("-dot" if dot else ""),
            # An outline in the background's colour takes away from a mark what this adds.
            "size": style.size(14 if fill and dot else 11),
            "color": color if fill else style.background,
            "line": {"color": style.background if fill and dot else color, "width": style.size(2)},
        },
        error_x=whiskers(style, part["acc1"], part["acc1_low"], part["acc1_high"]) | {"color": color},
        cliponaxis=False,
        customdata=part[["model", "template"]].values.tolist(),
        hovertext=template_hover(part),
    )
    base = part[part["baseline"]]
    if len(base) and not named:
        line = {"color": color, "width": style.size(1), "dash": "dash"}
        fig.add_vline(x=float(base["acc1"].iloc[0]), line=line, layer="below")


def _deck_marks(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    known = placed[placed["deck_acc1"].notna()].drop_duplicates("template")
    if known.empty:
        return
    fig.add_scatter(
        x=known["deck_acc1"],
        y=known["place"],
        mode="markers",
        name="the original study",
        marker=deck_marker(style),
        hovertext=[f"the original study: {percent(v, 2)}" for v in known["deck_acc1"]],
    )


def _template_axis(fig: go.Figure, placed: pd.DataFrame, style: Look, lines: tuple[int, int]) -> None:
    first = placed.drop_duplicates("place")
    fig.update_yaxes(
        tickvals=first["place"],
        ticktext=[wrap(t, *lines) for t in first["template_title"]],
        range=[first["place"].max() + 0.6, -0.6],
        showgrid=True,
    )


def _step(span: float, few: bool = False) -> float:
    usual, wide = (0.2, 0.5) if span > 0.5 else (0.1, 0.2) if span > 0.25 else (0.05, 0.1)
    return wide if few else usual


def _templates_note(frame: pd.DataFrame, named: bool) -> str:
    said = f"Top-1 accuracy on {frame['dataset_title'].iloc[0]} with 95 % intervals"
    base = frame[frame["baseline"]]["template_title"].iloc[0]
    return f"{said}." if named else f"{said}; a line in a model's color: its accuracy with “{base}”."
