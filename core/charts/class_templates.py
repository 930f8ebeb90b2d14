"""Classes by template: which classes the wording moves."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme
from core.charts.theme import Chart, Look, finish, readable_on, scale_colour, share_grid, start, wrap
from core.stats.numbers import listed, percent, points

NUMBERS_UP_TO = 14
MOST_CLASSES, NAMED_TWICE = 40, 20
MOST_TEMPLATES = 24
"""More names than these would be written over each other."""
LABELS, LABEL = 165, 32
"""Pixels over the cells for the templates, which stand on end, and the characters that fit there in one line: two
lines would be written over those of the next template on a narrow screen."""


def class_templates_chart(
    frame: pd.DataFrame, *, limit: int = MOST_CLASSES, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Recall of each class under each template from a `class_templates_frame`; the stronger the colour, the
    better.

    Beyond `limit` only the classes that the wording moves most are drawn, and beyond `MOST_TEMPLATES` only the
    templates that move classes most, which the note says. customdata is (template, label).
    """
    table = frame.pivot_table(index="label", columns="template", values="recall", sort=False)
    moves = (table.max(axis=1) - table.min(axis=1)).sort_values(ascending=False, kind="stable")
    labels = sorted(moves.index[:limit]) if len(moves) > limit else list(table.index)
    templates = _drawn_templates(frame)
    shown = frame[frame["label"].isin(labels) & frame["template"].isin(templates)]
    title = title or _class_title(frame, moves)
    note = _class_note(frame, (len(labels), len(moves)), (len(templates), table.shape[1]))
    twice = len(labels) > NAMED_TWICE
    style, fig = start(theme, scale, title, note=note, height=90 + LABELS * (1 + twice) + 24 * len(labels))
    share_grid(fig, style, table.loc[labels, templates].to_numpy(), scale=len(templates) > NUMBERS_UP_TO)
    _grid_marks(fig, shown, labels, templates, style)
    _grid_axes(fig, shown, labels, templates)
    finish(fig, style, legend=False)
    fig.update_yaxes(tickfont_size=style.size(12))
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(LABELS))
    if twice:
        _names_below(fig, style)
    return Chart(figure=fig, title=title, alt=_class_alt(frame, moves), frame=frame, filename="classes-by-template")


def _drawn_templates(frame: pd.DataFrame) -> list[str]:
    """In their order: the baseline (it changes nothing), the last (all together), and those that change most."""
    change = frame["change"].abs().groupby(frame["template"], sort=False).mean()
    if len(change) <= MOST_TEMPLATES:
        return list(change.index)
    kept = {change.idxmin(), change.index[-1]}
    for template in change.sort_values(ascending=False, kind="stable").index:
        if len(kept) < MOST_TEMPLATES:
            kept.add(template)
    return [template for template in change.index if template in kept]


def _grid_marks(fig: go.Figure, shown: pd.DataFrame, labels: list[int], templates: list[str], style: Look) -> None:
    """Clickable cells, with the number where there is room; one trace for each colour of the numbers."""
    rows = shown.assign(
        x=shown["template"].map({t: i for i, t in enumerate(templates)}),
        y=shown["label"].map({label: i for i, label in enumerate(labels)}),
        ink=shown["recall"].map(lambda share: readable_on(scale_colour(style, share))),
    )
    numbers = len(templates) <= NUMBERS_UP_TO
    for color, part in rows.groupby("ink", sort=False):
        still = {"marker": {"opacity": 0}, "textfont": {"color": color}}
        fig.add_scatter(
            x=part["x"],
            y=part["y"],
            mode="markers+text" if numbers else "markers",
            text=[f"{100 * v:.0f}" for v in part["recall"]] if numbers else None,
            textfont={"color": color, "size": style.size(12)},
            marker={"symbol": "square", "size": style.size(18), "opacity": 0},
            selected=still,
            unselected=still,
            customdata=part[["template", "label"]].values.tolist(),
            hovertext=[
                f"<b>{r['classname']}</b>, {r['n']:,} images<br>{wrap(r['template_title'], 40, 3)}: "
                f"{percent(r['recall'])}<br>{points(r['change'], signed=True)} against the baseline"
                for _, r in part.iterrows()
            ],
        )


def _grid_axes(fig: go.Figure, shown: pd.DataFrame, labels: list[int], templates: list[str]) -> None:
    names = shown.drop_duplicates("label").set_index("label")["classname"]
    titles = shown.drop_duplicates("template").set_index("template")["template_title"]
    fig.update_xaxes(
        tickvals=list(range(len(templates))),
        ticktext=[wrap(titles[t], LABEL, 1) for t in templates],
        tickangle=-60,
        side="top",
        range=[-0.5, len(templates) - 0.5],
        showgrid=False,
    )
    fig.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[wrap(names[label], 20, 1) for label in labels],
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
    )


def _names_below(fig: go.Figure, style: Look) -> None:
    """The names of the columns once more, where those above the cells are out of sight."""
    fig.update_layout(margin_b=style.size(LABELS))
    for place, name in zip(fig.layout.xaxis.tickvals, fig.layout.xaxis.ticktext, strict=True):
        fig.add_annotation(
            x=place,
            y=0,
            yref="y domain",
            xanchor="right",
            yanchor="top",
            text=name,
            textangle=-60,
            showarrow=False,
            xshift=style.size(6),
            font={"size": style.size(12), "color": style.text},
        )


def _class_title(frame: pd.DataFrame, moves: pd.Series) -> str:
    if moves.empty or moves.iloc[0] == 0:
        return "The wording moves no class"
    name = frame.loc[frame["label"] == moves.index[0], "classname"].iloc[0]
    return f"The wording moves “{name}” most: by {points(float(moves.iloc[0]))}"


def _class_note(frame: pd.DataFrame, classes: tuple[int, int], templates: tuple[int, int]) -> str:
    """(drawn, of how many) of both."""
    who = f"{frame['model_title'].iloc[0]} on {frame['dataset_title'].iloc[0]}, share correct in percent"
    parts = [(classes, "classes that move"), (templates, "templates that change")]
    cut = [f"the {drawn} of {total} {what} most" for (drawn, total), what in parts if drawn < total]
    return f"{who}; {' and '.join(cut)}." if cut else f"{who}."


def _class_alt(frame: pd.DataFrame, moves: pd.Series) -> str:
    names = frame.drop_duplicates("label").set_index("label")["classname"]
    said = [f"{names[label]} by {points(float(moves[label]))}" for label in moves.index[:3]]
    return f"Recall of each class under each template; the wording moves most {listed(said, 4)}."
