"""Classes of one data set: how well each is recognised, and how often each is the answer."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, bar_fill, marks_apart, model_color, model_symbol
from core.charts.theme import Chart, Look, add_intervals, finish, percent_axis, start, wrap
from core.stats.numbers import listed, percent

Order = Literal["weakest", "strongest", "difference", "name"]
ROW_HEIGHT = 23
NAME_WIDTH = 22


# --- recall -----------------------------------------------------------------------------------------------


@marks_apart
def recall_chart(
    frame: pd.DataFrame,
    *,
    order: Order = "weakest",
    limit: int = 40,
    title: str = "",
    theme: Theme = "light",
    scale: float = 1.0,
) -> Chart:
    """Recall of each class from a `per_class_frame` of one data set.

    One model gives bars with intervals, several give one dot each on a line a class (a dumbbell). Classes
    without pictures are left out; beyond `limit` only the first in this order are drawn, which the note says.
    "difference" sorts by how far the models are apart. customdata is (model, label, classname).
    """
    shown, total = _chosen(frame[frame["n"] > 0], order, limit)
    title = title or _recall_title(shown, order)
    height = 90 + ROW_HEIGHT * shown["label"].nunique()
    style, fig = start(theme, scale, title, note=_recall_note(shown, total, order), height=height)
    if frame["model"].nunique() == 1:
        _recall_bars(fig, shown, style)
    else:
        _dumbbells(fig, shown, style)
    _class_axis(fig, shown)
    percent_axis(fig, style, "x", side="top")
    if frame["model"].nunique() > 1:
        fig.update_xaxes(range=[-0.03, 1.03])
    finish(fig, style, legend=frame["model"].nunique() > 1)
    _room_above(fig, style)
    return Chart(figure=fig, title=title, alt=_recall_alt(shown), frame=frame, filename="recall-per-class")


def _chosen(frame: pd.DataFrame, order: Order, limit: int) -> tuple[pd.DataFrame, int]:
    """The rows of the first `limit` classes in this order, with their `place` from the top; and how many
    classes there are in all."""
    recall = frame.pivot_table(index="label", columns="model", values="recall", observed=True)
    mean, spread = recall.mean(axis=1), recall.max(axis=1) - recall.min(axis=1)
    names = frame.drop_duplicates("label").set_index("label")["classname"].str.lower()
    keys = {"weakest": mean, "strongest": -mean, "difference": -spread, "name": names}
    labels = keys[order].sort_values(kind="stable").index[:limit]
    shown = frame[frame["label"].isin(labels)]
    place = pd.Series(range(len(labels)), index=labels)
    return shown.assign(place=shown["label"].map(place)), len(recall)


def _recall_title(shown: pd.DataFrame, order: Order) -> str:
    if order == "difference" and shown["model"].nunique() > 1:
        return "On which classes do the models differ?"
    return {"strongest": "Which classes are easy?", "name": "How well is each class recognized?"}.get(
        order, "Which classes are hard?"
    )


def _recall_note(shown: pd.DataFrame, total: int, order: Order) -> str:
    drawn = shown["label"].nunique()
    where = f"Share correct. {shown['dataset_title'].iloc[0]}: "
    if drawn == total:
        return f"{where}all {total} classes."
    which = {"difference": "with the largest gap", "name": "by name"}.get(order, f"{order}")
    return f"{where}{drawn} of {total} classes, {which} first; the table has all."


def _recall_bars(fig: go.Figure, shown: pd.DataFrame, style: Look) -> None:
    model = shown["model"].iloc[0]
    fig.add_bar(
        x=shown["recall"],
        y=shown["place"],
        orientation="h",
        marker=bar_fill(model, style.theme, style.background),
        **_marks(shown),
    )
    ends = shown["recall_low"], shown["recall_high"]
    add_intervals(fig, style, shown["recall"], shown["place"], ends, axis="x", cliponaxis=False)
    # The numbers stand in a column of their own, where no whisker crosses them.
    fig.add_scatter(
        x=np.ones(len(shown)),
        y=shown["place"],
        mode="text",
        textposition="middle right",
        hoverinfo="skip",
        text=[f" {percent(v, 0)}" for v in shown["recall"]],
        cliponaxis=False,
        textfont={"color": style.text, "size": style.size(12)},
    )
    fig.update_layout(margin_r=style.size(52))


def _dumbbells(fig: go.Figure, shown: pd.DataFrame, style: Look) -> None:
    ends = shown.groupby("place")["recall"].agg(["min", "max"])
    x = np.stack([ends["min"], ends["max"], np.full(len(ends), np.nan)], axis=1).ravel()
    y = np.repeat(ends.index.to_numpy(), 3)
    line = {"color": style.line, "width": style.size(2)}
    fig.add_scatter(x=x, y=y, mode="lines", line=line, showlegend=False, hoverinfo="skip")
    for i, (model, rows) in enumerate(shown.groupby("model", sort=False)):
        fig.add_scatter(
            x=rows["recall"],
            y=rows["place"],
            mode="markers",
            name=rows["model_title"].iloc[0],
            marker={
                "color": model_color(str(model), style.theme),
                "symbol": model_symbol(str(model)),
                # Each a little smaller than the one below it, so that equal values show as a ring.
                "size": style.size(max(7, 13 - 4 * i)),
                "line": {"color": style.background, "width": style.size(1)},
            },
            cliponaxis=False,
            **_marks(rows),
        )


def _marks(rows: pd.DataFrame) -> dict[str, Any]:
    """What each class's mark says and carries."""
    hover = [
        f"<b>{r['classname']}</b><br>{r['model_title']}: {percent(r['recall'])} "
        f"({percent(r['recall_low'])} to {percent(r['recall_high'])})<br>{r['correct']} of {r['n']} images"
        for _, r in rows.iterrows()
    ]
    return {
        "customdata": rows[["model", "label", "classname"]].values.tolist(),
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _class_axis(fig: go.Figure, shown: pd.DataFrame) -> None:
    rows = shown.drop_duplicates("place")
    fig.update_yaxes(
        tickvals=rows["place"],
        ticktext=[wrap(name, NAME_WIDTH, 1) for name in rows["classname"]],
        range=[rows["place"].max() + 0.6, -0.6],
        showgrid=False,
    )


def _room_above(fig: go.Figure, style: Look) -> None:
    """Room for tick labels above the plot: the axis is read from the first class on."""
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))


def _recall_alt(shown: pd.DataFrame) -> str:
    rows = shown.sort_values("place", kind="stable")
    said = [f"{r['classname']} {percent(r['recall'], 0)}" for _, r in rows.head(5).iterrows()]
    return f"Recall per class, first {listed(said, 5)}."


# --- answers ----------------------------------------------------------------------------------------------


@marks_apart
def predicted_chart(
    frame: pd.DataFrame, *, limit: int = 30, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """How often each class is the answer, from a `predicted_frame`; a mark shows how often it should be.

    A collapsed model, which gives one answer to everything, shows at once. The `limit` most frequent answers
    are drawn. customdata is (model, label, classname).
    """
    order = frame.groupby("label")["predicted"].max().sort_values(ascending=False, kind="stable").index[:limit]
    place = pd.Series(range(len(order)), index=order)
    shown = frame[frame["label"].isin(order)]
    shown = shown.assign(place=shown["label"].map(place))
    title = title or "Which answers does the model give?"
    total = frame["label"].nunique()
    which = "all" if len(order) == total else f"the {len(order)} most frequent of"
    note = f"Images of {frame['dataset_title'].iloc[0]} named so: {which} {total} answers."
    models = list(frame["model"].unique())
    height = 90 + (10 + 14 * len(models)) * len(order)
    style, fig = start(theme, scale, title, note=note, height=height)
    for i, model in enumerate(models):
        _answers(fig, shown[shown["model"] == model], i, len(models), style)
    _true_counts(fig, shown, style)
    _class_axis(fig, shown)
    fig.update_xaxes(rangemode="tozero", side="top", tickformat=",d")
    finish(fig, style)
    _room_above(fig, style)
    return Chart(figure=fig, title=title, alt=_predicted_alt(shown), frame=frame, filename="answers")


def _answers(fig: go.Figure, rows: pd.DataFrame, i: int, models: int, style: Look) -> None:
    width = 0.8 / models
    model = rows["model"].iloc[0]
    hover = [
        f"<b>{r['classname']}</b><br>{r['model_title']}: {r['predicted']:,} of {r['n']:,} answers, "
        f"{r['true']:,} would be right"
        for _, r in rows.iterrows()
    ]
    fig.add_bar(
        x=rows["predicted"],
        y=rows["place"] + (i - (models - 1) / 2) * width,
        width=width * 0.9,
        orientation="h",
        name=rows["model_title"].iloc[0],
        marker=bar_fill(model, style.theme, style.background),
        customdata=rows[["model", "label", "classname"]].values.tolist(),
        hovertext=hover,
    )


def _true_counts(fig: go.Figure, shown: pd.DataFrame, style: Look) -> None:
    rows = shown.drop_duplicates("place")
    fig.add_scatter(
        x=rows["true"],
        y=rows["place"],
        mode="markers",
        name="how often it would be right",
        hoverinfo="skip",
        marker={"symbol": "line-ns", "size": style.size(16), "line": {"width": style.size(2.5), "color": style.text}},
    )


def _predicted_alt(shown: pd.DataFrame) -> str:
    rows = shown.sort_values("predicted", ascending=False, kind="stable").head(3)
    said = [f"{r['classname']} {percent(r['predicted'] / r['n'], 0)}" for _, r in rows.iterrows()]
    return f"The most frequent answers: {listed(said, 4)} of all images."
