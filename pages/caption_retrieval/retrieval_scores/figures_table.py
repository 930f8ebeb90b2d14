"""Every figure of the benchmark in one table: recalls, median and mean rank, MRR, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.stats.numbers import interval_text
from core.studies.captions.retrieval import KS, RetrievalResult
from core.tables.columns import RECALLS as RECALL_COLUMNS
from core.tables.retrieval import retrieval_frame
from pages.shared.columns import Columns, page_columns
from pages.shared.save import save_rows

RECALLS = tuple(f"recall@{k}" for k in KS)
RANKS = ("median_rank", "mean_rank", "mrr")
MEAN_RANK = "Average rank; a few distant ones weigh heavily"


def figures_table(results: Sequence[RetrievalResult]) -> None:
    """One row for each model and direction."""
    frame = retrieval_frame(results)
    texts = {f"{c}_95": _intervals(frame, c) for c in (*RECALLS, *RANKS)}
    shown = frame.assign(**{c: 100 * frame[c] for c in RECALLS}, **texts)
    columns = [name for c in (*RECALLS, *RANKS) for name in (c, f"{c}_95")]
    st.dataframe(
        shown[["side_title", "model_title", *columns]].sort_values("side_title", kind="stable"),
        hide_index=True,
        key="retrieval-table",
        alt="Recall, ranks and mean reciprocal rank of each model in both directions, with 95 % intervals",
        column_config=_columns(),
    )
    save_rows(frame, "retrieval", key="retrieval-csv")


def _intervals(frame: pd.DataFrame, column: str) -> list[str]:
    """ "37.4 to 41.3 %" for recalls, plain numbers for the rest."""
    pairs = list(zip(frame[f"{column}_low"], frame[f"{column}_high"], strict=True))
    if column in RECALLS:
        return [interval_text(pair) for pair in pairs]
    form = "{:.3f} to {:.3f}" if column == "mrr" else "{:,.1f} to {:,.1f}"
    return [form.format(*pair) for pair in pairs]


def _columns() -> Columns:
    number = st.column_config.NumberColumn
    return {
        **page_columns(RECALL_COLUMNS),
        "median_rank": number("Median rank", format="localized", help=RECALL_COLUMNS["median_rank"].help),
        "mean_rank": number("Mean rank", format="%.1f", help=MEAN_RANK),
        **{f"{c}_95": "95 %" for c in (*RECALLS, *RANKS)},
    }
