"""Every figure of the benchmark in one table: recalls, median and mean rank, MRR, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.stats.numbers import interval_text
from core.studies.captions.retrieval import KS, RetrievalResult
from core.tables.columns import RECALLS as RECALL_COLUMNS
from core.tables.retrieval import recalls_frame, retrieval_frame
from pages.shared.columns import Columns, page_columns, percent_column, source_column
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
    published(results)


def published(results: Sequence[RetrievalResult]) -> None:
    """The published figures beside ours, each with a link to its source."""
    frame = recalls_frame(results)
    known = frame[frame["published"].notna()]
    if known.empty:
        return
    st.markdown("**Published figures**")
    columns = ["side_title", "model_title", "k", "recall", "published", "published_protocol", "published_url"]
    st.dataframe(
        known.assign(recall=100 * known["recall"], published=100 * known["published"].astype(float))[columns],
        hide_index=True,
        key="retrieval-published",
        alt="Published recalls of these models beside those measured here",
        column_config={
            **page_columns(RECALL_COLUMNS),
            "k": st.column_config.NumberColumn("k"),
            "recall": percent_column("Recall here"),
            "published": percent_column("Published"),
            "published_protocol": "How it was made",
            "published_url": source_column(),
        },
    )
    save_rows(known, "published-recalls", key="published-recalls-csv")


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
