"""The tables behind the charts of the classes page."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.charts.theme import own_filename
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.columns import CLASSES
from pages.shared.columns import page_columns, percent_column

Shown = Callable[[ZeroShotResult, int | None, int | None], None]


def confused_table(result: ZeroShotResult, frame: pd.DataFrame, show: Shown) -> None:
    """The most frequent confusions; a click on a row's button shows its pictures."""
    if frame.empty:
        return
    box = st.expander("Most frequent confusions", on_change="rerun", key="open-confused")
    if not box.open:
        return

    def clicked() -> None:
        row = frame.iloc[st.session_state["confused-button"].row]
        show(result, int(row["true"]), int(row["predicted"]))

    table = frame.assign(share=100 * frame["share"], pictures="Images")
    box.dataframe(
        table[["true_name", "predicted_name", "count", "share", "pictures"]],
        hide_index=True,
        key="confused-table",
        alt="The most frequent confusions",
        column_config={
            "true_name": "True class",
            "predicted_name": "Predicted class",
            "count": "Images",
            "share": percent_column("Of the true class"),
            "pictures": st.column_config.ButtonColumn("Images", key="confused-button", on_click=clicked),
        },
    )


def class_table(frame: pd.DataFrame) -> None:
    """Every class with its recall and interval."""
    box = st.expander("All classes", on_change="rerun", key="open-classes")
    if not box.open:
        return
    shown = frame.assign(**{c: 100 * frame[c] for c in ("recall", "recall_low", "recall_high")})
    box.dataframe(
        shown[["classname", "n", "correct", "recall", "recall_low", "recall_high"]],
        hide_index=True,
        alt="Recall of every class",
        key="class-table",
        column_config={
            **page_columns(CLASSES),
            "recall_low": percent_column("95 % from"),
            "recall_high": percent_column("to"),
        },
    )
    box.download_button(
        "CSV",
        lambda: frame.to_csv(index=False).encode(),
        f"{own_filename('classes', frame)}.csv",
        "text/csv",
        key="csv-classes",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
