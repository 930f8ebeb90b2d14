"""Models by data sets: what is measured, what is only embedded, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import pandas as pd
import streamlit as st

from core.stats.numbers import percent
from core.types import DatasetSpec, ModelSpec, State
from core.words.names import say_dataset, say_model
from pages.shared.navigation import to_classes
from pages.shared.stored import StoredPairs
from pages.shared.url_state import open_page

LIBRARY = "pages/data_and_models/page.py"
Models = Sequence[tuple[ModelSpec, State]]
Datasets = Sequence[tuple[DatasetSpec, State]]
Found = Mapping[tuple[str, str], float]
"""(model, data set) -> top-1 accuracy, where it is measured."""


def matrix(
    models: Models, datasets: Datasets, stored: StoredPairs, found: Found, outdated: Set[tuple[str, str]]
) -> None:
    """The table. A measured cell leads to its classes, another one to the library with the pair filled in."""
    titles = [say_dataset(d.name) for d, _ in datasets]
    frame = pd.DataFrame(
        {"Model": [say_model(m) for m, _ in models]}
        | {each[0].title: [_cell(m, each, stored, found, outdated) for m in models] for each in datasets}
    )

    def picked() -> None:
        for row, column in st.session_state["matrix"].selection.cells:
            if column in titles:
                _go(models[row][0], datasets[titles.index(column)][0], found)

    st.dataframe(
        frame,
        hide_index=True,
        key="matrix",
        on_select=picked,
        selection_mode="single-cell",
        alt="Top-1 accuracy of each model on each data set, or what is missing for it",
        column_config={"Model": st.column_config.TextColumn(pinned=True)},
    )


def _cell(
    model: tuple[ModelSpec, State],
    dataset: tuple[DatasetSpec, State],
    stored: StoredPairs,
    found: Found,
    outdated: Set[tuple[str, str]],
) -> str:
    pair = (model[0].name, dataset[0].name)
    if pair in found:
        return percent(found[pair])
    if pair in outdated:
        return "to embed again"
    if pair in stored.pairs:
        return "embedded"
    return "not embedded" if (model[1].state, dataset[1].state) == ("ready", "ready") else ""


def _go(model: ModelSpec, dataset: DatasetSpec, found: Found) -> None:
    if (model.name, dataset.name) in found:
        to_classes(model.name, dataset.name)
    st.session_state["embed-model"], st.session_state["embed-data"] = model.name, dataset.name
    open_page(LIBRARY)
