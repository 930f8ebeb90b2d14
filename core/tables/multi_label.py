"""Images that may have none or several labels: one row a result, and one row a class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.multi_label.compare import Pair
from core.studies.multi_label.result import MultiLabelResult
from core.tables.columns import WHO, who
from core.tables.compare import difference_row
from core.tables.forms import Column
from core.words.multi_label import map_outcome
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


MAP_DIFFERENCES = {
    "dataset_title": Column(heading="Data set"),
    "a": Column(heading="A"),
    "b": Column(heading="B"),
    "n": Column(heading="Images", kind="count"),
    "difference": Column(
        heading="A minus B",
        alone="A minus B, points of mAP",
        kind="points",
        low="difference_low",
        high="difference_high",
    ),
    "only_a": Column(heading="Classes better with A", kind="count"),
    "only_b": Column(heading="Classes better with B", kind="count"),
    "p_value": Column(heading="p", kind="p"),
    "test": Column(heading="Test"),
}


@told_apart
def map_differences(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Mean average precision of a minus b for each pair of models on the same images, with the outcome in words."""
    rows = [difference_row(found, a.model, b.model, a.dataset) for a, b, found in pairs]
    said = [map_outcome(found, row["a"], row["b"]) for row, (_, _, found) in zip(rows, pairs, strict=True)]
    return pd.DataFrame([row | {"finding": text} for row, text in zip(rows, said, strict=True)])


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
