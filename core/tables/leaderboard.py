"""Models by data sets: one figure in a wide table, and the leader of each data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from core.studies.leaderboard.figures import BoardScore
from core.studies.leaderboard.leaders import leader
from core.words.names import say_dataset, say_model

Board = Mapping[tuple[str, str], BoardScore]
"""(model, data set) -> its score."""


def board_frame(board: Board, models: Sequence[str], datasets: Sequence[str]) -> pd.DataFrame:
    """One row per model: `model`, `model_title`, `mean` over the data sets (empty where one is missing), `measured`
    (how many of them have a score), and one column per data set with the value 0-1, empty where there is none."""
    return pd.DataFrame([_row(board, model, datasets) for model in models])


def _row(board: Board, model: str, datasets: Sequence[str]) -> dict[str, object]:
    found = {d: board[model, d].value for d in datasets if (model, d) in board}
    whole = len(found) == len(datasets) and found
    return {
        "model": model,
        "model_title": say_model(model),
        "mean": sum(found.values()) / len(found) if whole else None,
        "measured": len(found),
        **{d: found.get(d) for d in datasets},
    }


def leaders_frame(board: Board, datasets: Sequence[str]) -> pd.DataFrame:
    """One row per data set: who leads with which value and interval, on how many images, what guessing gives, and who
    is tied with it."""
    rows = []
    for dataset in datasets:
        scores = [score for (_, d), score in board.items() if d == dataset]
        if not scores:
            continue
        first = leader(scores)
        rows.append(
            {
                "dataset": dataset,
                "dataset_title": say_dataset(dataset),
                "model": first.best.model,
                "model_title": say_model(first.best.model),
                "value": first.best.value,
                "low": first.best.ci95[0],
                "high": first.best.ci95[1],
                "n": first.best.n,
                "chance": 1 / first.best.classes if first.best.classes else None,
                "models": first.compared + 1,
                "tied": len(first.tied),
                "tied_models": ", ".join(map(say_model, first.tied)),
                "test": "paired" if first.paired else "intervals overlap",
            }
        )
    return pd.DataFrame(rows)
