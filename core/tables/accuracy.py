"""Accuracy with what stands beside it: the published figure and the deck's, each with its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.published import closest_protocol, figure_url, measured_as
from core.stats.accuracy import BY_NAME, METRICS
from core.stats.intervals import standing
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.columns import made_how, who
from core.types import Interval, Reference
from core.words.names import say_metric, told_apart


@told_apart
def accuracy_frame(results: Sequence[ZeroShotResult]) -> pd.DataFrame:
    """One row for each model and data set: measured, published and deck side by side.

    For each `M` of `core.stats.accuracy.METRICS` there are `M`, `M_low`, `M_high`; `published_M` with its
    `_protocol`, `_source` and `_url`, and `deck_M`; for both `_difference` (measured minus theirs, 0-1) and `_lies`
    ("below", "inside", "above" the measured interval). Empty where there is no figure. `chance_M`
    is what guessing gives.
    """
    return pd.DataFrame([_row(result) for result in results])


def _row(result: ZeroShotResult) -> dict[str, Any]:
    c = len(result.classnames)
    row: dict[str, Any] = {
        **who(result.model, result.dataset),
        "split": result.split,
        "n": result.n,
        "classes": c,
        **{f"chance_{metric.name}": metric.chance(c) for metric in METRICS},
    }
    for metric, score in result.scores.items():
        value, interval = score.value, score.ci95
        row |= {metric: value, f"{metric}_low": interval[0], f"{metric}_high": interval[1]}
        for kind, figures in (("published", result.published), ("deck", result.deck)):
            row |= beside(f"{kind}_{metric}", fitting(figures, metric, result.templates), value, interval)
    return row | {
        "templates": len(result.templates),
        "template_texts": " | ".join(result.templates),
        "classnames": result.classnames_kind,
        **made_how(result.provenance),
        "notes": " ".join(result.notes),
    }


def beside(name: str, reference: Reference | None, value: float, interval: Interval) -> dict[str, Any]:
    """Columns of a figure from elsewhere: its value, the measured one minus it, where it lies, how it was made."""
    return {
        name: None if reference is None else reference.value,
        f"{name}_difference": None if reference is None else value - reference.value,
        f"{name}_lies": "" if reference is None else standing(interval, reference.value),
        **made_by(name, reference),
    }


def made_by(name: str, reference: Reference | None) -> dict[str, Any]:
    """Columns that say how a figure from elsewhere was made and where it can be read."""
    protocol, source = ("", "") if reference is None else (reference.protocol, reference.source)
    return {f"{name}_protocol": protocol, f"{name}_source": source, f"{name}_url": figure_url(source)}


def fitting(references: Sequence[Reference], metric: str, templates: Sequence[str]) -> Reference | None:
    """The figure made most like the measured one: one prompt beside one, an ensemble beside several."""
    return closest_protocol([r for r in references if is_zero_shot(r)], metric, len(templates) != 1)


def is_zero_shot(reference: Reference) -> bool:
    """Whether the figure is a zero-shot one (a probe's accuracy would not be like for like)."""
    return reference.metric.startswith("zeroshot_") or reference.metric in BY_NAME


@told_apart
def references_frame(results: Sequence[ZeroShotResult]) -> pd.DataFrame:
    """Every zero-shot figure from elsewhere beside the measured one, with protocol and source."""
    columns = [
        "model",
        "model_title",
        "dataset",
        "dataset_title",
        "metric",
        "metric_title",
        "kind",
        "value",
        "measured",
        "difference",
        "lies",
        "protocol",
        "source",
        "url",
    ]
    rows = [
        _reference_row(result, reference)
        for result in results
        for reference in (*result.published, *result.deck)
        if is_zero_shot(reference) and measured_as(reference.metric) in BY_NAME
    ]
    return pd.DataFrame(rows, columns=columns)


def _reference_row(result: ZeroShotResult, reference: Reference) -> dict[str, Any]:
    metric = measured_as(reference.metric)
    measured = result.scores[metric]
    return {
        **who(result.model, result.dataset),
        "metric": metric,
        "metric_title": say_metric(metric),
        "kind": reference.kind,
        "value": reference.value,
        "measured": measured.value,
        "difference": measured.value - reference.value,
        "lies": standing(measured.ci95, reference.value),
        "protocol": reference.protocol,
        "source": reference.source,
        "url": figure_url(reference.source),
    }
