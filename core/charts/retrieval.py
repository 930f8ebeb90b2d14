"""Charts of caption retrieval: recalls, recall against k, ranks, what makes a caption hard, word by word."""

from __future__ import annotations

from math import log10

import pandas as pd
import plotly.graph_objects as go

from core.charts import layout
from core.charts.palette import Theme, bar_fill, marks_apart, model_color, model_symbol
from core.charts.theme import (
    Chart,
    Look,
    add_intervals,
    finish,
    percent_axis,
    published_marker,
    readable_on,
    scale_colour,
    share_grid,
    start,
    whiskers,
    wrap,
)
from core.stats.numbers import listed, percent
from core.words.shorter import middle_out

_QUESTIONS = {"image": "Does a caption find its own image?", "text": "Does an image find one of its captions?"}
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
    part = frame[frame["side"] == side]
    models = part["model"].nunique()
    upright, named = models <= 2, models > layout.MOST_IN_LEGEND
    placed = _placed(part, named)
    title = title or _QUESTIONS[side]
    height = 360 if upright else layout.height(placed, named=named)
    style, fig = start(theme, scale, title, note=_recalls_note(part), height=height)
    for _, own in placed.groupby("model", sort=False):
        _recall_bars(fig, own, style, upright, legend=not named)
    layout.numbers_past(fig, style, placed, "recall", upright=upright, marks=["published"])
    _published(fig, placed, style, upright)
    if named:
        layout.name_rows(fig, placed, style)
    else:
        layout.name_groups(fig, list(placed.drop_duplicates("group")["group_title"]), upright=upright)
    percent_axis(fig, style, "y" if upright else "x", few=named)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_recalls_alt(part), frame=part, filename=f"recall-{side}")


def _placed(part: pd.DataFrame, named: bool) -> pd.DataFrame:
    """The frame with `group` (which k), `place` and `width` of each bar, and what names them."""
    models, ks = list(part["model"].unique()), list(part["k"].unique())
    group, number = part["k"].map(ks.index), part["model"].map(models.index)
    place, width = layout.places(group, number, len(models), named=named)
    return part.assign(
        group=group,
        group_title=[f"first {k}" if k > 1 else "first" for k in part["k"]],
        place=place,
        width=width,
        row=part["k"].astype(str) + part["model"],
        row_title=part["model_title"],
    )


def _recalls_note(part: pd.DataFrame) -> str:
    what = {"image": "captions whose own image is", "text": "images with any own caption"}
    return f"{part['dataset_title'].iloc[0]}: share of {what[part['side'].iloc[0]]} among the first k."


def _recall_bars(fig: go.Figure, own: pd.DataFrame, style: Look, upright: bool, *, legend: bool) -> None:
    """The bars of one model with their intervals."""
    fig.add_bar(
        **layout.along(upright, own["place"], own["recall"]),
        width=own["width"] * 0.92,
        orientation="v" if upright else "h",
        name=own["model_title"].iloc[0],
        showlegend=legend,
        marker=bar_fill(own["model"].iloc[0], style.theme, style.background),
        customdata=own[["model", "side", "k"]].values.tolist(),
        hovertext=[
            f"<b>{r['model_title']}</b>, {r['side_title'].lower()}<br>recall@{r['k']} {percent(r['recall'])} "
            f"({percent(r['recall_low'])} to {percent(r['recall_high'])})<br>{r['n']:,} queries"
            for _, r in own.iterrows()
        ],
    )
    ends, axis = (own["recall_low"], own["recall_high"]), "y" if upright else "x"
    add_intervals(
        fig, style, **layout.along(upright, own["place"], own["recall"]), ends=ends, axis=axis, cliponaxis=False
    )


def _published(fig: go.Figure, placed: pd.DataFrame, style: Look, upright: bool) -> None:
    known = placed[placed["published"].notna()]
    for compares, name in ((True, "published"), (False, "published, for other images")):
        part = known[known["published_compares"] == compares]
        if part.empty:
            continue
        fig.add_scatter(
            **layout.along(upright, part["place"], part["published"]),
            mode="markers",
            name=name,
            marker=published_marker(style),
            hovertext=[
                f"published: {percent(r['published'])}<br>{wrap(r['published_protocol'], 48, 4)}"
                for _, r in part.iterrows()
            ],
        )


def _recalls_alt(shown: pd.DataFrame) -> str:
    said = []
    for _, part in shown.groupby("model", sort=False):
        values = ", ".join(f"{percent(r['recall'])} at {r['k']}" for _, r in part.iterrows())
        said.append(f"{part['model_title'].iloc[0]} {values}")
    return f"{shown['side_title'].iloc[0]}, recall: {listed(said, 3)}."


# --- curve and ranks --------------------------------------------------------------------------------------


@marks_apart
def recall_curve_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """Recall against k on a logarithmic axis, one line a model, from a `curve_frame`. customdata is (model, k)."""
    side = frame["side"].iloc[0]
    title = title or "Recall by rank"
    note = f"{frame['dataset_title'].iloc[0]}: {frame['side_title'].iloc[0].lower()} within the first k."
    style, fig = start(theme, scale, title, note=note, height=380)
    ends = list[tuple[float, float, str, str]]()
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
            hovertemplate=f"{rows['model_title'].iloc[0]}<br>recall@%{{x}}: %{{y:.1%}}<extra></extra>",
            cliponaxis=False,
        )
        last = rows.iloc[-1]
        ends.append((log10(last["k"]), float(last["recall"]), str(last["model_title"]), color))
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= frame["k"].max()]
    ends_of_axis = (log10(0.9), log10(frame["k"].max()) or 1.0)  # names stand past the plot, not in it
    fig.update_xaxes(type="log", tickvals=ticks, ticktext=[str(k) for k in ticks], title_text="k", showgrid=True)
    fig.update_xaxes(range=ends_of_axis, tickangle=0)
    percent_axis(fig, style, "y")
    layout.name_beside(fig, style, ends, span=1.0)
    finish(fig, style, legend=False)
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
    title = title or "Rank of the correct match"
    note = f"{frame['dataset_title'].iloc[0]}, {frame['side_title'].iloc[0].lower()}: share of queries by rank."
    if len(models) > layout.MOST_IN_LEGEND:
        style, fig = start(theme, scale, title, note=note, height=90 + 26 * len(models))
        _rank_cells(fig, frame, models, bins, style)
    else:
        style, fig = start(theme, scale, title, note=note, height=370)
        _rank_bars(fig, frame, models, bins, style)
    finish(fig, style, legend=len(models) <= layout.MOST_IN_LEGEND)
    return Chart(
        figure=fig, title=title, alt=_histogram_alt(frame), frame=frame, filename=f"ranks-{frame['side'].iloc[0]}"
    )


def _rank_bars(fig: go.Figure, frame: pd.DataFrame, models: list[str], bins: list[str], style: Look) -> None:
    width = layout.GROUP_WIDTH / len(models)
    for i, model in enumerate(models):
        own = frame[frame["model"] == model]
        fig.add_bar(
            x=own["bin"].map(bins.index) + (i - (len(models) - 1) / 2) * width,
            y=own["share"],
            width=width * 0.92,
            name=own["model_title"].iloc[0],
            marker=bar_fill(model, style.theme, style.background),
            customdata=own[["model", "low", "high"]].values.tolist(),
            hovertext=[f"rank {r['bin']}: {r['count']:,}, {percent(r['share'])}" for _, r in own.iterrows()],
        )
    fig.update_xaxes(tickvals=list(range(len(bins))), ticktext=bins, title_text="Rank", showgrid=False)
    top = min(1.0, float(frame["share"].max()) * 1.1)
    percent_axis(fig, style, "y", top=top)


def _rank_cells(fig: go.Figure, frame: pd.DataFrame, models: list[str], bins: list[str], style: Look) -> None:
    """A row for each model and a column for each bin: beyond a few models, bars beside each other are not read."""
    shares = frame.pivot_table(index="model", columns="bin", values="share", sort=False).loc[models, bins]
    share_grid(fig, style, shares.to_numpy(), scale=False)
    inked = frame.assign(ink=frame["share"].map(lambda share: readable_on(scale_colour(style, share))))
    for ink, part in inked.groupby("ink", sort=False):
        still = {"marker": {"opacity": 0}, "textfont": {"color": ink}}
        fig.add_scatter(
            x=part["bin"].map(bins.index),
            y=part["model"].map(models.index),
            mode="markers+text",
            text=[percent(v, 0) for v in part["share"]],
            textfont={"color": ink, "size": style.size(12)},
            marker={"symbol": "square", "size": style.size(20), "opacity": 0},
            selected=still,
            unselected=still,
            customdata=part[["model", "low", "high"]].values.tolist(),
            hovertext=[
                f"<b>{r['model_title']}</b><br>rank {r['bin']}: {r['count']:,}, {percent(r['share'])}"
                for _, r in part.iterrows()
            ],
        )
    titles = frame.drop_duplicates("model").set_index("model")["model_title"]
    fig.update_yaxes(
        tickvals=list(range(len(models))),
        ticktext=[middle_out(titles[model], layout.NAME_WIDTH) for model in models],
        range=[len(models) - 0.5, -0.5],
        showgrid=False,
    )
    fig.update_xaxes(tickvals=list(range(len(bins))), ticktext=bins, title_text="Rank", showgrid=False)


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
    models, top = list(frame["model"].unique()), min(1.0, float(frame[f"recall@{k}_high"].max()) * 1.1)
    step = min(0.08, 0.5 / len(models))
    ends = list[tuple[float, float, str, str]]()
    for i, model in enumerate(models):
        rows = frame[frame["model"] == model]
        color, value = model_color(model, style.theme), rows[f"recall@{k}"]
        places = rows["band"].map(order.index) + (i - (len(models) - 1) / 2) * step
        ends.append((float(places.max()), float(value.loc[places.idxmax()]), str(rows["model_title"].iloc[0]), color))
        fig.add_scatter(
            x=places,
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
        range=[-0.4, len(order) - 0.7],
    )
    percent_axis(fig, style, "y", top=top)
    layout.name_beside(fig, style, ends, span=top)
    finish(fig, style, legend=False)
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
    title = title or "Which word matters most?"
    note = "Rank of the image without each word; dotted: with the whole caption."
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
    return f"Rank of the image word by word: at most {listed(said, 4)}."
