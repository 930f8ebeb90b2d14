"""Checkpoints by data sets as a table that is a heat map: sorted by any column, the first ones pinned."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import pandas as pd
import streamlit as st

from core.catalog.field import FieldSet
from core.charts.theme import look, readable_on, scale_colour
from core.stats.numbers import percent
from pages.field.card import picked_card
from pages.shared.layout import table_height
from pages.shared.save import save_rows
from pages.shared.theme import theme

MOST_ROWS = 20


def field_table(frame: pd.DataFrame, sets: Sequence[FieldSet]) -> None:
    """A `standings_frame`. A cell's shade is the share of its column that it is above: most figures lie close
    together, and a shade by value would make them all one."""
    shown = pd.DataFrame(
        {
            "Rank": frame["rank"],
            "Model": frame["model_title"],
            "Mean": 100 * frame["mean"],
            "Mean rank": frame["mean_rank"],
            "Parameters": frame["parameters"] / 1e6,
            "License": frame["licence"],
            **{each.title: 100 * frame[each.name] for each in sets},
        }
    )
    heat: list[Hashable] = [each.title for each in sets]
    st.dataframe(
        shown.style.apply(_shades, subset=heat),
        hide_index=True,
        key="field-table",
        on_select=_picked("field-table", frame),
        selection_mode="single-cell",
        height=table_height(len(shown), MOST_ROWS),
        alt="Published figures of checkpoints on the data sets of the field",
        column_config={
            "Rank": st.column_config.NumberColumn(pinned=True, help="Overlapping 95 % intervals share a rank"),
            "Model": st.column_config.TextColumn(pinned=True, width=260),
            "Mean": st.column_config.NumberColumn(format="%.1f %%", pinned=True),
            "Mean rank": st.column_config.NumberColumn(format="%.1f", help="Mean of its ranks on the data sets shown"),
            "Parameters": st.column_config.NumberColumn("Parameters, millions", format="%.0f"),
            "License": st.column_config.TextColumn(width="medium"),
            **{each.title: st.column_config.NumberColumn(format="%.1f %%", help=_help(each)) for each in sets},
        },
    )


def robustness_table(frame: pd.DataFrame, shifts: Sequence[FieldSet]) -> None:
    """A `robustness_frame`: points above the line with their 95 % intervals."""
    shown = pd.DataFrame(
        {
            "Model": frame["model_title"],
            "ImageNet-1k": 100 * frame["base"],
            "Mean": 100 * frame["mean"],
            "95 %": [_ends(low, high) for low, high in zip(frame["low"], frame["high"], strict=True)],
        }
    )
    for each in shifts:
        shown[each.title] = 100 * frame[each.name]
        ends = zip(frame[f"{each.name}_low"], frame[f"{each.name}_high"], strict=True)
        shown[f"{each.title}, 95 %"] = [_ends(low, high) for low, high in ends]
    signed = st.column_config.NumberColumn(format="%+.1f")
    st.dataframe(
        shown,
        hide_index=True,
        key="robustness-table",
        on_select=_picked("robustness-table", frame),
        selection_mode="single-cell",
        height=table_height(len(shown), MOST_ROWS),
        alt="Points above the line of each shifted data set",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=260),
            "ImageNet-1k": st.column_config.NumberColumn(format="%.1f %%"),
            "Mean": signed,
            **{each.title: signed for each in shifts},
        },
    )
    save_rows(frame, "field-robustness", key="robustness-csv")


def marked_first(frame: pd.DataFrame, marked: str) -> pd.DataFrame:
    """The highlighted checkpoint before all others, which keep their order."""
    order = (frame["model"] != marked).sort_values(kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _ends(low: float, high: float) -> str:
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def _picked(key: str, frame: pd.DataFrame) -> Callable[[], None]:
    """A cell leads to the card of its checkpoint."""

    def picked() -> None:
        for row, _ in st.session_state[key].selection.cells:
            picked_card([str(frame["model"].iloc[row])])

    return picked


def _shades(column: pd.Series) -> list[str]:
    style, places = look(theme()), (column.rank(method="average") - 1) / max(len(column) - 1, 1)
    colours = [scale_colour(style, float(place)) for place in places]
    return [f"background-color: {colour}; color: {readable_on(colour)}" for colour in colours]


def _help(each: FieldSet) -> str:
    chance = f", chance {percent(each.chance)}" if each.chance is not None else ""
    return f"{each.metric.replace('_', ' ')}, {each.n:,} images{chance}"
