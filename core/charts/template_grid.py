"""Many models under many templates: cells with their numbers, where a mark for each would fill two screens."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.layout import NAME_WIDTH
from core.charts.palette import Theme
from core.charts.theme import Chart, Look, finish, readable_on, scale_colour, share_grid, start, wrap
from core.stats.numbers import listed, percent, points
from core.words.shorter import middle_out

NUMBERS_UP_TO = 14
"""More templates than these leave no room for the numbers."""
LABELS, LABEL, ROW = 165, 32, 26
"""Pixels over the cells for the templates, which stand on end, the characters that fit there, and a row's height."""


def templates_grid(placed: pd.DataFrame, frame: pd.DataFrame, title: str, theme: Theme, scale: float) -> Chart:
    """Accuracy of each model (rows) under each template (columns); `placed` has `group`, the place of a template, and
    `series`, the name of a row. customdata is (model, template)."""
    series = list(placed["series"].unique())
    rows = placed.assign(y=placed["series"].map(series.index), x=placed["group"])
    columns = rows.drop_duplicates("x").sort_values("x")
    note = f"Top-1 accuracy on {frame['dataset_title'].iloc[0]} in percent; chance is {percent(_chance(frame), 0)}."
    style, fig = start(theme, scale, title, note=note, height=90 + LABELS + ROW * len(series))
    numbers = len(columns) <= NUMBERS_UP_TO
    table = rows.pivot_table(index="y", columns="x", values="acc1")
    share_grid(fig, style, table.to_numpy(), scale=not numbers)
    _cells(fig, rows, style, numbers=numbers)
    fig.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=[wrap(name, LABEL, 1) for name in columns["template_title"]],
        tickangle=-90,  # slanted ones over the last columns would leave a narrow screen, and are not drawn then
        side="top",
        range=[-0.5, len(columns) - 0.5],
        showgrid=False,
    )
    fig.update_yaxes(
        tickvals=list(range(len(series))),
        ticktext=[middle_out(name, NAME_WIDTH) for name in series],
        range=[len(series) - 0.5, -0.5],
        showgrid=False,
    )
    finish(fig, style, legend=False)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(LABELS))
    return Chart(figure=fig, title=title, alt=templates_alt(frame), frame=frame, filename="templates")


def _chance(frame: pd.DataFrame) -> float:
    return float(frame["chance_acc1"].iloc[0])


def _cells(fig: go.Figure, rows: pd.DataFrame, style: Look, *, numbers: bool) -> None:
    """What can be clicked and read; one trace for each colour of the numbers."""
    ink = rows["acc1"].map(lambda share: readable_on(scale_colour(style, share)))
    for color, part in rows.groupby(ink, sort=False):
        still = {"marker": {"opacity": 0}, "textfont": {"color": color}}
        fig.add_scatter(
            x=part["x"],
            y=part["y"],
            mode="markers+text" if numbers else "markers",
            text=[f"{100 * v:.0f}" for v in part["acc1"]] if numbers else None,
            textfont={"color": color, "size": style.size(12)},
            marker={"symbol": "square", "size": style.size(18), "opacity": 0},
            selected=still,
            unselected=still,
            customdata=part[["model", "template"]].values.tolist(),
            hovertext=template_hover(part),
        )


def template_hover(part: pd.DataFrame) -> list[str]:
    """Accuracy, its interval and the difference from the baseline, for each row."""
    said = []
    for _, r in part.iterrows():
        text = (
            f"<b>{wrap(r['template_title'], 48, 3)}</b><br>{r['series']}: {percent(r['acc1'])} "
            f"({percent(r['acc1_low'])} to {percent(r['acc1_high'])})"
        )
        if not pd.isna(r["difference"]):
            text += (
                f"<br>{points(r['difference'], signed=True)} against the baseline, p = {r['p_value']:.2g}"
                f"<br>{r['gained']:,} images gained, {r['lost']:,} lost"
            )
        said.append(text)
    return said


def templates_alt(frame: pd.DataFrame) -> str:
    """What a chart of templates says, for those who do not see it."""
    said = []
    for _, part in frame.groupby(["model", "classnames"], sort=False):
        best, worst = part.iloc[int(part["acc1"].argmax())], part.iloc[int(part["acc1"].argmin())]
        said.append(
            f"{best['model_title']} from {percent(worst['acc1'])} with “{worst['template_title']}” to "
            f"{percent(best['acc1'])} with “{best['template_title']}”"
        )
    return f"Accuracy by template: {listed(said, 4)}."
