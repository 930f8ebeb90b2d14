"""Columns of tables as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from core.tables.forms import Column, ColumnKind

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

Columns: TypeAlias = "Mapping[str, ColumnConfig | ButtonColumnResult | str | None]"
"""What each column of a table is called and how its values are written."""


_FORMATS: Mapping[ColumnKind, str] = {"points": "%+.1f", "count": "localized", "number": "%.3f", "p": "%.3f"}


def page_columns(columns: Mapping[str, Column]) -> dict[str, Any]:
    """The columns of `core.tables.columns` as a page shows them; shares and points are shown in percent."""
    shown = dict[str, Any]()
    for name, column in columns.items():
        if column.kind == "text":
            shown[name] = column.heading
        elif column.kind == "share":
            shown[name] = percent_column(column.heading, help=column.help or None)
        else:
            form = _FORMATS[column.kind]
            shown[name] = st.column_config.NumberColumn(column.heading, format=form, help=column.help or None)
    return shown


def source_column(label: str = "Source") -> ColumnConfig:
    """A column of links to where a published figure can be read, shown by the repository."""
    return st.column_config.LinkColumn(label, display_text=r"github\.com/([^/]+/[^/]+)")


def percent_column(label: str, help: str | None = None) -> ColumnConfig:
    """A column of percent, with one decimal."""
    return st.column_config.NumberColumn(label, format="%.1f %%", help=help)
