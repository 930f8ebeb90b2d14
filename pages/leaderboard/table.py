"""The board as one wide table: a bar and a number in each cell, models pinned, every column sortable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.stats.numbers import percent
from core.studies.leaderboard.figures import BoardScore
from core.words.names import say_dataset
from core.words.shorter import middle_out
from pages.shared.layout import table_height
from pages.shared.navigation import to_classes, to_library

PINNED = {"model_title": "Model", "mean": "Mean"}
if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

MOST_ROWS = 16
NAME_WIDTH, COLUMN, SHORT = 27, 218, 24
"""Characters of a model's name, pixels of the column where they are many, and how many are few."""


def board_table(
    engine: Engine, frame: pd.DataFrame, board: Mapping[tuple[str, str], BoardScore], datasets: Sequence[str]
) -> None:
    """Draw the frame of `core.tables.leaderboard`. A cell with a score leads to its errors by class, an empty one to
    where its embeddings are computed."""
    titles = _titles(datasets)
    shown = frame.reset_index(drop=True)
    # Pinned, so that a long name would leave a phone no room for a figure.
    names = [middle_out(name, NAME_WIDTH) for name in shown["model_title"]]
    table = pd.DataFrame({"Model": names, "Mean": 100 * shown["mean"].astype(float)})
    for dataset, title in titles.items():
        table[title] = 100 * shown[dataset].astype(float)

    def picked() -> None:
        back = {title: dataset for dataset, title in titles.items()}
        for row, column in st.session_state["board"].selection.cells:
            if column in back:
                _go(str(shown.loc[row, "model"]), back[column], board)

    st.dataframe(
        table,
        hide_index=True,
        key="board",
        on_select=picked,
        selection_mode="single-cell",
        height=table_height(len(table), MOST_ROWS),
        placeholder="–",
        alt="One figure of each model on each data set",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=COLUMN if max(map(len, names)) > SHORT else None),
            "Mean": st.column_config.NumberColumn(
                format="%.1f %%", pinned=True, help="Mean over the data sets shown; empty where a model lacks one"
            ),
            **{title: _bar(title, dataset, board) for dataset, title in titles.items()},
        },
    )


def _titles(datasets: Sequence[str]) -> dict[str, str]:
    """A heading for each data set, no two alike."""
    said = {d: say_dataset(d) for d in datasets}
    doubled = [title for title in said.values() if list(said.values()).count(title) > 1]
    return {
        d: f"{title} ({d})" if title in doubled or title in ("Model", "Mean") else title for d, title in said.items()
    }


def _bar(title: str, dataset: str, board: Mapping[tuple[str, str], BoardScore]) -> ColumnConfig:
    score = next(score for (_, d), score in board.items() if d == dataset)
    chance = f" · {score.classes:,} classes · chance {percent(1 / score.classes)}" if score.classes else ""
    return st.column_config.ProgressColumn(
        title,
        format="%.1f %%",
        min_value=0,
        max_value=100,
        help=f"{score.n:,} {'images' if score.classes else 'queries'} of the {score.split} split{chance}",
    )


def _go(model: str, dataset: str, board: Mapping[tuple[str, str], BoardScore]) -> None:
    if (model, dataset) not in board:
        to_library(model, dataset)
    elif board[model, dataset].classes:
        to_classes(model, dataset)
