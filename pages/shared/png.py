"""A button that saves a chart as a picture, for the mouse, the keyboard and the finger alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from core.charts.theme import Chart, look
from pages.shared.theme import theme

HERE = Path(__file__).parent
HTML = '<button type="button">PNG</button>\n'


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    css, js = (HERE / "png.css").read_text("utf-8"), (HERE / "png.js").read_text("utf-8")
    made: Callable[..., Any] = st.components.v2.component("chart_png", html=HTML, css=css, js=js)
    return made


def save_picture(key: str, chart: Chart) -> None:
    """The button for the chart that was drawn under this key. The browser makes the picture, three times as fine as the
    screen, with title and note over it; nothing leaves the machine."""
    font, meta = chart.figure.layout.font, chart.figure.layout.meta or {}
    data = {
        "chart": re.sub(r"[^A-Za-z0-9_-]", "-", key),
        "label": f"Save as PNG: {chart.title}",
        "filename": f"{chart.filename}.png",
        "lines": [
            {"text": chart.title, "size": 17 * meta.get("scale", 1), "weight": 600, "fill": font.color},
            {"text": chart.note, "size": 14 * meta.get("scale", 1), "weight": 400, "fill": look(theme()).muted},
        ],
        "font": font.family,
    }
    _component()(key=f"png-{key}", data=data, width="content")
