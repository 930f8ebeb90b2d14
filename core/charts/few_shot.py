"""Few-shot curves: accuracy against the number of labelled pictures a class, with the spread over draws."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import Theme, marks_apart, model_color
from core.charts.theme import Chart, Look, chance_line, finish, percent_axis, published_marker, start, whiskers, wrap
from core.stats.numbers import listed, percent
from core.words.names import FEW_SHOT_METHODS, ZERO_SHOT

_DASHES = {"probe": "solid", "tip": "dash", "tip-f": "dot"}
_SYMBOLS = {"probe": "circle", "tip": "triangle-up", "tip-f": "square"}


@marks_apart
def few_shot_chart(
    frame: pd.DataFrame, published: pd.DataFrame, *, title: str = "", theme: Theme = "light", scale: float = 1.0
) -> Chart:
    """Mean accuracy over draws against K, from a `few_shot_frame` and its `published_frame`.

    Colour is the model, line and symbol the method; the band is one standard deviation over draws. K = 0 is
    zero-shot, with its 95 % interval. customdata is (model, method, K).
    """
    title = title or "What is a labeled image worth?"
    style, fig = start(theme, scale, title, note=_note(frame), height=470)
    ticks = [0, *sorted(set(frame["shots"]) - {0})]
    several = frame["model"].nunique() > 1
    for (model, method), rows in frame[frame["shots"] > 0].groupby(["model", "method"], sort=False):
        zero = frame[(frame["model"] == model) & (frame["shots"] == 0)]
        _band(fig, rows, str(model), str(method), style, ticks)
        _curve(fig, pd.concat([zero, rows]), str(model), str(method), style, ticks, several)
    for _, row in frame[frame["shots"] == 0].iterrows():
        _zero(fig, row, style, ticks, several)
    shown = published["shots"].isin(ticks) & published["method"].isin(frame["method"])
    _published(fig, published[shown], style, ticks)
    _axes(fig, frame, style, ticks)
    finish(fig, style)
    return Chart(figure=fig, title=title, alt=_alt(frame), frame=frame, filename="few-shot")


def _at(shots: pd.Series, ticks: list[int]) -> list[int]:
    """Places along the axis: each K one step, so that 1 to 16 have the same room."""
    return [ticks.index(k) for k in shots]


def _band(fig: go.Figure, rows: pd.DataFrame, model: str, method: str, style: Look, ticks: list[int]) -> None:
    places, color = _at(rows["shots"], ticks), model_color(model, style.theme)
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    fig.add_scatter(
        x=[*places, *places[::-1]],
        y=[*rows["spread_high"], *rows["spread_low"][::-1]],
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.16)",
        mode="lines",
        line={"width": 0},
        showlegend=False,
        hoverinfo="skip",
        legendgroup=f"{model} {method}",
    )


def _curve(
    fig: go.Figure, rows: pd.DataFrame, model: str, method: str, style: Look, ticks: list[int], several: bool
) -> None:
    color, name = model_color(model, style.theme), FEW_SHOT_METHODS[method]
    fig.add_scatter(
        x=_at(rows["shots"], ticks),
        y=rows["acc1_mean"],
        mode="lines+markers",
        name=f"{name} · {rows['model_title'].iloc[0]}" if several else name,
        legendgroup=f"{model} {method}",
        line={"color": color, "width": style.size(2.2), "dash": _DASHES[method]},
        marker={
            "symbol": _SYMBOLS[method],
            "color": color,
            "opacity": 1,
            "size": [style.size(10) if k else 0 for k in rows["shots"]],
        },
        cliponaxis=False,
        customdata=rows[["model", "method", "shots"]].values.tolist(),
        hovertext=[_hover(row) for _, row in rows.iterrows()],
    )


def _zero(fig: go.Figure, row: pd.Series, style: Look, ticks: list[int], several: bool) -> None:
    color = model_color(row["model"], style.theme)
    line = {"color": color, "width": style.size(1), "dash": "dash"}
    fig.add_shape(
        type="line", x0=0, x1=len(ticks) - 1, y0=row["acc1_mean"], y1=row["acc1_mean"], line=line, layer="below"
    )
    value = pd.Series([row["acc1_mean"]])
    fig.add_scatter(
        x=[0],
        y=value,
        error_y=whiskers(style, value, pd.Series([row["acc1_low"]]), pd.Series([row["acc1_high"]])),
        mode="markers",
        name=f"zero-shot · {row['model_title']}" if several else "zero-shot, with 95 % interval",
        marker={"symbol": "hexagon", "size": style.size(13), "color": color},
        customdata=[[row["model"], ZERO_SHOT, 0]],
        hovertext=[
            f"<b>{row['model_title']}</b>, zero-shot<br>{percent(row['acc1_mean'])} "
            f"({percent(row['acc1_low'])} to {percent(row['acc1_high'])})"
        ],
    )


def _published(fig: go.Figure, rows: pd.DataFrame, style: Look, ticks: list[int]) -> None:
    """Diamonds of each method that is shown, joined by its own kind of line."""
    for method, same in rows.groupby("method", sort=False):
        same = same.drop_duplicates(["model", "shots"])
        fig.add_scatter(
            x=_at(same["shots"], ticks),
            y=same["value"],
            mode="lines+markers",
            name=f"published, {FEW_SHOT_METHODS[str(method)]}",
            line={"color": style.muted, "width": style.size(1), "dash": _DASHES[str(method)]},
            marker=published_marker(style),
            cliponaxis=False,  # a mark at 100 % is whole
            hovertext=[
                f"<b>{r['method_title']}</b>, {r['shots']} per class, published for {r['model_title']}<br>"
                f"{percent(r['value'])}<br>{wrap(r['protocol'], 60, 3)}<br>{wrap(r['source'], 60)}"
                for _, r in same.iterrows()
            ],
        )


def _axes(fig: go.Figure, frame: pd.DataFrame, style: Look, ticks: list[int]) -> None:
    fig.add_shape(
        type="line",
        x0=-0.3,
        x1=len(ticks) - 0.7,
        y0=frame["chance"].iloc[0],
        y1=frame["chance"].iloc[0],
        line=chance_line(style),
        layer="below",
    )
    fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")
    fig.update_xaxes(
        tickvals=list(range(len(ticks))),
        ticktext=[str(k) if k else "0<br>zero-shot" for k in ticks],
        range=[-0.35, len(ticks) - 0.65],
        title_text="Labeled images per class (K)",
        showgrid=False,
    )
    percent_axis(fig, style, "y", title="Top-1 accuracy")


def _hover(row: pd.Series) -> str:
    spread = "one draw" if row["draws"] < 2 else f"± {row['acc1_std'] * 100:.1f} over {row['draws']:.0f} draws"
    if not row["shots"]:
        return f"<b>{row['model_title']}</b>, zero-shot<br>{percent(row['acc1_mean'])}"
    return (
        f"<b>{row['method_title']}</b>, {row['shots']} per class · {row['model_title']}<br>"
        f"{percent(row['acc1_mean'])} {spread} ({percent(row['lowest'])} to {percent(row['highest'])})<br>"
        f"{wrap(row['settings'], 60, 2)}"
    )


def _note(frame: pd.DataFrame) -> str:
    draws = int(frame["draws"].max())
    band = f"Bands: one standard deviation over {draws} draws." if draws > 1 else "A single draw: no spread is known."
    return f"{frame['dataset_title'].iloc[0]}, {int(frame['n'].iloc[0]):,} test images. {band}"


def _alt(frame: pd.DataFrame) -> str:
    most = frame["shots"].max()
    rows = [
        f"{r['method_title']} of {r['model_title']} reaches {percent(r['acc1_mean'])} with {most} images per class"
        for _, r in frame[frame["shots"] == most].iterrows()
    ]
    zero = [f"{r['model_title']} {percent(r['acc1_mean'])} zero-shot" for _, r in frame[frame["shots"] == 0].iterrows()]
    return f"Accuracy against labeled images per class: {listed([*zero, *rows], 8)}."
