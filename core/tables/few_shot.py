"""Few-shot studies as rows and sentences: accuracy by method and number of labelled pictures, with its spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.published import figure_url
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun, published_point
from core.tables.columns import who
from core.types import Reference
from core.words.few_shot import say_settings
from core.words.names import FEW_SHOT_METHODS, told_apart


@told_apart
def few_shot_frame(results: Sequence[FewShotResult]) -> pd.DataFrame:
    """One row for each model, method and K (0 is zero-shot).

    `acc1_mean` and `acc1_std` (sample standard deviation over draws, NaN for one); `spread_low` and `spread_high`
    are the mean minus and plus it, `lowest` and `highest` the draws at the ends; `acc1_low` and `acc1_high` the
    95 % interval of the zero-shot point; `published` with its `_difference`, `_protocol`, `_source` and `_url`.
    """
    return pd.DataFrame([_row(result, point) for result in results for point in result.points])


def _row(result: FewShotResult, point: FewShotPoint) -> dict[str, Any]:
    spread = 0.0 if math.isnan(point.acc1_std) else point.acc1_std
    low, high = result.zero_shot.acc1_ci95 if not point.shots else (math.nan, math.nan)
    figure = published_beside(result, point)
    return {
        **who(result.model, result.dataset),
        "split": result.split,
        "n": result.n,
        "classes": result.classes,
        "chance": 1 / result.classes,
        "method": point.method,
        "method_title": FEW_SHOT_METHODS[point.method],
        "shots": point.shots,
        "draws": len(point.acc1) if point.shots else 0,
        "acc1_mean": point.acc1_mean,
        "acc1_std": point.acc1_std,
        "spread_low": max(0.0, point.acc1_mean - spread),
        "spread_high": min(1.0, point.acc1_mean + spread),
        "lowest": min(point.acc1),
        "highest": max(point.acc1),
        "acc1_low": low,
        "acc1_high": high,
        "gain": point.acc1_mean - result.zero_shot.acc1,
        "trained_on": max((u.n_shots for u in point.units), default=0),
        "chosen_on": max((u.n_validation for u in point.units), default=0),
        "settings": say_settings([u.settings for u in point.units]),
        "published": figure.value if figure else None,
        "published_difference": point.acc1_mean - figure.value if figure else None,
        "published_protocol": figure.protocol if figure else "",
        "published_source": figure.source if figure else "",
        "published_url": figure_url(figure.source) if figure else "",
        "templates": " | ".join(result.zero_shot.templates),
        "notes": " ".join(result.notes),
    }


def published_beside(result: FewShotResult, point: FewShotPoint) -> Reference | None:
    """The published figure for this method and K, Tip-Adapter's own where there are several."""
    same = [r for r in result.published if published_point(r.metric) == (point.method, point.shots)]
    return min(same, key=lambda r: "Tip-Adapter" not in r.source, default=None)


@told_apart
def published_frame(results: Sequence[FewShotResult]) -> pd.DataFrame:
    """Every published figure for some number of shots, also of methods and K that were not run here; Tip-Adapter's
    own come first where there are several."""
    columns = [
        "model",
        "model_title",
        "dataset",
        "dataset_title",
        "method",
        "method_title",
        "shots",
        "value",
        "protocol",
        "source",
        "url",
    ]
    rows = [
        {
            **who(r.model, r.dataset),
            "method": method,
            "method_title": FEW_SHOT_METHODS[method],
            "shots": shots,
            "value": figure.value,
            "protocol": figure.protocol,
            "source": figure.source,
            "url": figure_url(figure.source),
        }
        for r in results
        for figure in r.published
        for method, shots in [published_point(figure.metric) or ("", 0)]
        if method
    ]
    frame = pd.DataFrame(rows, columns=columns)
    others = ~frame["source"].astype(str).str.contains("Tip-Adapter")
    order = frame.assign(others=others).sort_values(["model", "method", "shots", "others"], kind="stable")
    return frame.loc[order.index].reset_index(drop=True)


def draws_frame(results: Sequence[FewShotResult]) -> pd.DataFrame:
    """One row for each single run: model, method, K, seed, its accuracy and the settings it chose."""
    return pd.DataFrame(
        [
            {
                "model": r.model,
                "dataset": r.dataset,
                "split": r.split,
                "method": p.method,
                "shots": p.shots,
                "seed": seed,
                "acc1": acc1,
                "trained_on": unit.n_shots,
                "chosen_on": unit.n_validation,
                **_plain(unit),
            }
            for r in results
            for p in r.points
            if p.units
            for seed, acc1, unit in zip(r.seeds, p.acc1, p.units, strict=True)
        ]
    )


def _plain(unit: FewShotRun) -> dict[str, float]:
    return {name: value for name, value in unit.settings.items() if isinstance(value, int | float)}
