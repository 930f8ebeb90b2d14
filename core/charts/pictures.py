"""Charts of pictures by prompt: what moved between two lists, how scores spread, what each word brings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, bar_fill, marks_apart, model_color
from core.charts.theme import Chart, Look, add_intervals, finish, scale_colour, start, wrap
from core.stats.numbers import listed, some_of

ROW_HEIGHT = 30


def moved_chart(
    frame: pd.DataFrame, *, a: str = "", b: str = "", title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Where each picture of two lists stands in both, from a `moved_frame`: a line from its rank on the left to
    its rank on the right, level when it did not move.

    Pictures beyond the first k of a list stand below a gap, in order, with their rank. `a`, `b` name the lists.
    customdata is (id,).
    """
    a, b = a or str(frame["a"].iloc[0]), b or str(frame["b"].iloc[0])
    k = int(frame["k"].iloc[0])
    kept = int((frame["kind"] == "kept").sum())
    title = title or f"{some_of(kept, k, 'image')} in both lists"
    places = {side: _places(frame[side], k) for side in ("rank_a", "rank_b")}
    rows = max(max(place) for place in places.values())
    style, fig = start(
        theme, scale, title, note="Rank of each image in both lists.", height=110 + ROW_HEIGHT * (rows + 1)
    )
    placed = frame.assign(place_a=places["rank_a"], place_b=places["rank_b"])
    for kind, dash in (("kept", "solid"), ("lost", "dash"), ("new", "dash")):
        _lines(fig, placed[placed["kind"] == kind], kind, dash, k, style)
    _ranks_axis(fig, k, rows, a, b)
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(32))
    return Chart(figure=fig, title=title, alt=_moved_alt(frame, a, b), frame=frame, filename="moved")


def _places(ranks: pd.Series, k: int) -> list[float]:
    """The height of each rank: 1 to k as they are, what lies beyond in order under a gap, what has none last."""
    beyond = ranks.astype("Float64").fillna(np.inf).astype(float)
    below = beyond.where(beyond > k).rank(method="first") + k + 0.5
    return below.fillna(beyond).tolist()


def _lines(fig: go.Figure, rows: pd.DataFrame, kind: str, dash: str, k: int, style: Look) -> None:
    names = {"kept": "in both lists", "lost": "only in the first", "new": "only in the second"}
    symbols = {"kept": "circle", "lost": "triangle-down", "new": "triangle-up"}
    line = {"color": style.text if kind == "kept" else style.line, "width": style.size(2), "dash": dash}
    for i, (_, row) in enumerate(rows.iterrows()):
        first, second = (None if pd.isna(row[side]) else int(row[side]) for side in ("rank_a", "rank_b"))
        fig.add_scatter(
            x=[0, 1],
            y=[row["place_a"], row["place_b"]],
            mode="lines+markers+text",
            name=names[kind],
            legendgroup=kind,
            showlegend=i == 0,
            line=line,
            marker={"symbol": symbols[kind], "size": style.size(9), "color": line["color"]},
            text=[_beyond(first, k), _beyond(second, k)],
            textposition=["middle left", "middle right"],
            textfont={"size": style.size(12), "color": style.muted},
            customdata=[[row["id"]], [row["id"]]],
            hovertext=f"<b>{row['id']}</b><br>{_said(first)}, then {_said(second)}",
            cliponaxis=False,
        )


def _beyond(rank: int | None, k: int) -> str:
    if rank is None:
        return "not there"
    return f"{rank:,}" if rank > k else ""


def _said(rank: int | None) -> str:
    return "no vector" if rank is None else f"rank {rank:,}"


def _ranks_axis(fig: go.Figure, k: int, rows: float, a: str, b: str) -> None:
    fig.update_yaxes(
        range=[rows + 0.7, 0.3],
        tickvals=[*range(1, k + 1), *([k + 1.5] if rows > k else [])],
        ticktext=[*map(str, range(1, k + 1)), "beyond"],
        showgrid=False,
    )
    fig.update_xaxes(
        range=[-0.18, 1.18], tickvals=[0, 1], ticktext=[wrap(a, 18, 2), wrap(b, 18, 2)], side="top", showgrid=False
    )


def _moved_alt(frame: pd.DataFrame, a: str, b: str) -> str:
    counts = frame["kind"].value_counts()
    parts = [
        f"{int(counts.get('kept', 0))} in both",
        f"{int(counts.get('lost', 0))} only in {a}",
        f"{int(counts.get('new', 0))} only in {b}",
    ]
    return f"Images of two lists: {listed(parts, 4)}."


# --- scores -----------------------------------------------------------------------------------------------


@marks_apart
def spread_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """How the scores of all pictures lie, one outline for each list of a `spread_frame`; a tick marks where the
    pictures shown begin. customdata is (model, query)."""
    lists = [part for _, part in frame.groupby(["model", "query"], sort=False)]
    title = title or "How far above the others do the images found score?"
    note = f"Cosines of all {int(frame['n'].iloc[0]):,} images with the query; ▾ where the list begins."
    style, fig = start(theme, scale, title, note=note, height=360)
    several = frame["query"].nunique() > 1
    for i, rows in enumerate(lists):
        _outline(fig, rows, several, i, style)
    fig.update_yaxes(title_text="Share of images", tickformat=".0%", rangemode="tozero", showgrid=True)
    fig.update_xaxes(title_text="Score (cosine)", showgrid=False)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_spread_alt(lists), frame=frame, filename="scores")


def _outline(fig: go.Figure, rows: pd.DataFrame, several: bool, i: int, style: Look) -> None:
    first = rows.iloc[0]
    model, query, color = first["model"], first["query"], model_color(first["model"], style.theme)
    dash = ("solid", "dash", "dot", "dashdot")[i % 4] if several else "solid"
    fig.add_scatter(
        x=[rows["low"].iloc[0], *((rows["low"] + rows["high"]) / 2), rows["high"].iloc[-1]],
        y=[0, *rows["share"], 0],
        mode="lines",
        line={"color": color, "width": style.size(2), "shape": "hvh", "dash": dash},
        name=f"{first['model_title']}: {wrap(query, 40, 2)}" if several else first["model_title"],
        customdata=[[model, query]] * (len(rows) + 2),
        hovertemplate="score %{x:.3f}: %{y:.1%} of images<extra></extra>",
    )
    fig.add_scatter(
        x=[first["edge"]],
        y=[0],
        mode="markers",
        showlegend=False,
        cliponaxis=False,
        marker={
            "symbol": "triangle-down",
            "size": style.size(13),
            "color": color,
            "line": {"color": style.background, "width": style.size(1)},
        },
        hovertemplate=f"the last of {first['k']} images shown: %{{x:.3f}}<extra></extra>",
    )


def _spread_alt(lists: list[pd.DataFrame]) -> str:
    said = []
    for rows in lists:
        middle = float(((rows["low"] + rows["high"]) / 2 * rows["share"]).sum())
        said.append(f"{rows['model_title'].iloc[0]} around {middle:.2f}, its list from {rows['edge'].iloc[0]:.2f}")
    return f"Scores of all images: {listed(said, 4)}."


# --- words ------------------------------------------------------------------------------------------------


@marks_apart
def words_chart(frame: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0) -> Chart:
    """What each word of a text brings to the score, one bar for each word and model of a `words_frame`, in the
    order of the text. customdata is (model, position, word)."""
    places = frame.drop_duplicates("position")["position"].tolist()
    models = list(frame["model"].unique())
    title = title or "Which word matters?"
    note = "Score lost when the word is left out" + (
        " with 95 % intervals." if frame["contribution_low"].notna().any() else "."
    )
    style, fig = start(theme, scale, title, note=note, height=100 + (16 + 14 * len(models)) * len(places))
    fig.add_vline(x=0, line={"color": style.text, "width": style.size(1.2)})
    for i, model in enumerate(models):
        _word_bars(fig, frame[frame["model"] == model], i, len(models), style)
    words = frame.drop_duplicates("position").set_index("position")["word"]
    fig.update_yaxes(
        tickvals=places,
        ticktext=[wrap(words[p], 18, 1) for p in places],
        range=[max(places) + 0.6, -0.6],
        showgrid=False,
    )
    fig.update_xaxes(tickformat=".3~f", showgrid=True, side="top")
    finish(fig, style)
    fig.update_layout(margin_t=fig.layout.margin.t + style.size(14))
    return Chart(figure=fig, title=title, alt=_words_alt(frame), frame=frame, filename="words")


def _word_bars(fig: go.Figure, rows: pd.DataFrame, i: int, models: int, style: Look) -> None:
    model, width = rows["model"].iloc[0], 0.8 / models
    places = rows["position"] + (i - (models - 1) / 2) * width
    fig.add_bar(
        x=rows["contribution"],
        y=places,
        width=width * 0.9,
        orientation="h",
        name=rows["model_title"].iloc[0],
        marker=bar_fill(model, style.theme, style.background),
        customdata=rows[["model", "position", "word"]].values.tolist(),
        hovertext=[
            f"<b>{r['word']}</b>: {r['contribution']:+.4f}<br>without it: “{wrap(r['text_without'], 48, 3)}”, "
            f"score {r['score_without']:.4f}"
            for _, r in rows.iterrows()
        ],
    )
    known = rows["contribution_low"].notna()
    if known.any():
        part = rows[known].astype({"contribution_low": float, "contribution_high": float})
        ends = part["contribution_low"], part["contribution_high"]
        add_intervals(fig, style, part["contribution"], places[known], ends, axis="x")


def _words_alt(frame: pd.DataFrame) -> str:
    said = []
    for _, rows in frame.groupby("model", sort=False):
        best = rows.iloc[int(rows["contribution"].argmax())]
        said.append(f"for {best['model_title']} “{best['word']}” with {best['contribution']:+.3f}")
    return f"What each word brings to the score; most {listed(said, 4)}."


def change_colour(style: Look, value: float, largest: float) -> str:
    """The colour of the diverging scale for a change; 0 is the middle, `largest` either end."""
    share = 0.5 + 0.5 * float(np.clip(value / largest if largest else 0.0, -1, 1))
    return scale_colour(replace(style, sequential=style.diverging), share)
