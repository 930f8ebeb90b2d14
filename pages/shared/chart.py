"""A chart on a page: drawn for this browser's theme, named for screen readers, its rows (CSV) and its picture (PNG)
one press away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.charts.theme import Chart
from core.charts.theme import look as chart_style
from pages.shared.engine import engine
from pages.shared.file_models import exact_name, public_name, stored_file_models
from pages.shared.png import save_picture
from pages.shared.theme import on_stage, theme

HEIGHT = 530
"""Of a chart that fills the room left for it, where nothing measures that room."""


def draw(chart: Chart, *, key: str, picked: Callable[[list[Any]], None] | None = None, title: bool = True) -> None:
    """Show a chart. `picked` gets the customdata of a clicked mark, before the page runs again. Without `title` where
    the heading over it has the same words; its note stays."""
    key = public_name(engine(), key)
    # A changed figure lets go of its selection, so that the same mark can be clicked again.
    times = st.session_state.get(f"picked-{key}", 0)
    figure = public_figure(chart.untitled())
    figure.layout.clickmode, figure.layout.dragmode = "event+select", False
    figure.layout.meta = {**(figure.layout.meta or {}), "picked": times}
    options: dict[str, Any] = {"on_select": _on_select(key, picked), "selection_mode": "points"} if picked else {}
    with st.container(gap="xxsmall", key=f"chart-of-{key}"):
        _heading(chart, title)
        if on_stage():
            fitted(chart, figure, key=key, config=_config(chart), **options)
        else:
            st.plotly_chart(figure, theme=None, key=key, alt=chart.alt, config=_config(chart), **options)
    with st.container(horizontal=True, gap="xsmall", key=f"files-{key}"):
        save(chart, key=key)
        save_picture(key, chart)


def public_figure(figure: go.Figure) -> go.Figure:
    """The figure without paths of this server, which models in files have in its marks and tooltips."""
    return go.Figure(_public(figure.to_dict()), skip_invalid=True) if stored_file_models(engine()) else figure


def _public(value: Any) -> Any:
    if isinstance(value, str):
        return public_name(engine(), value)
    if isinstance(value, dict):
        return {key: _public(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
        return [_public(each) for each in value]
    return value


def fitted(chart: Chart, figure: go.Figure, *, key: str, **options: Any) -> None:
    """The chart as high as the room that is left for it: of a page as `HEIGHT` says, of a stage as its script does,
    which knows the screen, and from the key how many rows need room."""
    figure.layout.height = None
    rows = (figure.layout.meta or {}).get("rows", 0)
    with st.container(
        key=f"stage-chart-{key}-rows{rows}" if rows else f"stage-chart-{key}", height=HEIGHT, border=False
    ):
        st.plotly_chart(figure, theme=None, key=key, alt=chart.alt, height="stretch", **options)


def _heading(chart: Chart, title: bool) -> None:
    """Title and note over a chart; the browser breaks their lines."""
    parts = (
        [f'<p style="font-size: 1.0625rem; font-weight: 600; line-height: 1.35; margin: 0;">{escape(chart.title)}</p>']
        if title
        else []
    )
    if chart.note:
        look = chart_style(theme())
        parts.append(f'<p style="font-size: 0.875rem; color: {look.muted}; margin: 0;">{escape(chart.note)}</p>')
    if parts:
        st.html("".join(parts))


def _config(chart: Chart) -> dict[str, Any]:
    """The chart's own, without the camera of its toolbar: that draws in whatever font the machine has, and its text
    is cut off where this is wider than the page's."""
    config = chart.config()
    return config | {"modeBarButtonsToRemove": [*config["modeBarButtonsToRemove"], "toImage"]}


def save(chart: Chart, *, key: str) -> None:
    """The rows behind a chart as a file."""
    st.download_button(
        "CSV",
        chart.csv,
        f"{chart.filename}.csv",
        "text/csv",
        key=f"csv-{key}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help=f"The rows behind the chart: {chart.title}",
    )


def _on_select(key: str, picked: Callable[[list[Any]], None]) -> Callable[[], None]:
    def selected() -> None:
        points: Sequence[Any] = st.session_state[key].selection.points
        found = [p["customdata"] for p in points if p.get("customdata") is not None]
        if found:
            st.session_state[f"picked-{key}"] = st.session_state.get(f"picked-{key}", 0) + 1
            first = found[0]
            values = list(first.values()) if isinstance(first, dict) else list(first)
            picked([exact_name(engine(), v) if isinstance(v, str) else v for v in values])

    return selected
