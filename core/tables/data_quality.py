"""Near-duplicates and likely label errors as frames."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.data_quality.label_errors import LabelErrorsResult
from core.studies.data_quality.near import NearResult
from core.tables.columns import WHO, who
from core.tables.forms import Column
from core.words.names import told_apart

NEAR = {
    **WHO,
    "n": Column(heading="Images", kind="count"),
    "n_within": Column(heading="Near another one of the split", kind="count"),
    "n_seen": Column(heading="Near a training image", kind="count"),
    "acc1": Column(heading="Top-1", kind="share", low="acc1_low", high="acc1_high"),
    "n_without": Column(heading="Images without them", kind="count"),
    "acc1_without": Column(
        heading="Top-1 without them", kind="share", low="acc1_without_low", high="acc1_without_high"
    ),
    "threshold": Column(heading="Near from this cosine", kind="number"),
}
NEAR_PAIRS = {
    "model_title": Column(heading="Model"),
    "id": Column(heading="Image"),
    "other": Column(heading="Looks like"),
    "kind": Column(heading="Which is"),
    "cosine": Column(heading="Cosine", kind="number"),
    "same": Column(heading="Same pixels"),
}
LABEL_ERRORS = {
    **WHO,
    "n": Column(heading="Images", kind="count"),
    "likely_errors": Column(heading="Likely wrong labels", kind="count"),
    "estimated_errors": Column(heading="Estimated wrong labels", kind="count"),
    "judge": Column(heading="By"),
    "acc1": Column(heading="Which is right for", kind="share", low="acc1_low", high="acc1_high"),
}
SUSPECTS = {
    "model_title": Column(heading="Model"),
    "id": Column(heading="Image"),
    "label": Column(heading="Label"),
    "suggested": Column(heading="Suggested"),
    "margin": Column(heading="Margin", help="The suggested class's probability minus the label's", kind="number"),
}


@told_apart
def near_summary(results: Sequence[NearResult]) -> pd.DataFrame:
    """One row for each model: how many images look nearly the same, and the accuracy with and without them."""
    rows = []
    for result in results:
        record, counted = result.to_record(), (result.counted.to_record() if result.counted is not None else {})
        low, high = counted.get("acc1_ci95") or (None, None)
        without_low, without_high = counted.get("acc1_without_ci95") or (None, None)
        rows.append(
            {
                **who(result.model, result.dataset),
                **{name: record[name] for name in ("split", "n", "n_within", "n_train", "n_seen", "threshold")},
                **{name: counted.get(name) for name in ("acc1", "n_without", "acc1_without")},
                **{"acc1_low": low, "acc1_high": high},
                **{"acc1_without_low": without_low, "acc1_without_high": without_high},
            }
        )
    return pd.DataFrame(rows)


@told_apart
def label_errors_summary(results: Sequence[LabelErrorsResult]) -> pd.DataFrame:
    """One row for each model: how many labels are likely wrong, by whose probabilities."""
    rows = []
    for result in results:
        record = result.to_record()
        low, high = record["acc1_ci95"]
        kept = ("split", "n", "likely_errors", "estimated_errors", "judge", "acc1")
        rows.append(
            {
                **who(result.model, result.dataset),
                **{name: record[name] for name in kept},
                **{"acc1_low": low, "acc1_high": high},
            }
        )
    return pd.DataFrame(rows)


@told_apart
def near_frame(result: NearResult) -> pd.DataFrame:
    """One row for each pair, nearest first: `kind` ("within", "training"), the two ids, their cosine, and whether they
    are the same pixel for pixel (empty: not compared)."""
    whose = {**who(result.model, result.dataset), "split": result.split}
    rows = [whose | {("same" if k == "same_pixels" else k): v for k, v in pair.items()} for pair in result.pairs()]
    columns = [*whose, "kind", "id", "other", "cosine", "same"]
    return pd.DataFrame(rows, columns=columns)


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
