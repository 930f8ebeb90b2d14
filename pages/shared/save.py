"""Rows as a file, for what is shown as a table or as pictures, and pictures as they look; a chart saves its own
(`chart.draw`)."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.charts.theme import own_filename


def save_rows(frame: pd.DataFrame, filename: str, *, key: str, label: str = "CSV") -> None:
    """A quiet button that saves the rows; they are written only when it is pressed."""
    st.download_button(
        label,
        lambda: frame.to_csv(index=False).encode("utf-8"),
        f"{own_filename(filename, frame)}.csv",
        "text/csv",
        key=key,
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help="The data shown here",
    )


def save_sheet(draw: Callable[[], bytes], filename: str, *, key: str) -> None:
    """A quiet button that saves lists of pictures as one PNG (`sheet.sheet`), drawn only when it is pressed."""
    st.download_button(
        "PNG",
        draw,
        f"{filename}.png",
        "image/png",
        key=key,
        on_click="ignore",
        type="tertiary",
        icon=":material/image:",
        help="The lists as one image, for a slide",
    )
