"""What happens inside one data set: classes, confusions, and the answer for each picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.stats.metrics import most_confused
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.columns import who
from core.words.names import told_apart


@told_apart
def per_class_frame(results: Sequence[ZeroShotResult]) -> pd.DataFrame:
    """One row for each model and class: `n`, `correct`, `recall` with its interval (empty for n = 0)."""
    rows = [
        {
            **who(result.model, result.dataset),
            "label": label,
            "classname": found.classname,
            "n": found.n,
            "correct": found.correct,
            "recall": found.recall if found.n else None,
            "recall_low": found.ci95[0] if found.n else None,
            "recall_high": found.ci95[1] if found.n else None,
        }
        for result in results
        for label, found in enumerate(result.per_class)
    ]
    return pd.DataFrame(rows)


@told_apart
def confusion_frame(result: ZeroShotResult) -> pd.DataFrame:
    """The cells of the confusion table that hold a picture, right answers too.

    `true` and `predicted` are labels, `_name` their names, `share` the part of the true class's pictures.
    """
    true, predicted = np.nonzero(result.confusion)
    counts = result.confusion[true, predicted]
    names = np.array(result.classnames, dtype=object)
    return pd.DataFrame(
        {
            **who(result.model, result.dataset),
            "true": true,
            "true_name": names[true],
            "predicted": predicted,
            "predicted_name": names[predicted],
            "count": counts,
            "share": counts / result.confusion.sum(axis=1)[true],
        }
    )


def confused_frame(result: ZeroShotResult, limit: int = 20) -> pd.DataFrame:
    """The most frequent confusions, most pictures first."""
    columns = ["true", "true_name", "predicted", "predicted_name", "count", "share"]
    rows = [
        (p.true, result.classnames[p.true], p.predicted, result.classnames[p.predicted], p.count, p.share)
        for p in most_confused(result.confusion, limit)
    ]
    return pd.DataFrame(rows, columns=columns)


@told_apart
def predicted_frame(results: Sequence[ZeroShotResult]) -> pd.DataFrame:
    """How often each class is the answer (`predicted`) and how often it should be (`true`), by model."""
    rows = [
        {
            **who(result.model, result.dataset),
            "label": label,
            "classname": name,
            "predicted": int(predicted),
            "true": int(true),
            "n": result.n,
        }
        for result in results
        for label, (name, predicted, true) in enumerate(
            zip(result.classnames, result.confusion.sum(axis=0), result.confusion.sum(axis=1), strict=True)
        )
    ]
    return pd.DataFrame(rows)


def predictions_frame(result: ZeroShotResult) -> pd.DataFrame:
    """One row a picture: its true class, the rank of it, and the k best answers with their probabilities."""
    names = np.array(result.classnames, dtype=object)
    columns = {
        "id": list(result.ids),
        "true": result.labels,
        "true_name": names[result.labels],
        "predicted": result.predicted,
        "predicted_name": names[result.predicted],
        "correct": result.correct,
        "rank": result.ranks,
    }
    for k in range(result.top5.shape[1]):
        columns |= {f"answer_{k + 1}": names[result.top5[:, k]], f"probability_{k + 1}": result.top5_probability[:, k]}
    return pd.DataFrame(columns)
