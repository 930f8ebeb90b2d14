"""Columns of tables as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

Columns: TypeAlias = "Mapping[str, ColumnConfig | ButtonColumnResult | str | None]"
"""What each column of a table is called and how its values are written."""


def percent_column(label: str, help: str | None = None) -> ColumnConfig:
    """A column of percent, with one decimal."""
    return st.column_config.NumberColumn(label, format="%.1f %%", help=help)
