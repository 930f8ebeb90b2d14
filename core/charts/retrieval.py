"""Charts of caption retrieval: recalls, recall against k, ranks, what makes a caption hard, word by word."""

from __future__ import annotations

from math import log10

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, bar_fill, marks_apart, model_color, model_symbol
from core.charts.theme import (
    Chart,
    Look,
    add_intervals,
    finish,
    percent_axis,
    published_marker,
    readable_on,
    start,
    whiskers,
    wrap,
)
from core.stats.numbers import listed, percent

_QUESTIONS = {"image": "Does a caption find its own picture?", "text": "Does a picture find one of its captions?"}
GROUP_WIDTH = 0.82
FOOT = 0.08
"""The share of the axis that a number at the foot of its bar takes at scale 1."""
MOST_WIDE = 5
"""So many names of bands stand side by side on a narrow screen without a break."""


# --- recalls ----------------------------------------------------------------------------------------------


@marks_apart
def recalls_chart(
    frame: pd.DataFrame, side: str = "image", *, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Recall at 1, 5 and 10 for each model, from a `recalls_frame`; published figures as outlined diamonds.

    A published figure that does not hold for these pictures is named so in the legend. customdata is
    (model, side, k).
    """
    rows = frame[frame["side"] == side]
    models, ks = list(rows["model"].unique()), list(rows["k"].unique())
    width = GROUP_WIDTH / len(models)
    placed = rows.assign(
        place=rows["k"].map(ks.index) + (rows["model"].map(models.index) - (len(models) - 1) / 2) * width
    )
    title = title or _QUESTIONS[side]
    style, fig = start(theme, scale, title, note=_recalls_note(rows), height=390)
    for model in models:
        _recall_bars(fig, placed[placed["model"] == model], width, style)
    _published(fig, placed, style)
    ticks = [f"first {k}" if k > 1 else "first" for k in ks]
    fig.update_xaxes(
        tickvals=list(range(len(ks))), ticktext=ticks, tickangle=0, range=[-0.6, len(ks) - 0.4], showgrid=False
    )
    percent_axis(fig, style, "y")
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_recalls_alt(rows), frame=rows, filename=f"recall-{side}")


def _recalls_note(rows: pd.DataFrame) -> str:
    what = {"image": "captions whose own picture is", "text": "pictures with any own caption"}
    return f"{rows['dataset_title'].iloc[0]}: share of {what[rows['side'].iloc[0]]} among the first k."


def _recall_bars(fig: go.Figure, rows: pd.DataFrame, width: float, style: Look) -> None:
    model = rows["model"].iloc[0]
    color = model_color(model, style.theme)
    # A whisker that reaches down to the number would strike it through: such a number stands above its whisker.
    low = rows["recall_low"] < FOOT * style.scale
    said = rows["recall"].map(lambda v: percent(v, 0))
    fig.add_bar(
        x=rows["place"],
        y=rows["recall"],
        width=width * 0.92,
        name=rows["model_title"].iloc[0],
        marker=bar_fill(model, style.theme, style.background),
        text=said.mask(low, ""),
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        insidetextfont={"color": readable_on(color), "size": style.size(12)},
        constraintext="none",
        customdata=rows[["model", "side", "k"]].values.tolist(),
        hovertext=[
            f"<b>{r['model_title']}</b>, {r['side_title'].lower()}<br>recall@{r['k']} {percent(r['recall'])} "
            f"({percent(r['recall_low'])} to {percent(r['recall_high'])})<br>{r['n']:,} asked"
            for _, r in rows.iterrows()
        ],
    )
    ends = rows["recall_low"], rows["recall_high"]
    add_intervals(fig, style, rows["place"], rows["recall"], ends, cliponaxis=False)
    if low.any():
        fig.add_scatter(
            x=rows["place"][low],
            y=_clear_of_published(rows, style)[low],
            text=said[low],
            mode="text",
            textposition="top center",
            textfont={"color": style.text, "size": style.size(12)},
            hoverinfo="skip",
            showlegend=False,
            cliponaxis=False,
        )


def _clear_of_published(rows: pd.DataFrame, style: Look) -> pd.Series:
    """Where a number above its whisker starts: above the diamond that would lie on it."""
    top, room, diamond = rows["recall_high"], FOOT * style.scale, 0.02 * style.scale
    mark = rows["published"].astype(float)
    return top.mask((mark > top - diamond) & (mark < top + room), mark + diamond)


def _published(fig: go.Figure, placed: pd.DataFrame, style: Look) -> None:
    known = placed[placed["published"].notna()]
    for compares, name in ((True, "published"), (False, "published, for other pictures")):
        rows = known[known["published_compares"] == compares]
        if rows.empty:
            continue
        fig.add_scatter(
            x=rows["place"],
            y=rows["published"],
            mode="markers",
            name=name,
            marker=published_marker(style),
            hovertext=[
                f"published: {percent(r['published'])}<br>{wrap(r['published_protocol'], 48, 4)}"
                for _, r in rows.iterrows()
            ],
        )


def _recalls_alt(rows: pd.DataFrame) -> str:
    said = []
    for _, part in rows.groupby("model", sort=False):
        values = ", ".join(f"{percent(r['recall'])} at {r['k']}" for _, r in part.iterrows())
        said.append(f"{part['model_title'].iloc[0]} {values}")
    return f"{rows['side_title'].iloc[0]}, recall: {listed(said, 4)}."


# --- curve and ranks --------------------------------------------------------------------------------------


@marks_apart
def recall_curve_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Recall against k on a logarithmic axis, one line a model, from a `curve_frame`. customdata is (model, k)."""
    side = frame["side"].iloc[0]
    title = title or "How many must one look at?"
    note = f"{frame['dataset_title'].iloc[0]}: {frame['side_title'].iloc[0].lower()} within the first k."
    style, fig = start(theme, scale, title, note=note, height=380)
    for model, rows in frame.groupby("model", sort=False):
        color = model_color(str(model), style.theme)
        marked = rows[rows["k"].isin((1, 5, 10, 20, 50, 100))]
        fig.add_scatter(
            x=rows["k"],
            y=rows["recall"],
            mode="lines",
            name=rows["model_title"].iloc[0],
            showlegend=False,
            line={"color": color, "width": style.size(2)},
            hoverinfo="skip",
        )
        fig.add_scatter(
            x=marked["k"],
            y=marked["recall"],
            mode="markers",
            name=rows["model_title"].iloc[0],
            marker={"color": color, "symbol": model_symbol(str(model)), "size": style.size(9)},
            customdata=marked[["model", "k"]].values.tolist(),
            hovertemplate="recall@%{x}: %{y:.1%}<extra></extra>",
            cliponaxis=False,
        )
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= frame["k"].max()]
    fig.update_xaxes(type="log", tickvals=ticks, ticktext=[str(k) for k in ticks], title_text="k", showgrid=True)
    percent_axis(fig, style, "y")
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_curve_alt(frame), frame=frame, filename=f"recall-curve-{side}")


def _curve_alt(frame: pd.DataFrame) -> str:
    said = []
    for _, rows in frame.groupby("model", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        said.append(
            f"{first['model_title']} from {percent(first['recall'])} at 1 to {percent(last['recall'])} at {last['k']}"
        )
    return f"Recall against k: {listed(said, 4)}."


@marks_apart
def rank_histogram_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Where the right one stands, in bins that grow, from a `histogram_frame`. customdata is (model, low, high)."""
    models, bins = list(frame["model"].unique()), list(frame["bin"].unique())
    width = GROUP_WIDTH / len(models)
    title = title or "Where does the right one stand?"
    note = f"{frame['dataset_title'].iloc[0]}, {frame['side_title'].iloc[0].lower()}: share of queries by rank."
    style, fig = start(theme, scale, title, note=note, height=370)
    for i, model in enumerate(models):
        rows = frame[frame["model"] == model]
        fig.add_bar(
            x=rows["bin"].map(bins.index) + (i - (len(models) - 1) / 2) * width,
            y=rows["share"],
            width=width * 0.92,
            name=rows["model_title"].iloc[0],
            marker=bar_fill(model, style.theme, style.background),
            customdata=rows[["model", "low", "high"]].values.tolist(),
            hovertext=[f"rank {r['bin']}: {r['count']:,}, {percent(r['share'])}" for _, r in rows.iterrows()],
        )
    fig.update_xaxes(tickvals=list(range(len(bins))), ticktext=bins, title_text="Rank", showgrid=False)
    top = min(1.0, float(frame["share"].max()) * 1.1)
    percent_axis(fig, style, "y", top=top)
    finish(fig, style)
    return Chart(
        figure=fig, title=title, alt=_histogram_alt(frame), frame=frame, filename=f"ranks-{frame['side'].iloc[0]}"
    )


def _histogram_alt(frame: pd.DataFrame) -> str:
    said = []
    for _, rows in frame.groupby("model", sort=False):
        beyond = rows[rows["low"] > 10]["share"].sum()
        said.append(
            f"{rows['model_title'].iloc[0]} {percent(rows['share'].iloc[0])} first and {percent(beyond)} beyond ten"
        )
    return f"Ranks of the right one: {listed(said, 4)}."


# --- what makes it hard -----------------------------------------------------------------------------------


@marks_apart
def bands_chart(
    frame: pd.DataFrame, k: int = 1, *, axis: str, title: str, theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Recall@k by a property of the caption, one line a model, from a `bands_frame`. `axis` says which property.
    customdata is (model, band)."""
    order = list(dict.fromkeys(frame.sort_values("low", kind="stable")["band"]))
    style, fig = start(theme, scale, title, note=f"Recall@{k} with 95 % intervals.", height=370)
    models = list(frame["model"].unique())
    for i, model in enumerate(models):
        rows = frame[frame["model"] == model]
        color, value = model_color(model, style.theme), rows[f"recall@{k}"]
        fig.add_scatter(
            x=rows["band"].map(order.index) + (i - (len(models) - 1) / 2) * 0.08,
            y=value,
            mode="lines+markers",
            name=rows["model_title"].iloc[0],
            line={"color": color, "width": style.size(2)},
            marker={"symbol": model_symbol(model), "size": style.size(10), "color": color},
            error_y=whiskers(style, value, rows[f"recall@{k}_low"], rows[f"recall@{k}_high"]) | {"color": color},
            cliponaxis=False,
            customdata=rows[["model", "band"]].values.tolist(),
            hovertext=[
                f"<b>{r['band']}</b>: {percent(r[f'recall@{k}'])}<br>{r['n']:,} captions, median rank "
                f"{r['median_rank']:g}"
                for _, r in rows.iterrows()
            ],
        )
    counts = frame.groupby("band")["n"].max()
    # Narrow where there are many, so that they stand upright on a narrow screen too.
    ticks = [f"{wrap(band, 16 if len(order) <= MOST_WIDE else 8, 2)}<br>{counts[band]:,}" for band in order]
    fig.update_xaxes(
        tickvals=list(range(len(order))),
        ticktext=ticks,
        tickangle=0,
        title_text=f"{axis} (below: captions)",
        showgrid=False,
    )
    percent_axis(fig, style, "y", top=min(1.0, float(frame[f"recall@{k}_high"].max()) * 1.1))
    finish(fig, style)
    return Chart(
        figure=fig,
        title=title,
        alt=_bands_alt(frame, k, axis),
        frame=frame,
        filename="recall-by-" + axis.lower().replace(" ", "-"),
    )


def _bands_alt(frame: pd.DataFrame, k: int, axis: str) -> str:
    said = []
    for _, rows in frame.groupby("model", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        said.append(
            f"{first['model_title']} {percent(first[f'recall@{k}'])} for {first['band']} and "
            f"{percent(last[f'recall@{k}'])} for {last['band']}"
        )
    return f"Recall@{k} by {axis.lower()}: {listed(said, 4)}."


# --- one caption ------------------------------------------------------------------------------------------


@marks_apart
def word_ranks_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Rank of the picture with each word left out, beside its rank with the whole caption (a thin line), from a
    `word_ranks_frame`. Logarithmic; 1 is left. customdata is (model, position, word)."""
    places = frame.drop_duplicates("position")["position"].tolist()
    models = list(frame["model"].unique())
    title = title or "Which word holds the picture?"
    note = "Rank of the picture without each word; dotted: with the whole caption."
    style, fig = start(theme, scale, title, note=note, height=100 + (16 + 12 * len(models)) * len(places))
    for i, model in enumerate(models):
        rows, color = frame[frame["model"] == model], model_color(model, style.theme)
        fig.add_vline(x=int(rows["rank"].iloc[0]), line={"color": color, "width": style.size(1.5), "dash": "dot"})
        fig.add_scatter(
            x=rows["rank_without"],
            y=rows["position"] + (i - (len(models) - 1) / 2) * 0.3,
            mode="markers",
            name=rows["model_title"].iloc[0],
            marker={"color": color, "symbol": model_symbol(model), "size": style.size(11)},
            customdata=rows[["model", "position", "word"]].values.tolist(),
            hovertext=[
                f"without <b>{r['word']}</b>: rank {r['rank_without']:,} instead of {r['rank']:,}<br>"
                f"“{wrap(r['text_without'], 48, 3)}”"
                for _, r in rows.iterrows()
            ],
            cliponaxis=False,
        )
    words = frame.drop_duplicates("position").set_index("position")["word"]
    fig.update_yaxes(
        tickvals=places,
        ticktext=[wrap(words[p], 18, 1) for p in places],
        range=[max(places) + 0.6, -0.6],
        showgrid=True,
    )
    highest = int(max(frame["rank_without"].max(), frame["rank"].max()))
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if t <= max(10, 2 * highest)]
    ends = [log10(0.85), log10(1.25 * max(10, highest))]
    fig.update_xaxes(type="log", range=ends, tickvals=ticks, ticktext=[f"{t:,}" for t in ticks], side="top")
    fig.update_xaxes(showgrid=True)
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))
    return Chart(figure=fig, title=title, alt=_word_ranks_alt(frame), frame=frame, filename="rank-by-word")


def _word_ranks_alt(frame: pd.DataFrame) -> str:
    said = []
    for _, rows in frame.groupby("model", sort=False):
        worst = rows.iloc[int(rows["change"].argmax())]
        said.append(
            f"for {worst['model_title']} from {worst['rank']:,} to {worst['rank_without']:,} without “{worst['word']}”"
        )
    return f"Rank of the picture word by word: at most {listed(said, 4)}."
