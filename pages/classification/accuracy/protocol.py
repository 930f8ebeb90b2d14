"""How one number was made, and the figures from elsewhere beside it: one click away from the number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.stats.accuracy import BY_NAME, METRICS
from core.stats.numbers import interval_text, percent, points
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import references_frame
from core.tables.columns import ACCURACY
from core.words.accuracy import protocol_line
from core.words.names import say_pair
from pages.shared.columns import page_columns, percent_column, source_column
from pages.shared.layout import provenance_table, show_notes
from pages.shared.navigation import to_classes
from pages.shared.words import plain, source_link

TABLE = (
    "model_title",
    "dataset_title",
    *(column for m in METRICS for column in (m.name, *([f"{m.name}_95"] if m.interval_column else []))),
    "published_acc1",
    "published_acc1_url",
    "deck_acc1",
    "published_acc5",
    "published_acc5_url",
    "deck_acc5",
    "protocol",
)


INTERVALS = tuple(metric.name for metric in METRICS if metric.interval_column)


def _intervals(frame: pd.DataFrame, name: str) -> list[str]:
    return [interval_text(ends) for ends in zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)]


def _low(name: str) -> str:
    return BY_NAME[name].heading.lower()


def is_share(column: str) -> bool:
    """Whether a column of the accuracy frame holds shares 0-1, shown as percent."""
    return column.endswith(tuple(metric.name for metric in METRICS))


def results_table(frame: pd.DataFrame, key: str, asked: Callable[[str, str], None]) -> None:
    """One row for each result; its last cell opens how the number was made."""
    shares = [c for c in TABLE if c in frame and is_share(c)]
    shown = frame.assign(
        **{c: 100 * frame[c].astype(float) for c in shares},
        **{f"{name}_95": _intervals(frame, name) for name in INTERVALS},
        protocol="Details",
    )[list(TABLE)]

    def clicked() -> None:
        row = frame.iloc[st.session_state[f"{key}-protocol"].row]
        asked(row["model"], row["dataset"])

    st.dataframe(
        shown.replace("", None).dropna(axis="columns", how="all"),
        hide_index=True,
        key=key,
        alt="Accuracy of each model on each data set",
        column_config={
            **page_columns(ACCURACY),
            **{f"{name}_95": "95 %" if name == "acc1" else f"95 % of {_low(name)}" for name in INTERVALS},
            "published_acc1_url": source_column("Source of top-1"),
            "published_acc5_url": source_column("Source of top-5"),
            "published_acc5": percent_column("Published top-5"),
            "deck_acc5": percent_column("Original study, top-5"),
            "protocol": st.column_config.ButtonColumn("Protocol", key=f"{key}-protocol", on_click=clicked),
        },
    )


def protocol_dialog(result: ZeroShotResult, closed: Callable[[], None]) -> None:
    """How this result was made, over the page."""

    title = plain(say_pair(result.model, result.dataset))

    @st.dialog(title, width="large", on_dismiss=closed)
    def show() -> None:
        _protocol(result)

    show()


def _protocol(result: ZeroShotResult) -> None:
    st.markdown(
        f"**{percent(result.acc1)}** top-1 ({interval_text(result.acc1_ci95)}), **{percent(result.acc5)}** "
        f"top-5 ({interval_text(result.acc5_ci95)}) · {plain(protocol_line(result))}"
    )
    st.caption(
        f"{plain(f'{result.model} on {result.dataset}, {result.split} split')}. Zero-shot: an image belongs to "
        "the class whose text vector has the highest cosine with it. Intervals are Wilson's."
    )
    show_notes([result])
    st.button(
        "Errors by class",
        key="protocol-classes",
        icon=":material/arrow_forward:",
        on_click=to_classes,
        args=(result.model, result.dataset, ("number",)),
    )
    st.markdown(f"**Templates** ({len(result.templates)})")
    st.code("\n".join(result.templates), language=None, height=min(180, 40 + 24 * len(result.templates)))
    _references(result)
    provenance_table(result.provenance, f"Provenance of {result.model} on {result.dataset}")


def _references(result: ZeroShotResult) -> None:
    rows = references_frame([result])
    if rows.empty:
        st.caption("No published figure is known for this model on this data set.")
        return
    st.markdown("**Other sources**")
    for _, row in rows.iterrows():
        whose = "The original study" if row["kind"] == "deck" else "Published"
        st.caption(
            f"{whose}, {plain(row['metric_title'])}: **{percent(row['value'])}**, "
            f"{points(row['difference'], signed=True)} from ours, {row['lies']} our 95 % interval. "
            f"{plain(row['protocol'])}. Source: {source_link(row['source'])}."
        )


def find(results: Sequence[ZeroShotResult], model: str, dataset: str) -> ZeroShotResult | None:
    """The result of this model on this data set."""
    return next((r for r in results if (r.model, r.dataset) == (model, dataset)), None)
