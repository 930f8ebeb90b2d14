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
NAME_GAP = 0.062
"""How far names beside the ends of lines are apart, as a share of a chart's height."""
MARKS_ROOM, NAME_LINE = (310.0, 300.0), 17
"""Pixels of a plot on a narrow screen, in which names of marks find their places, and of a line of them."""
NAME_AWAY = 14
"""Pixels from the end of a line to its name."""
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
    fig.layout.meta = {**(fig.layout.meta or {}), "rows": round(len(rows) + HEAD * placed["group"].nunique())}
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


def name_marks(
    fig: go.Figure, style: Look, marks: Sequence[tuple[float, float, str]], *, across: tuple[float, float], top: float
) -> None:
    """The name of each mark (x, y, name) where it covers neither a mark nor another name: beside, over or under it,
    or farther off with a thin line. `across` are the ends of the x axis, 0 and `top` those of the other."""
    wide, high = MARKS_ROOM
    spots = [((x - across[0]) / (across[1] - across[0]) * wide, y / top * high) for x, y, _ in marks]
    taken = [(x - 9, x + 9, y - 9, y + 9) for x, y in spots]
    for (x, y, name), at in sorted(zip(marks, spots, strict=True), key=lambda found: found[1]):
        text = middle_out(name, NAME_WIDTH)
        box, (dx, dy) = _free_place(at, 6.4 * len(text) + 6, taken)
        taken.append(box)
        far = abs(dy) > NAME_LINE + 4
        fig.add_annotation(
            x=x,
            y=y,
            ax=style.size(dx),
            ay=-style.size(dy),
            text=text,
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=style.muted if far else "rgba(0,0,0,0)",
            standoff=style.size(7),
            font={"size": style.size(13), "color": style.text},
        )


def _free_place(
    at: tuple[float, float], width: float, taken: Sequence[tuple[float, float, float, float]]
) -> tuple[tuple[float, float, float, float], tuple[float, float]]:
    """The nearest box for a name of this width that covers nothing, and where its middle is from the mark."""
    aside = width / 2 + 10
    for rows in range(12):
        for up in dict.fromkeys((rows, -rows)):
            for dx in (aside, -aside, 0.0) if rows else (aside, -aside):
                middle = at[0] + dx, at[1] + up * NAME_LINE
                box = middle[0] - width / 2, middle[0] + width / 2, middle[1] - NAME_LINE / 2, middle[1] + NAME_LINE / 2
                inside = box[0] >= 0 and box[1] <= MARKS_ROOM[0] and box[2] >= 0 and box[3] <= MARKS_ROOM[1]
                if inside and not any(_cover(box, other) for other in taken):
                    return box, (dx, up * NAME_LINE)
    side = aside if at[0] < MARKS_ROOM[0] / 2 else -aside
    return (at[0] + side - width / 2, at[0] + side + width / 2, at[1] - 8, at[1] + 8), (side, 0.0)


def _cover(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def name_beside(fig: go.Figure, style: Look, ends: Sequence[tuple[float, float, str, str]], *, span: float) -> None:
    """The name of each line or mark beside its end, in place of a legend: (x, y, name, colour), with y a share of the
    height `span`; names too close to each other move apart and keep a thin line to their end."""
    gap = NAME_GAP * style.scale * span
    order = sorted(range(len(ends)), key=lambda i: ends[i][1])
    places = list[float]()
    for i in order:
        places.append(max(ends[i][1], places[-1] + gap) if places else ends[i][1])
    # What went over the top comes down again, and pushes those under it.
    for j in range(len(places) - 1, -1, -1):
        places[j] = min(places[j], span if j == len(places) - 1 else places[j + 1] - gap)
    for i, place in zip(order, places, strict=True):
        x, y, name, color = ends[i]
        fig.add_annotation(
            x=x,
            y=y,
            ax=style.size(NAME_AWAY),
            axref="pixel",
            ay=place,
            ayref="y",
            text=middle_out(name, NAME_WIDTH),
            xanchor="left",
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=color,
            standoff=style.size(6),
            font={"size": style.size(13), "color": style.text},
        )
    widest = max(len(middle_out(name, NAME_WIDTH)) for *_, name, _ in ends)
    fig.update_layout(margin_r=style.size(NAME_AWAY + 7.2 * widest))


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
