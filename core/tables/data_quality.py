"""Near-duplicates and likely label errors as frames."""

from __future__ import annotations

import pandas as pd

from core.stats.near import NearPairs
from core.studies.data_quality.label_errors import LabelErrorsResult
from core.studies.data_quality.near import NearResult
from core.tables.columns import who
from core.words.names import told_apart


@told_apart
def near_frame(result: NearResult) -> pd.DataFrame:
    """One row for each pair, nearest first: `kind` ("within", "training"), the two ids, their cosine, and whether they
    are the same pixel for pixel (empty: not compared)."""
    rows = _pairs(result, result.within, result.ids, "within", result.same_within)
    if result.seen is not None:
        rows += _pairs(result, result.seen, result.train_ids, "training", result.same_seen)
    rows.sort(key=lambda row: -float(str(row["cosine"])))
    columns = ["model", "model_title", "dataset", "dataset_title", "split", "kind", "id", "other", "cosine", "same"]
    return pd.DataFrame(rows, columns=columns)


def _pairs(
    result: NearResult, pairs: NearPairs, others: tuple[str, ...], kind: str, same: tuple[bool, ...]
) -> list[dict[str, object]]:
    return [
        {
            **who(result.model, result.dataset),
            "split": result.split,
            "kind": kind,
            "id": result.ids[a],
            "other": others[b],
            "cosine": float(cosine),
            "same": same[i] if i < len(same) else None,
        }
        for i, (a, b, cosine) in enumerate(zip(pairs.left, pairs.right, pairs.cosine, strict=True))
    ]


@told_apart
def label_errors_frame(result: LabelErrorsResult) -> pd.DataFrame:
    """One row for each label that is likely wrong, the clearest first."""
    found = result.found
    return pd.DataFrame(
        [
            {
                **who(result.model, result.dataset),
                "split": result.split,
                "id": result.ids[row],
                "label": result.classnames[result.labels[row]],
                "suggested": result.classnames[suggested],
                "margin": float(margin),
                "judge": result.judge,
            }
            for row, suggested, margin in zip(found.rows, found.suggested, found.margin, strict=True)
        ]
    )
