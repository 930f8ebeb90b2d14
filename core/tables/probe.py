"""Linear probes as rows: accuracy where it was trained and where it was tested, the curve over C, and the
figures from elsewhere that were made most like it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.prompts import find_prompt_set
from core.catalog.published import deck_figures, measured_as, published
from core.stats.accuracy import METRICS
from core.stats.numbers import count
from core.studies.probe.result import ProbeResult
from core.tables.accuracy import beside, fitting, made_by
from core.tables.columns import made_how, who
from core.types import DatasetSpec, ModelSpec, Reference
from core.words.names import METHODS, PROBE, TRAINED, ZERO_SHOT, say_dataset, say_model, told_apart

FEW = 50
"""With fewer pictures a class than this, a figure for a number of shots is more alike than one for them all."""
_SHOTS = re.compile(r"_(\d+)shot")
_LIKE_OURS = ("paper", "full")


# --- figures from elsewhere -------------------------------------------------------------------------------


def probe_reference(references: Sequence[Reference], metric: str, pictures_a_class: float) -> Reference | None:
    """The figure for `metric` (train_acc1, acc1, acc5) made most like ours: few pictures beside few, all beside
    all. The deck's test accuracy counts as acc1."""
    names = (metric, "test_acc1") if metric == "acc1" else (metric,)
    same = [r for r in references if r.metric.startswith("linear_probe_") and measured_as(r.metric) in names]
    shots = [r for r in same if shots_of(r)]
    whole = [r for r in same if not shots_of(r)]
    if shots and pictures_a_class < FEW:
        return min(shots, key=lambda r: abs(math.log((shots_of(r) or 1) / max(pictures_a_class, 1.0))))
    return min(whole, key=_unlike, default=None)


def shots_of(reference: Reference) -> int | None:
    """How many pictures a class a figure was trained on, where it is for a number of shots."""
    found = _SHOTS.search(reference.metric)
    return int(found.group(1)) if found else None


def _unlike(reference: Reference) -> int:
    return next((i for i, kind in enumerate(_LIKE_OURS) if kind in reference.metric), len(_LIKE_OURS))


def _with_shots(reference: Reference | None) -> Reference | None:
    """The figure with its number of shots in the words of its protocol."""
    if reference is None or (shots := shots_of(reference)) is None or "shot" in reference.protocol:
        return reference
    said = f"trained on {count(shots, 'image')} per class; {reference.protocol}"
    return Reference(
        metric=reference.metric, value=reference.value, protocol=said, source=reference.source, kind=reference.kind
    )


# --- rows -------------------------------------------------------------------------------------------------


@told_apart
def probe_rows(result: ProbeResult) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two rows of a `methods_frame`: on the test pictures, and on the pictures it was trained on (top-1 only)."""
    return _row(result, PROBE), _row(result, TRAINED)


def _row(result: ProbeResult, method: str) -> dict[str, Any]:
    c, tested = len(result.classnames), method == PROBE
    row: dict[str, Any] = {
        **who(result.model, result.dataset),
        "split": result.split if tested else result.train_key.split,
        "method": method,
        "method_title": METHODS[method],
        "n": result.n if tested else result.n_train,
        "n_train": result.n_train,
        "C": result.C,
        "normalised": result.normalised,
        "classes": c,
        **{f"chance_{metric.name}": metric.chance(c) for metric in METRICS},
        "mean_per_class_recall": result.mean_per_class_recall if tested else math.nan,
        **made_how(result.provenance),
        "notes": " ".join(result.notes),
    }
    if not tested:
        return row | _measured(result, "acc1", "train_acc1", "train_acc1") | _nothing("acc5")
    return row | _measured(result, "acc1", "test_acc1", "acc1") | _measured(result, "acc5", "test_acc5", "acc5")


def _measured(result: ProbeResult, column: str, field: str, metric: str) -> dict[str, Any]:
    """A measured value with its interval, and what stands beside it."""
    value, interval = getattr(result, field), getattr(result, f"{field}_ci95")
    row: dict[str, Any] = {column: value, f"{column}_low": interval[0], f"{column}_high": interval[1]}
    a_class = result.n_train / len(result.classnames)
    for kind, figures in (("published", result.published), ("deck", result.deck)):
        reference = _with_shots(probe_reference(figures, metric, a_class))
        row |= beside(f"{kind}_{column}", reference, value, interval)
    return row


def _nothing(column: str) -> dict[str, Any]:
    empty = {f"{column}{end}": math.nan for end in ("", "_low", "_high")}
    return empty | {
        k: v for kind in ("published", "deck") for k, v in beside(f"{kind}_{column}", None, 0.0, (0.0, 0.0)).items()
    }


@told_apart
def absent_row(model: ModelSpec, dataset: DatasetSpec, method: str) -> dict[str, Any]:
    """A row of a `methods_frame` for what is not measured here: only the figures from elsewhere."""
    row: dict[str, Any] = {
        "model": model.name,
        "model_title": say_model(model),
        "dataset": dataset.name,
        "dataset_title": say_dataset(dataset.name),
        "method": method,
        "method_title": METHODS[method],
        "classes": len(dataset.classnames) or math.nan,
        **_nothing("acc1"),
        **_nothing("acc5"),
    }
    for kind, figures in (("published", published(model, dataset)), ("deck", deck_figures(model, dataset))):
        for column in ("acc1", "acc5"):
            if found := _likely(figures, dataset, method, column):
                row |= {f"{kind}_{column}": found.value, **made_by(f"{kind}_{column}", found)}
    return row


def _likely(figures: Sequence[Reference], dataset: DatasetSpec, method: str, column: str) -> Reference | None:
    """The figure that would stand beside our own, if the data set is whole and asked with its own prompts."""
    if method == ZERO_SHOT:
        return fitting(figures, column, find_prompt_set(dataset.prompt_set).templates)
    if method == TRAINED:
        return probe_reference(figures, "train_acc1", math.inf) if column == "acc1" else None
    a_class = dict(dataset.sizes).get("train", math.inf) / max(1, len(dataset.classnames))
    return _with_shots(probe_reference(figures, column, a_class))


@told_apart
def validation_frame(results: Sequence[ProbeResult]) -> pd.DataFrame:
    """One row for each model and each C that was tried: accuracy on held-out training pictures with its interval,
    accuracy on the pictures it was then fitted to, and whether this C was chosen."""
    return pd.DataFrame(
        [
            {
                **who(r.model, r.dataset),
                "C": p.C,
                "acc1": p.acc1,
                "acc1_low": p.acc1_ci95[0],
                "acc1_high": p.acc1_ci95[1],
                "train_acc1": p.train_acc1,
                "chance_acc1": 1 / len(r.classnames),
                "chosen": p.C == r.C,
                "n_val": r.n_val,
                "n_train": r.n_train,
                "folds": r.folds,
            }
            for r in results
            for p in r.validation
        ]
    )
