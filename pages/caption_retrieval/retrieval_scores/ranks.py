"""Where the right one stands: the histogram of ranks, and recall against k."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.charts.retrieval import rank_histogram_chart, recall_curve_chart
from core.studies.captions.retrieval import RetrievalResult
from core.tables.retrieval import curve_frame, histogram_frame
from core.words.captions import SIDES, Side
from pages.caption_retrieval.caption_list import show_ranks
from pages.shared.chart import draw
from pages.shared.theme import chart_look
from pages.shared.url_choices import one_of
from pages.shared.widgets import segments


def ranks(results: Sequence[RetrievalResult]) -> None:
    """Both charts of one direction; a click on a bar lists what stands there."""
    side: Side = "text" if one_of("stand", list(SIDES), "image") == "text" else "image"
    segments("stand", "Direction", SIDES, side)
    left, right = st.columns(2, gap="large")
    with left:
        chart = rank_histogram_chart(histogram_frame(results, side), title="Distribution of ranks", **chart_look())
        draw(chart, key="chart-ranks", picked=lambda mark: show_ranks(side, mark[0], int(mark[1]), int(mark[2])))
    with right:
        draw(recall_curve_chart(curve_frame(results, side), **chart_look()), key="chart-curve")
