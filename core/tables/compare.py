"""Two results on the same pictures, how far probabilities can be believed, and what accuracy costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.models import find_model
from core.errors import TMVError
from core.stats.intervals import PairedDifference, wilson_many
from core.stats.metrics import calibration
from core.studies.answered import compare, shared_rows
from core.studies.result import Answered
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.columns import who
from core.words.accuracy import outcome
from core.words.names import say_dataset, say_model, short_names, told_apart


@told_apart
def difference_frame(pairs: Sequence[tuple[ZeroShotResult, ZeroShotResult]], k: int = 1) -> pd.DataFrame:
    """Top-k accuracy of a minus b for each pair on the same pictures, with the outcome in words."""
    return pd.DataFrame([difference_row(compare(a, b, k), a.model, b.model, a.dataset) for a, b in pairs])


@told_apart
def difference_row(
    found: PairedDifference, model_a: str, model_b: str, dataset: str, *, a: str = "", b: str = ""
) -> dict[str, Any]:
    """One row of a difference chart from any paired difference; `a`, `b` name the sides (else the models)."""
    names = (a, b) if a and b else short_names([model_a, model_b])
    return {
        "dataset": dataset,
        "dataset_title": say_dataset(dataset),
        "model_a": model_a,
        "model_b": model_b,
        "a": names[0],
        "b": names[1],
        "n": found.n,
        "difference": found.difference,
        "difference_low": found.ci95[0],
        "difference_high": found.ci95[1],
        "only_a": found.n_only_a,
        "only_b": found.n_only_b,
        "p_value": found.p_value,
        "test": found.test,
        "excludes_zero": found.excludes_zero,
        "finding": outcome(found, *names),
    }


def disagreements_frame(a: Answered, b: Answered) -> pd.DataFrame:
    """The pictures that exactly one of two results names right, of those that both have: `id`, `true_name`,
    both answers and ranks, and `right` ("a" or "b")."""
    left, right = shared_rows(a, b)
    keep = a.correct[left] != b.correct[right]
    left, right = left[keep], right[keep]
    names_a, names_b = np.array(a.classnames, dtype=object), np.array(b.classnames, dtype=object)
    return pd.DataFrame(
        {
            "id": [a.ids[i] for i in left],
            "true": a.labels[left],
            "true_name": names_a[a.labels[left]],
            "right": np.where(a.correct[left], "a", "b"),
            "answer_a": names_a[a.predicted[left]],
            "rank_a": a.ranks[left],
            "answer_b": names_b[b.predicted[right]],
            "rank_b": b.ranks[right],
        }
    )


@told_apart
def calibration_frame(results: Sequence[Answered], bins: int = 15, names: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each result and each bin that holds a picture; `ece` and `gap` repeat in each row.

    `side` is the result's name: of `names` where given (the same model may stand twice), else the model's.
    """
    sides = names or [say_model(result.model) for result in results]
    parts = [_calibration_rows(result, bins).assign(side=side) for result, side in zip(results, sides, strict=True)]
    return pd.concat(parts, ignore_index=True)


def _calibration_rows(result: Answered, bins: int) -> pd.DataFrame:
    found = calibration(result.confidence, result.correct, bins)
    full = found.count > 0
    right = np.rint(np.nan_to_num(found.accuracy) * found.count)
    interval = wilson_many(right, found.count)
    return pd.DataFrame(
        {
            **who(result.model, result.dataset),
            "low": found.edges[:-1],
            "high": found.edges[1:],
            "n": found.count,
            "confidence": found.confidence,
            "accuracy": found.accuracy,
            "accuracy_low": interval[:, 0],
            "accuracy_high": interval[:, 1],
            "ece": found.ece,
            "gap": found.gap,
        }
    )[full]


def cost_frame(accuracy: pd.DataFrame, seconds_per_picture: Mapping[str, float] | None = None) -> pd.DataFrame:
    """`accuracy_frame` with `parameters` (both towers) and `seconds_per_picture`, NaN where unknown."""
    names, seconds = [str(name) for name in accuracy["model"]], seconds_per_picture or {}
    return accuracy.assign(
        parameters=np.array([_parameters(name) for name in names]),
        seconds_per_picture=np.array([seconds.get(name, np.nan) for name in names]),
    )


def _parameters(name: str) -> float:
    try:
        return find_model(name).parameters or np.nan
    except TMVError:
        return np.nan
