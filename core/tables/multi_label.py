"""Images that may have none or several labels: one row a result, and one row a class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.multi_label.result import MultiLabelResult
from core.tables.columns import WHO, who
from core.tables.forms import Column
from core.words.names import told_apart

MULTI_LABEL = {
    **WHO,
    "n": Column(heading="Images", kind="count"),
    "map": Column(
        heading="mAP",
        help="Mean average precision: each class orders all images by score; the average precision says how far its "
        "own images come first.",
        kind="share",
        low="map_low",
        high="map_high",
    ),
    "chance": Column(heading="By chance", help="What a random order of the images gives", kind="share"),
    "precision": Column(heading="Precision", help="Of the accepted labels, how many are right", kind="share"),
    "recall": Column(heading="Recall", help="Of the right labels, how many are accepted", kind="share"),
    "f1": Column(heading="F1", kind="share"),
}
MULTI_LABEL_CLASSES = {
    "model_title": Column(heading="Model"),
    "classname": Column(heading="Class"),
    "n": Column(heading="Images", kind="count"),
    "ap": Column(heading="Average precision", kind="share"),
    "precision": Column(heading="Precision", kind="share"),
    "recall": Column(heading="Recall", kind="share"),
}


@told_apart
def multi_label_frame(results: Sequence[MultiLabelResult]) -> pd.DataFrame:
    """One row for each result."""
    rows = [
        {
            **who(result.model, result.dataset),
            "split": result.split,
            "n": result.n,
            "map": result.map,
            "map_low": result.map_ci95[0],
            "map_high": result.map_ci95[1],
            "chance": result.chance,
            "threshold": None if result.threshold is None else result.threshold.value,
            "precision": None if result.accepted is None else result.accepted.precision,
            "recall": None if result.accepted is None else result.accepted.recall,
            "f1": None if result.accepted is None else result.accepted.f1,
        }
        for result in results
    ]
    return pd.DataFrame(rows)


@told_apart
def multi_label_classes(results: Sequence[MultiLabelResult]) -> pd.DataFrame:
    """One row for each model and class, the weakest first."""
    rows = [
        {
            **who(result.model, result.dataset),
            "classname": each.classname,
            "n": each.n,
            "ap": each.ap,
            "precision": None if each.accepted is None else each.accepted.precision,
            "recall": None if each.accepted is None else each.accepted.recall,
        }
        for result in results
        for each in result.classes
    ]
    return pd.DataFrame(rows).sort_values("ap", kind="stable", na_position="last", ignore_index=True)
