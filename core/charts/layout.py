"""Many models in one chart: a row for each, named at its place, under the heading of its group, in place of a legend
that takes more room than the chart. And numbers past the whiskers of bars, where nothing crosses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts.theme import Look, wrap
from core.stats.numbers import percent
from core.words.shorter import middle_out

MOST_IN_LEGEND = 4
"""More models than these are named at their marks."""
GROUP_WIDTH = 0.82
HEAD = 1.5
"""Rows that the heading of a group takes, with the gap over it."""
NAME_WIDTH = 24
"""Characters of a name beside its row on a screen 390 pixels wide."""
MARK_ROOM = 0.025
"""Half a published or deck mark along the axis."""
NUMBER_ROOM = {True: 0.09, False: 0.13}
"""How far a number past an upright and a lying bar reaches along the axis, on a screen 390 pixels wide."""


def places(group: pd.Series, number: pd.Series, count: int, *, named: bool) -> tuple[pd.Series, float]:
    """Where each mark is across the groups, and its width: side by side in a group of width 1, or (`named`) each in a
    row of its own with room for a heading above them."""
    if named:
        return group * (count + HEAD) + number, 0.9
    width = GROUP_WIDTH / count
    return group + (number - (count - 1) / 2) * width, width


def along(upright: bool, place: Any, value: Any) -> dict[str, Any]:
    """x and y of something at a place across the groups and a value along the bars."""
    return {"x": place, "y": value} if upright else {"x": value, "y": place}


def height(placed: pd.DataFrame, *, named: bool) -> float:
    """Pixels for lying bars or marks of a frame with `group` and `place`."""
    rows, groups = placed["place"].nunique(), placed["group"].nunique()
    return 70 + (19 * rows + 34 * groups if named else 24 * rows + 26 * groups)


def reach(placed: pd.DataFrame, *, named: bool) -> dict[int, tuple[float, float]]:
    """Group -> from where to where it reaches, for the line of its chance."""
    ends = placed.groupby("group")["place"].agg(["min", "max"])
    if named:
        return {int(str(g)): (row["min"] - 0.6, row["max"] + 0.6) for g, row in ends.iterrows()}
    return {int(str(g)): (int(str(g)) - 0.5, int(str(g)) + 0.5) for g in ends.index}


def name_rows(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    """The name of each row beside it and the heading of each group above it, of a frame with `place`, `group`,
    `group_title` and `row_title`."""
    rows = placed.drop_duplicates("row")
    at = placed.groupby("row")["place"].mean()
    fig.update_yaxes(
        tickvals=[at[row] for row in rows["row"]],
        ticktext=[middle_out(name, NAME_WIDTH) for name in rows["row_title"]],
        range=[placed["place"].max() + 0.7, -HEAD],
        showgrid=False,
    )
    for _, first in placed.sort_values("place").drop_duplicates("group").iterrows():
        fig.add_annotation(
            x=0,
            xref="x domain",
            xanchor="left",
            y=first["place"] - 0.5,
            yanchor="bottom",
            text=f"<b>{wrap(str(first['group_title']), 44, 1)}</b>",
            showarrow=False,
            font={"size": style.size(13), "color": style.text},
        )


def name_groups(fig: go.Figure, titles: Sequence[str], *, upright: bool) -> None:
    """The names of groups of width 1 along their axis."""
    ends = [-0.5, len(titles) - 0.5]
    (fig.update_xaxes if upright else fig.update_yaxes)(
        tickvals=list(range(len(titles))),
        ticktext=[wrap(title, 13 if len(titles) > 3 else 18, 3) for title in titles],
        showgrid=False,
        range=ends if upright else ends[::-1],
        tickangle=0,
    )


def numbers_past(
    fig: go.Figure, style: Look, placed: pd.DataFrame, value: str, *, upright: bool, marks: Sequence[str] = ()
) -> None:
    """The number of each bar past its whisker (`VALUE_high`), and past a mark (a column of `marks`) that would lie on
    it: always there, so that no eye has to look for it, and in the colour of text."""
    room, end = NUMBER_ROOM[upright] * style.scale, placed[f"{value}_high"].astype(float).fillna(placed[value])
    for column in marks:
        mark = placed[column].astype(float)
        end = end.mask((mark > end - MARK_ROOM) & (mark < end + room), mark + MARK_ROOM)
    fig.add_scatter(
        **along(upright, placed["place"], (end + 0.005).clip(upper=1.0)),  # what lies beyond the axis is not drawn
        text=[percent(v, 0) if upright else f"\N{NO-BREAK SPACE}{percent(v, 0)}" for v in placed[value]],
        mode="text",
        textposition="top center" if upright else "middle right",
        hoverinfo="skip",
        showlegend=False,
        textfont={"color": style.text, "size": style.size(12)},
        cliponaxis=False,
    )
    if not upright:
        fig.update_layout(margin_r=style.size(52))
