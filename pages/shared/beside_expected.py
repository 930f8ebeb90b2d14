"""A table of figures beside published ones and what checkpoints as good on other data sets get."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.stats.numbers import percent
from pages.shared.layout import table_height

PLACES = {"below": "below", "inside": "as expected", "above": "above"}
MOST_ROWS = 14


def where_table(shares: pd.DataFrame, said: str) -> None:
    """Figures in percent with what is published and expected."""
    share = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        shares,
        hide_index=True,
        height=table_height(len(shares), MOST_ROWS),
        placeholder="–",
        alt=said,
        column_config={
            "Value": share,
            "Published": share,
            "Difference": st.column_config.NumberColumn(format="%+.1f"),
            "Expected": st.column_config.TextColumn(help="Where 95 % of checkpoints as good on other data sets are"),
        },
    )


def band(low: float | None, high: float | None) -> str:
    """ "46.9 % to 63.5 %"; "" where nothing is expected."""
    return "" if pd.isna(low) or pd.isna(high) else f"{percent(float(low))} to {percent(float(high))}"
