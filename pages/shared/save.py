"""Rows as a file, for what is shown as a table or as pictures; a chart saves its own (`chart.draw`)."""

from __future__ import annotations

import pandas as pd
import streamlit as st


def save_rows(frame: pd.DataFrame, filename: str, *, key: str, label: str = "CSV") -> None:
    """A quiet button that saves the rows; they are written only when it is pressed."""
    st.download_button(
        label,
        lambda: frame.to_csv(index=False).encode("utf-8"),
        f"{filename}.csv",
        "text/csv",
        key=key,
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help="The rows behind what is shown here",
    )
