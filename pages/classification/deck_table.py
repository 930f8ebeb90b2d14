"""The deck's table: models as rows, methods as columns; in a cell what is measured here, under it what is published
and what the deck has, each with its difference and a mark where it lies outside our interval."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.stats.numbers import count, interval_text, percent
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.methods import Absent
from core.types import DatasetSpec, ModelSpec
from core.words.names import METHODS, PROBE, TRAINED, ZERO_SHOT
from pages.shared.engine import engine
from pages.shared.file_models import public_name
from pages.shared.save import save_rows

COLUMNS = (
    (ZERO_SHOT, "acc1", "Zero-shot, top-1"),
    (PROBE, "acc1", "Probe, test, top-1"),
    (ZERO_SHOT, "acc5", "Zero-shot, top-5"),
    (PROBE, "acc5", "Probe, test, top-5"),
    (TRAINED, "acc1", "Probe, training accuracy"),
)
MARK = "≠"
MOST_OPEN, MOST_ROWS = 2, 16
"""Tables, and models in all of them, that stand open."""
KINDS = {"published": "published", "deck": "original-study"}
WHOSE = {"published": "published", "deck": "original study"}
STYLE = (Path(__file__).parent / "deck_table.css").read_text("utf-8")


def legend(frame: pd.DataFrame) -> str:
    """What large and small mean, as far as the table has them; "" where every figure has the same size."""
    kinds = [said for kind, said in KINDS.items() if any(frame[f"{kind}_{m}"].notna().any() for m in ("acc1", "acc5"))]
    if not kinds:
        return ""
    small = f"{' and '.join(kinds)} figures".capitalize()
    if not frame[["acc1", "acc5"]].notna().any(axis=None):
        return f"{small}. Nothing is measured here yet."
    return (
        f"Large: measured here, with its 95 % interval. Small: {small[0].lower()}{small[1:]}, with the difference from "
        f"ours in points; {MARK} marks those outside our interval."
    )


def show_legend(frame: pd.DataFrame) -> None:
    """The legend above a table, where there is something to explain."""
    if said := legend(frame):
        st.caption(said)


def deck_tables(frame: pd.DataFrame) -> None:
    """A table for each data set, with what its marks mean, and all of their rows as CSV; the first few are open."""
    show_legend(frame)
    parts = [rows for _, rows in frame.groupby("dataset", sort=False)]
    shown = how_many_open([rows["model"].nunique() for rows in parts])
    for rows in parts[:shown]:
        deck_table(rows, str(rows["dataset_title"].iloc[0]))
    if folded := parts[shown:]:
        with st.expander(f"Tables of {count(len(folded), 'more data set')}"):
            for rows in folded:
                deck_table(rows, str(rows["dataset_title"].iloc[0]))
    save_rows(frame, "accuracy-tables", key="csv-deck-tables")


def how_many_open(lengths: Sequence[int]) -> int:
    """Of tables with so many models, how many stand open: the first, and others as long as there are not too many."""
    fits = (sum(lengths[: i + 1]) <= MOST_ROWS for i in range(1, len(lengths[:MOST_OPEN])))
    return min(1, len(lengths)) + sum(fits)


def lacking(
    models: Sequence[ModelSpec],
    datasets: Sequence[DatasetSpec],
    zero_shots: Sequence[ZeroShotResult],
    probes: Sequence[ProbeResult],
) -> list[Absent]:
    """What of the deck's table is not measured here, of these models and data sets."""
    here = {(ZERO_SHOT, r.model, r.dataset) for r in zero_shots}
    here |= {(method, p.model, p.dataset) for p in probes for method in (PROBE, TRAINED)}
    return [
        (model, dataset, method)
        for dataset in datasets
        for model in models
        for method in METHODS
        if (method, model.name, dataset.name) not in here
    ]


def deck_table(frame: pd.DataFrame, caption: str) -> None:
    """One data set of a `methods_frame`, models as rows. Sets of five classes or fewer have no top-5."""
    columns = [c for c in COLUMNS if _has(frame, *c[:2])]
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for _, _, title in columns)
    rows = "".join(_row(rows, columns) for _, rows in frame.groupby("model", sort=False))
    st.html(
        f"<style>{STYLE}</style>"
        f'<div class="deck-scroll" role="region" tabindex="0" aria-label="{escape(caption, quote=True)}">'
        f'<table class="deck"><caption>{escape(caption)}</caption>'
        f'<thead><tr><th scope="col">Model</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _has(frame: pd.DataFrame, method: str, metric: str) -> bool:
    rows = frame[frame["method"] == method]
    return bool(len(rows)) and (metric == "acc1" or not bool((rows["classes"] <= 5).any()))


def _row(rows: pd.DataFrame, columns: list[tuple[str, str, str]]) -> str:
    first, by_method = rows.iloc[0], {row["method"]: row for _, row in rows.iterrows()}
    cells = "".join(_cell(by_method.get(method), metric, title) for method, metric, title in columns)
    exact = escape(public_name(engine(), first["model"]), quote=True)
    name = f'<span title="{exact}">{escape(first["model_title"])}</span>'
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _cell(row: pd.Series | None, metric: str, title: str) -> str:
    label = f'<td data-label="{escape(title, quote=True)}">'
    if row is None:
        return f'{label}<span class="none">–</span></td>'
    beside = "".join(_beside(row, f"{kind}_{metric}", kind) for kind in ("published", "deck"))
    return f"{label}{_measured(row, metric)}{beside}</td>"


def _measured(row: pd.Series, metric: str) -> str:
    if pd.isna(row[metric]):
        return '<span class="none">not here yet</span>'
    interval = interval_text((row[f"{metric}_low"], row[f"{metric}_high"]))
    return f'<span class="value">{percent(row[metric])}</span> <span class="interval">{interval}</span>'


def _beside(row: pd.Series, column: str, said: str) -> str:
    value = row.get(column)
    if value is None or pd.isna(value):
        return ""
    how = escape(f"{row[f'{column}_protocol']} Source: {row[f'{column}_source']}", quote=True)
    name, url = WHOSE[said], row.get(f"{column}_url")
    if isinstance(url, str) and url:
        name = f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener">{name}</a>'
    return f'<span class="beside" title="{how}">{name} {percent(value)}{_difference(row, column)}</span>'


def _difference(row: pd.Series, column: str) -> str:
    difference: Any = row.get(f"{column}_difference")
    if difference is None or pd.isna(difference):
        return ""
    number = f"{100 * difference:+.1f}".replace("-", "−")
    outside = row[f"{column}_lies"] != "inside"
    mark = f' <b title="outside our 95 % interval" aria-label="outside our interval">{MARK}</b>' if outside else ""
    return f' <span class="points">{number}</span>{mark}'
