"""The confusion table as a heat map that can be clicked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme
from core.charts.theme import Chart, Look, finish, readable_on, scale_colour, share_grid, start, wrap
from core.stats.numbers import count, percent
from core.words.accuracy import mistake_finding

NUMBERS_UP_TO = 15


def confusion_chart(
    frame: pd.DataFrame, *, limit: int = 15, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """A heat map of a `confusion_frame`: a row for each true class, a column for each answer.

    Colour is the share of the row. Beyond `limit` classes only those of the most frequent mistakes are drawn,
    which the note says. A cell's customdata is (true, predicted), the labels; invisible marks lie over the
    cells, since a heat map cannot be selected.
    """
    total = len(set(frame["true"]) | set(frame["predicted"]))
    labels = _most_mistaken(frame, limit)
    names = _names(frame)
    shown = frame[frame["true"].isin(labels) & frame["predicted"].isin(labels)]
    place = {label: i for i, label in enumerate(labels)}
    shown = shown.assign(row=shown["true"].map(place), column=shown["predicted"].map(place))
    title = title or mistake_finding(frame)
    side = max(300, 26 * len(labels))
    style, fig = start(theme, scale, title, note=_note(frame, len(labels), total), height=side + 110)
    grid = np.zeros((len(labels), len(labels)))
    grid[shown["row"], shown["column"]] = shown["share"]
    share_grid(fig, style, grid, scale=len(labels) > NUMBERS_UP_TO, len=0.6)
    _cells(fig, shown, len(labels), style)
    _axes(fig, [names[label] for label in labels], style)
    finish(fig, style, legend=False)
    fig.update_yaxes(tickfont_size=style.size(12))
    fig.update_xaxes(tickfont_size=style.size(12))
    return Chart(
        figure=fig, title=title, alt=f"Confusion table. {mistake_finding(frame)}.", frame=frame, filename="confusion"
    )


def _most_mistaken(frame: pd.DataFrame, limit: int) -> list[int]:
    """All labels in their order where there is room, else those of the worst mistakes, pair by pair."""
    every = sorted({*map(int, frame["true"]), *map(int, frame["predicted"])})
    if len(every) <= limit:
        return every
    wrong = frame[frame["true"] != frame["predicted"]].sort_values(["count", "share"], ascending=False)
    pairs = wrong[["true", "predicted"]].to_numpy().ravel().tolist()
    return list(dict.fromkeys([*pairs, *every]))[:limit]


def _names(frame: pd.DataFrame) -> dict[int, str]:
    return dict(zip(frame["true"], frame["true_name"], strict=True)) | dict(
        zip(frame["predicted"], frame["predicted_name"], strict=True)
    )


def _note(frame: pd.DataFrame, drawn: int, total: int) -> str:
    who = f"{frame['model_title'].iloc[0]} on {frame['dataset_title'].iloc[0]}"
    which = "" if drawn == total else f"; {drawn} of {total} classes, those of the most frequent mistakes"
    return f"{who}. Rows: true class, columns: predicted{which}."


def _cells(fig: go.Figure, shown: pd.DataFrame, c: int, style: Look) -> None:
    """Clickable marks over the cells that hold a picture, with the number where a cell has room for it.

    One trace for each colour of the numbers: only so can they keep it while another cell is selected.
    """
    numbers = c <= NUMBERS_UP_TO
    ink = shown["share"].map(lambda share: readable_on(scale_colour(style, share)))
    for color in ink.unique():
        rows = shown[ink == color]
        still = {"marker": {"opacity": 0}, "textfont": {"color": color}}
        fig.add_scatter(
            x=rows["column"],
            y=rows["row"],
            mode="markers+text" if numbers else "markers",
            text=[f"{n:,}" for n in rows["count"]] if numbers else None,
            textfont={"color": color, "size": style.size(12)},
            marker={"symbol": "square", "size": style.size(22 if numbers else 14), "opacity": 0},
            selected=still,
            unselected=still,
            customdata=rows[["true", "predicted"]].values.tolist(),
            hovertext=_hover(rows),
        )


def _hover(rows: pd.DataFrame) -> list[str]:
    return [
        f"<b>{r['true_name']}</b> classified as <b>{r['predicted_name']}</b><br>{count(r['count'], 'image')}, "
        f"{percent(r['share'])} of {r['true_name']}"
        for _, r in rows.iterrows()
    ]


def _axes(fig: go.Figure, names: list[str], style: Look) -> None:
    ticks = [wrap(name, 20, 1) for name in names]
    places = list(range(len(names)))
    edges = [-0.5, len(names) - 0.5]
    fig.update_xaxes(tickvals=places, ticktext=ticks, tickangle=-90, range=edges, showgrid=False)
    fig.update_yaxes(tickvals=places, ticktext=ticks, range=edges[::-1], showgrid=False)
