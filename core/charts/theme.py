"""What all charts share: colours of text and lines, sizes, titles, legends, marks, and the returned `Chart`.

A chart is a plain function of a frame: `(frame, ..., title, theme, scale) -> Chart`. To write one:

    look, fig = start(theme, scale, title, note="10,000 pictures", height=420)
    fig.add_bar(...)                       # colours from palette.model_color(model, theme)
    percent_axis(fig, look, "y")           # accuracy: from 0, percent without decimals
    finish(fig, look)                      # legend under the plot, margins, explicit tick fonts
    return Chart(fig, title, alt, frame, "accuracy")

Marks mean the same on every chart: measured = filled with its 95 % interval, published = outlined diamond,
the deck's = open circle, chance = thin dotted line. `scale` is 1.0 on a page and 1.5 in presentation mode.

A page shows it with `pages.shared.chart.draw`, which writes title and note over it in HTML: only the browser knows how
many characters fit into a line. What stands alone (a report, a notebook) shows `chart.figure`, whose title is broken
for the narrowest screen. Streamlit's own theme would take the tick labels below the contrast that a reader needs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.charts.palette import Theme
from core.words.names import file_part, is_own
from core.words.shorter import GONE

FONT = "Source Sans, Source Sans Pro, Helvetica Neue, Arial, sans-serif"
TITLE_WIDTH = 42
"""Characters a line of a title may have, so that it is not cut on a screen 390 pixels wide."""
STAGE_ROOM = 340
"""Pixels that the rows of a chart have on a stage, at the scale 1."""
NARROWEST, CHARACTER, LEGEND_LINE = 360, 7, 21
"""Pixels: a chart on such a screen, a character of its legend, and a line of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours and sizes of one theme at one scale; `muted` text still has a contrast of 4.5 : 1. The two scales are
    greys, warm below zero and cool above it: a colour is a model's, and nothing else."""

    theme: Theme
    background: str
    text: str
    muted: str
    grid: str
    line: str
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]
    scale: float = 1.0

    def size(self, pixels: float) -> float:
        """Pixels at this scale."""
        return pixels * self.scale


_LOOKS = {
    "light": Look(
        theme="light",
        background="#FFFFFF",
        text="#14181B",
        muted="#4D565C",
        grid="#E4E8EA",
        line="#8A949A",
        sequential=("#F3F6F7", "#C5D3DA", "#86A5B5", "#4A7389", "#2A4B5E", "#14293A"),
        diverging=("#4F443C", "#A99E95", "#F5F5F5", "#A3B0B5", "#33454C"),
    ),
    "dark": Look(
        theme="dark",
        background="#121517",
        text="#E8EBED",
        muted="#B4BCC2",
        grid="#2A3136",
        line="#7D878D",
        sequential=("#1B2327", "#27404D", "#35606F", "#558AA0", "#92BED1", "#DDF0F8"),
        diverging=("#D9CDC2", "#7C7168", "#24292D", "#66757B", "#C3D2D8"),
    ),
}


def look(theme: Theme = "light", scale: float = 1.0) -> Look:
    """The look of a theme at a scale."""
    base = _LOOKS[theme]
    return base if scale == 1.0 else Look(**{name: getattr(base, name) for name in Look.__slots__[:-1]}, scale=scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure with its takeaway in one sentence (`alt`), the rows behind it, and a name for files."""

    figure: go.Figure
    title: str
    alt: str
    frame: pd.DataFrame
    filename: str

    def __post_init__(self) -> None:
        """Own models and data sets stand in the name of the file, so that what is saved of one does not look like
        another's, and with their whole path in the tooltips that name them, as any name that is shortened."""
        own = _own_names(self.frame, whole=True)
        object.__setattr__(self, "filename", own_filename(self.filename, self.frame))
        for trace in self.figure.data if own else ():
            if isinstance(trace.hovertext, str):
                trace.hovertext = _with_places(trace.hovertext, own)
            elif trace.hovertext is not None:
                trace.hovertext = [_with_places(text, own) for text in trace.hovertext]

    @property
    def note(self) -> str:
        """The muted line under the title."""
        return str((self.figure.layout.meta or {}).get("note", ""))

    def untitled(self) -> go.Figure:
        """The figure without its title and note and without their room, for a page that writes them over it in as
        many characters a line as it has room for."""
        figure, about = go.Figure(self.figure), self.figure.layout.meta or {}
        room = about.get("lines", 0) * 22 * about.get("scale", 1.0)
        figure.layout.title.text = ""
        figure.layout.margin.t -= room
        figure.layout.height -= room
        return figure

    def csv(self) -> bytes:
        """The rows behind the figure."""
        return self.frame.to_csv(index=False).encode("utf-8")

    def config(self) -> dict[str, Any]:
        """Plotly's settings: the camera saves a sharp PNG in the browser, nothing leaves the machine."""
        return {
            "displaylogo": False,
            "responsive": True,
            "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
            "toImageButtonOptions": {"format": "png", "filename": self.filename, "scale": 3},
        }


def own_filename(filename: str, frame: pd.DataFrame) -> str:
    """A name for a file with these rows: people's own models and data sets stand in it."""
    parts = [file_part(name) for name in _own_names(frame).values()]
    return filename if not parts or parts[0] in filename else "-".join([filename, *parts[:4]])


def _own_names(frame: pd.DataFrame, *, whole: bool = False) -> dict[str, str]:
    """Title -> exact name of people's own models and data sets in a frame; with `whole` also of any other whose title
    is not whole."""
    pairs = [(f"{column}_title", column) for column in ("model", "dataset") if f"{column}_title" in frame]
    rows = (dict.fromkeys(zip(frame[title], frame[name], strict=True)) for title, name in pairs if name in frame)
    named = [(str(title), name) for found in rows for title, name in found if isinstance(name, str)]
    return {title: name for title, name in named if is_own(name) or (whole and GONE in title)}


def _with_places(text: str, own: dict[str, str]) -> str:
    added = [name for title, name in own.items() if title in text and name not in text]
    return "<br>".join([text, *added])


# --- building ---------------------------------------------------------------------------------------------


def start(theme: Theme, scale: float, title: str, *, note: str = "", height: float = 420) -> tuple[Look, go.Figure]:
    """An empty figure with its title (the finding or the question) and a muted line under it."""
    style = look(theme, scale)
    heading, lines = _heading(style, title, note)
    total = round(height * scale + lines * style.size(22))
    # Plotly hangs a title of one line from its top, but sets the first of several lines on its baseline.
    drop = style.size(12 if lines == 1 else 25)
    layout = {
        "template": "none",
        "height": total,
        "paper_bgcolor": style.background,
        "plot_bgcolor": style.background,
        "font": {"family": FONT, "size": style.size(14), "color": style.text},
        "title": {
            "text": heading,
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": style.size(8)},
            "y": 1 - drop / total,
            "yref": "container",
            "yanchor": "top",
            "font": {"size": style.size(17), "color": style.text, "weight": 600},
        },
        "margin": {side: style.size(px) for side, px in zip("lrtb", (8, 18, 22 + lines * 22, 8), strict=True)},
        "hoverlabel": {
            "font": {"family": FONT, "size": style.size(14), "color": style.text},
            "bgcolor": style.background,
            "bordercolor": style.line,
            "align": "left",
        },
        "meta": {"title": title, "note": note, "lines": lines, "scale": scale},
    }
    return style, go.Figure(layout=layout)


def _heading(style: Look, title: str, note: str) -> tuple[str, int]:
    lines = _lines(title, TITLE_WIDTH)
    small = [
        f'<span style="font-size:{style.size(14):.0f}px;font-weight:400;color:{style.muted}">{line}</span>'
        for line in _lines(note, TITLE_WIDTH + 10)
    ]
    return "<br>".join([*lines, *small]), len(lines) + len(small)


def _lines(text: str, width: int) -> list[str]:
    """Lines that break neither inside a model's name, nor at a hyphen, nor before a per cent sign."""
    whole = text.replace(" · ", "\u00a0·\u00a0").replace(" %", "\u00a0%")
    return textwrap.wrap(whole, width, break_on_hyphens=False)


def finish(fig: go.Figure, style: Look, *, legend: bool = True) -> None:
    """Legend under the plot, axes and hover texts with explicit fonts: nothing is left to a host's theme."""
    axis = {
        "automargin": True,
        "ticks": "",
        "gridcolor": style.grid,
        "zeroline": False,
        "linecolor": style.line,
        "tickfont": {"size": style.size(13), "color": style.text, "family": FONT},
        "title": {"font": {"size": style.size(14), "color": style.muted, "family": FONT}},
    }
    axes = {"xaxis", "yaxis", *(name for name in fig.layout if name.startswith(("xaxis", "yaxis")))}
    legend_box = {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "xref": "container",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
        "bgcolor": "rgba(0,0,0,0)",
        "itemsizing": "trace",
        "font": {"size": style.size(13), "color": style.text, "family": FONT},
    }
    set_parts(fig, dict.fromkeys(axes, axis) | {"legend": legend_box})
    fig.layout.showlegend = legend
    for trace in fig.data:
        _stay_readable(trace, style)
        if trace.hovertext is not None:
            trace.hovertemplate = "%{hovertext}<extra></extra>"
    if (rows := (fig.layout.meta or {}).get("rows", 0)) and style.scale > 1:
        _fit_rows(fig, style.scale * STAGE_ROOM / rows)
    if legend:
        _room_for_legend(fig, style)


def _fit_rows(fig: go.Figure, row: float) -> None:
    """Names, headings and numbers of rows that are so many pixels high: a stage gives a chart no more room."""
    fig.update_yaxes(tickfont_size=min(fig.layout.yaxis.tickfont.size, 0.9 * row))
    for note in fig.layout.annotations:
        note.font.size = min(note.font.size, 0.9 * row)
    for trace in fig.data:
        if trace.type == "scatter" and trace.mode == "text":
            trace.textfont.size = min(trace.textfont.size, 0.9 * row)


def set_parts(fig: go.Figure, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Plotly's `update_layout(**parts)` for parts that are dicts of nested dicts, in a tenth of its time: one
    assignment a part, where it walks to each property by its path."""
    for name, part in parts.items():
        fig.layout[name] = _merged(fig.layout[name].to_plotly_json(), part)


def _merged(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return old | {
        key: _merged(old[key], value) if isinstance(value, Mapping) and isinstance(old.get(key), dict) else value
        for key, value in new.items()
    }


def _room_for_legend(fig: go.Figure, style: Look) -> None:
    """More height where the legend of a narrow screen would take more than a third of the chart below its title."""
    names = [str(trace.name) for trace in fig.data if trace.name and trace.showlegend is not False]
    widest = max(map(len, names), default=0) * CHARACTER + 44
    lines = -(-len(names) // max(1, int((NARROWEST - 16) // widest)))
    legend, above = style.size(lines * LEGEND_LINE), fig.layout.margin.t or 0
    if 3 * legend > fig.layout.height - above:
        fig.layout.height = round(above + 3 * legend)


def _stay_readable(trace: Any, style: Look) -> None:
    """What is not selected fades a little, but words, intervals and references stay.

    Plotly fails on a click where only `unselected` has a text colour, so `selected` names it too.
    """
    if trace.type not in ("bar", "scatter") or trace.unselected.marker.opacity is not None:
        return
    full = 1.0 if trace.marker.opacity is None else trace.marker.opacity
    color = trace.insidetextfont.color if trace.type == "bar" else style.text
    text = {"textfont": {"color": color or style.text}}
    trace.selected = {"marker": {"opacity": full}, **text}
    trace.unselected = {
        "marker": {"opacity": full if trace.customdata is None else 0.45},
        "textfont": {"color": style.text},
    }


def percent_axis(
    fig: go.Figure, style: Look, axis: str, *, top: float = 1.0, title: str = "", few: bool = False, **options: Any
) -> None:
    """An axis of shares: from 0, in percent without decimals. `few` numbers where names leave little room beside them
    on a narrow screen: there more would be turned upright."""
    update = fig.update_xaxes if axis == "x" else fig.update_yaxes
    update(
        range=[0, top],
        tickformat=".0%",
        dtick=0.5 if few else 0.2 if top > 0.5 else None,
        **({"tickangle": 0, "minor": {"dtick": 0.1, "showgrid": True, "gridcolor": style.grid}} if few else {}),
        title_text=title,
        rangemode="tozero",
        showgrid=True,
        **options,
    )


def whiskers(style: Look, value: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, Any]:
    """The 95 % interval of measured values, as an error bar."""
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - value).clip(lower=0),
        "arrayminus": (value - low).clip(lower=0),
        "color": style.text,
        "thickness": style.size(1.4),
        "width": style.size(3),
    }


def add_intervals(
    fig: go.Figure, style: Look, x: Any, y: Any, ends: tuple[pd.Series, pd.Series], *, axis: str = "y", **options: Any
) -> None:
    """The 95 % intervals of bars or marks, values along `axis`, each over a wider one in the background's colour
    that keeps it readable."""
    error = whiskers(style, x if axis == "x" else y, *ends)
    halo = {"color": style.background, "thickness": style.size(4), "width": style.size(4.5)}
    for lines in (error | halo, error):
        fig.add_scatter(
            x=x,
            y=y,
            **{f"error_{axis}": lines},
            mode="markers",
            marker={"opacity": 0, "size": 1},
            showlegend=False,
            hoverinfo="skip",
            **options,
        )


def share_grid(fig: go.Figure, style: Look, shares: NDArray[np.float64], *, scale: bool, **bar: Any) -> None:
    """Cells (rows, columns) of shares in the colours of `scale_colour`; with `scale` the bar beside them, for cells
    that have no room for numbers."""
    stops = len(style.sequential) - 1
    tickfont = {"size": style.size(12), "color": style.text}
    fig.add_heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
        showscale=scale,
        colorscale=[(i / stops, color) for i, color in enumerate(style.sequential)],
        colorbar={"tickformat": ".0%", "thickness": style.size(10), "outlinewidth": 0, "tickfont": tickfont, **bar},
    )


def published_marker(style: Look) -> dict[str, Any]:
    """A published figure: an outlined diamond, readable on a bar of any colour."""
    return {"symbol": "diamond", "size": style.size(9), **_outlined(style)}


def deck_marker(style: Look) -> dict[str, Any]:
    """A figure of the deck: an open circle, readable on a bar of any colour."""
    return {"symbol": "circle", "size": style.size(8), **_outlined(style)}


def _outlined(style: Look) -> dict[str, Any]:
    return {"color": style.background, "line": {"width": style.size(1.8), "color": style.text}}


def chance_line(style: Look) -> dict[str, Any]:
    """What guessing gives: thin and dotted."""
    return {"color": style.muted, "width": style.size(1.2), "dash": "dot"}


def add_chance(fig: go.Figure, style: Look, level: float, axis: str) -> None:
    """The line of what guessing gives, across a whole chart whose accuracy is along `axis`, and its key."""
    line = fig.add_hline if axis == "y" else fig.add_vline
    line(**{axis: float(level)}, line=chance_line(style), layer="below")
    fig.add_scatter(x=[None], y=[None], mode="lines", line=chance_line(style), name="chance", hoverinfo="skip")


# --- names ------------------------------------------------------------------------------------------------


def wrap(name: str, width: int = 20, lines: int = 2) -> str:
    """A name on at most so many lines for a tick; what does not fit ends in an ellipsis."""
    if lines == 1:
        return name if len(name) <= width else name[: width - 1].rstrip() + "…"
    parts = textwrap.wrap(name, width) or [name]
    if len(parts) > lines:
        parts = [*parts[: lines - 1], parts[lines - 1][: width - 1].rstrip() + "…"]
    return "<br>".join(parts)


def readable_on(background: str) -> str:
    """Black or white, whichever stands out more on a colour: at least 4.5 : 1 on any."""
    return max(("#000000", "#FFFFFF"), key=lambda color: contrast(color, background))


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours #RRGGBB, 1 to 21 (WCAG 2.2)."""
    first, second = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(color: str, other: str, share: float) -> str:
    """`share` of one colour #RRGGBB, the rest of another."""
    parts = [(int(color[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in parts)


def scale_colour(style: Look, share: float) -> str:
    """The colour of the sequential scale at 0-1, as plotly interpolates it."""
    stops = style.sequential
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    i = min(int(place), len(stops) - 2)
    mixed = [
        round(int(stops[i][k : k + 2], 16) * (1 - place + i) + int(stops[i + 1][k : k + 2], 16) * (place - i))
        for k in (1, 3, 5)
    ]
    return "#" + "".join(f"{value:02X}" for value in mixed)
