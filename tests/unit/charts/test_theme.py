"""What all charts share: how their layout is set."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from core.charts.theme import finish, set_parts, start


@pytest.mark.parametrize("subplots", [False, True])
def test_parts_are_set_as_plotly_updates_them(subplots: bool) -> None:
    def figure() -> go.Figure:
        made = make_subplots(rows=1, cols=2) if subplots else go.Figure()
        made.update_layout(xaxis={"title": {"text": "k"}, "tickfont": {"weight": 600}}, legend_title_text="model")
        return made

    parts: dict[str, dict[str, Any]] = {
        "xaxis": {"tickfont": {"size": 13}, "title": {"font": {"color": "#123456"}}},
        "yaxis": {"automargin": True},
        "legend": {"orientation": "h", "font": {"size": 9}},
    }
    fast, plain = figure(), figure()
    set_parts(fast, parts)
    plain.update_layout(**parts)
    assert fast.to_plotly_json() == plain.to_plotly_json()
    assert fast.layout.xaxis.title.text == "k" and fast.layout.xaxis.tickfont.weight == 600


@pytest.mark.parametrize("subplots", [False, True])
def test_every_axis_is_finished(subplots: bool) -> None:
    style, fig = start("light", 1.0, "Title")
    if subplots:
        fig.set_subplots(rows=2, cols=2)
        fig.add_bar(x=[1], y=[1], row=2, col=2)
    finish(fig, style)
    axes = [*fig.select_xaxes(), *fig.select_yaxes()]
    assert len(axes) == (8 if subplots else 2)
    assert all(axis.tickfont.size == style.size(13) and axis.automargin for axis in axes)
