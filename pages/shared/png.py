"""A button that saves a chart as a picture, for the mouse, the keyboard and the finger alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
HTML = '<button type="button">PNG</button>\n'


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    css, js = (HERE / "png.css").read_text("utf-8"), (HERE / "png.js").read_text("utf-8")
    made: Callable[..., Any] = st.components.v2.component("chart_png", html=HTML, css=css, js=js)
    return made


def save_picture(chart: str, title: str, filename: str) -> None:
    """The button for the chart that was drawn under the key `chart`. The browser makes the picture, three times as
    fine as the screen; nothing leaves the machine."""
    place = re.sub(r"[^A-Za-z0-9_-]", "-", chart)
    data = {"chart": place, "label": f"Save as PNG: {title}", "filename": f"{filename}.png"}
    _component()(key=f"png-{chart}", data=data, width="content")
