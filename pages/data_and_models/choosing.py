"""A long table that can be searched, sorted and marked; what is marked is what the buttons below it act on."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import pandas as pd
import streamlit as st

from core.tables.forms import Column
from pages.shared.columns import page_columns
from pages.shared.guard import public
from pages.shared.layout import table_height

MOST_ROWS = 12


def search_field(key: str, placeholder: str) -> str:
    """What is typed to search a table, while it is typed."""
    return str(st.text_input("Search", key=f"{key}-search", placeholder=placeholder, live="300ms") or "").strip()


def search(frame: pd.DataFrame, within: tuple[str, ...], key: str, placeholder: str) -> tuple[pd.DataFrame, str]:
    """The rows in which every word that is typed occurs in one of the columns `within`, and what is typed."""
    typed = search_field(key, placeholder)
    texts = frame[list(within)].astype(str).agg(" ".join, axis=1).str.lower() if len(frame) else pd.Series(dtype=str)
    fits = pd.Series(True, index=frame.index)
    for word in typed.lower().split():
        fits &= texts.str.contains(word, regex=False)
    return frame[fits].reset_index(drop=True), typed


def choose_rows(frame: pd.DataFrame, columns: Mapping[str, Column], key: str, alt: str) -> pd.DataFrame:
    """Draw the table, and give the rows that are marked."""
    # A mark is a position: with other rows it would mean others, so other rows make another table without marks.
    names = "\n".join(frame[[*{"name", "model", "dataset", "split"} & set(frame)]].astype(str).agg("|".join, axis=1))
    shown = {**page_columns(columns), **_widths(columns)}
    exact = [name for name in ("name", "model", "title") if name in columns]
    event = st.dataframe(
        frame[list(columns)].assign(**{name: frame[name].map(public) for name in exact}),
        column_config=shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"{key}-{sha256(names.encode()).hexdigest()[:12]}",
        height=table_height(len(frame), MOST_ROWS),
        placeholder="",
        alt=alt,
    )
    return frame.iloc[[row for row in event.selection.rows if row < len(frame)]]


def _widths(columns: Mapping[str, Column]) -> dict[str, object]:
    """The first column stays in sight, sizes have their unit."""
    first = next(iter(columns))
    found: dict[str, object] = {first: st.column_config.TextColumn(columns[first].heading, pinned=True)}
    if "bytes" in columns:
        found["bytes"] = st.column_config.NumberColumn(columns["bytes"].heading, format="bytes")
    return found
