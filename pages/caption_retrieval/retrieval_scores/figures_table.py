"""Every figure of the benchmark in one table: recalls, median rank and MRR with their intervals; the bare numbers and
the mean rank are columns that the table's own menu shows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.stats.numbers import interval_text, percent
from core.studies.captions.retrieval import KS, RetrievalResult
from core.tables.columns import RECALLS as RECALL_COLUMNS
from core.tables.retrieval import recalls_frame, retrieval_frame
from pages.shared.columns import Columns, page_columns, percent_column, source_column
from pages.shared.save import save_rows

RECALLS = tuple(f"recall@{k}" for k in KS)
RANKS = ("median_rank", "mean_rank", "mrr")
MEAN_RANK = "Average rank; a few distant ones weigh heavily"
SHOWN = ("side_title", "model_title", *(f"{c}_95" for c in RECALLS), "median_rank_95", "mrr_95")
"""What is in sight; the other columns can be shown."""


def figures_table(results: Sequence[RetrievalResult]) -> None:
    """One row for each model and direction."""
    frame = retrieval_frame(results)
    texts = {f"{c}_95": _with_intervals(frame, c) for c in (*RECALLS, *RANKS)}
    table = frame.assign(**{c: 100 * frame[c] for c in RECALLS}, **texts)
    others = [name for c in (*RECALLS, *RANKS) for name in (c, f"{c}_95") if name not in SHOWN]
    st.dataframe(
        table[[*SHOWN, *others]].sort_values("side_title", kind="stable"),
        hide_index=True,
        key="retrieval-table",
        alt="Recall, ranks and mean reciprocal rank of each model in both directions, with 95 % intervals",
        column_order=SHOWN,
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


def _with_intervals(frame: pd.DataFrame, column: str) -> list[str]:
    """ "39.3 % (37.4–41.3 %)" for recalls, plain numbers for the rest; padded, so that they sort as numbers."""
    rows = list(zip(frame[column], frame[f"{column}_low"], frame[f"{column}_high"], strict=True))
    if column in RECALLS:
        return [f"{percent(value):>7} ({interval_text((low, high))})" for value, low, high in rows]
    form = "{:.3f} ({:.3f} to {:.3f})" if column == "mrr" else "{:>8,.1f} ({:,.1f} to {:,.1f})"
    return [form.format(*row) for row in rows]


def _columns() -> Columns:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    helps = {
        "median_rank": RECALL_COLUMNS["median_rank"].help,
        "mean_rank": MEAN_RANK,
        "mrr": RECALL_COLUMNS["mrr"].help,
    }
    heads = {
        **{c: c.capitalize() for c in RECALLS},
        "median_rank": "Median rank",
        "mean_rank": "Mean rank",
        "mrr": "MRR",
    }
    return {
        **page_columns(RECALL_COLUMNS),
        "median_rank": number("Median rank", format="localized", help=helps["median_rank"]),
        "mean_rank": number("Mean rank", format="%.1f", help=MEAN_RANK),
        **{f"{c}_95": text(f"{head} (95 %)", help=helps.get(c), alignment="right") for c, head in heads.items()},
    }
