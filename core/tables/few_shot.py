"""Few-shot studies as rows and sentences: accuracy by method and number of labelled pictures, with its spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.stats.intervals import PairedDifference, paired_bootstrap
from core.studies.few_shot.result import ZERO_SHOT, FewShotPoint, FewShotResult, FewShotRun, published_point
from core.tables.findings import SPACE, count, interval_text, percent, points
from core.tables.names import say_dataset, say_model, told_apart
from core.tables.probe import say_c
from core.types import Reference

FEW_SHOT_METHODS = {
    ZERO_SHOT: "zero-shot",
    "probe": "Linear probe",
    "tip": "Tip-Adapter",
    "tip-f": "Tip-Adapter-F",
    "clip-adapter": "CLIP-Adapter",
}


@told_apart
def few_shot_frame(results: Sequence[FewShotResult]) -> pd.DataFrame:
    """One row for each model, method and K (0 is zero-shot).

    `acc1_mean` and `acc1_std` (sample standard deviation over draws, NaN for one); `spread_low` and `spread_high`
    are the mean minus and plus it, `lowest` and `highest` the draws at the ends; `acc1_low` and `acc1_high` the
    95 % interval of the zero-shot point; `published` with its `_difference`, `_protocol` and `_source`.
    """
    return pd.DataFrame([_row(result, point) for result in results for point in result.points])


def _row(result: FewShotResult, point: FewShotPoint) -> dict[str, Any]:
    spread = 0.0 if math.isnan(point.acc1_std) else point.acc1_std
    low, high = result.zero_shot.acc1_ci95 if not point.shots else (math.nan, math.nan)
    figure = published_beside(result, point)
    return {
        "model": result.model,
        "model_title": say_model(result.model),
        "dataset": result.dataset,
        "dataset_title": say_dataset(result.dataset),
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
    ]
    rows = [
        [
            r.model,
            say_model(r.model),
            r.dataset,
            say_dataset(r.dataset),
            method,
            FEW_SHOT_METHODS[method],
            shots,
            figure.value,
            figure.protocol,
            figure.source,
        ]
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
            for seed, acc1, unit in zip(r.seeds, p.acc1, p.units)
        ]
    )


def _plain(unit: FewShotRun) -> dict[str, float]:
    return {name: value for name, value in unit.settings.items() if isinstance(value, int | float)}


# --- words ------------------------------------------------------------------------------------------------


def say_settings(settings: Sequence[Mapping[str, Any]]) -> str:
    """ "alpha 1.2–2.3, beta 5.5": the range of each setting over the draws."""
    names = [n for n in dict.fromkeys(n for s in settings for n in s) if n != "of_steps"]
    said = []
    for name in names:
        values = [float(s[name]) for s in settings if name in s]
        low, high = min(values), max(values)
        whole = f" of {settings[0]['of_steps']}" if name == "steps" else ""
        said.append(f"{name} {say_c(low)}{'' if low == high else f'–{say_c(high)}'}{whole}")
    return ", ".join(said)


@told_apart
def few_shot_finding(results: Sequence[FewShotResult]) -> str:
    """What the most shots bring over zero-shot, by which method, and how much that hangs on the draw."""
    if not results:
        return "No few-shot study yet"
    return " ".join(_one(result, len(results) > 1) for result in results[:2])


def best_point(result: FewShotResult) -> FewShotPoint:
    """The method with the highest mean at the most pictures a class."""
    most = max(result.shots)
    return max((result.point(method, most) for method in result.methods), key=lambda p: p.acc1_mean)


def spread_line(point: FewShotPoint) -> str:
    """ "± 3.1 points over 3 draws (75.8–83.3 %)", or that there is only one."""
    if len(point.acc1) < 2:
        return "a single draw: no spread is known"
    spread = f"± {100 * point.acc1_std:.1f} points over {len(point.acc1)} draws"
    return f"{spread} ({interval_text((min(point.acc1), max(point.acc1)))})"


def _one(result: FewShotResult, several: bool) -> str:
    best = best_point(result)
    most, gain = best.shots, best.acc1_mean - result.zero_shot.acc1
    name = _in_sentence(best.method)
    whose = f"{say_model(result.model)}: " if several else ""
    if gain <= 0:
        reached = f"{name} reaches {percent(best.acc1_mean)}, zero-shot {percent(result.zero_shot.acc1)}"
        return f"{whose}{count(most, 'picture')} a class do not help: {reached}."
    if doubt := _doubt(result, best):
        said = f"{count(most, 'picture')} a class and zero-shot tie: {name} is {points(gain)} ahead, {doubt}."
        return whose + said + _pays(result)
    said = f"{whose}{count(most, 'picture')} a class bring {points(gain)} over zero-shot with {name}"
    return said + _spread(best) + _pays(result)


def _in_sentence(method: str) -> str:
    return {"probe": "a linear probe"}.get(method, FEW_SHOT_METHODS[method])


def _spread(point: FewShotPoint) -> str:
    if len(point.acc1) < 2:
        return ", in a single draw, which says little."
    span = max(point.acc1) - min(point.acc1)
    return f"; its {len(point.acc1)} draws span {points(span)}."


def _pays(result: FewShotResult) -> str:
    """From which K on a method is clearly above zero-shot, where that is not the first."""
    first = {method: _first_clear(result, method) for method in result.methods}
    never = [_in_sentence(method) for method, k in first.items() if k is None]
    late = [
        f"{_in_sentence(method)} clearly beats zero-shot from {k} on"
        for method, k in first.items()
        if k is not None and k > min(result.shots)
    ]
    if len(never) == len(first) > 1:
        return " No method clearly beats zero-shot with any number of pictures."
    if never:
        names = " and ".join(never)
        late.insert(0, f"{names} never clearly beat{'s' if len(never) == 1 else ''} zero-shot")
    said = "; ".join(late)
    return f" {said[0].upper()}{said[1:]}." if said else ""


def _first_clear(result: FewShotResult, method: str) -> int | None:
    """The least K from which on no K of this method leaves a doubt."""
    first = None
    for k in sorted(result.shots, reverse=True):
        point = result.point(method, k)
        if point.acc1_mean <= result.zero_shot.acc1 or _doubt(result, point):
            break
        first = k
    return first


def _doubt(result: FewShotResult, point: FewShotPoint) -> str:
    """Why being ahead of zero-shot may be luck, of the draws or of the test pictures; "" where it is not."""
    if point.acc1_mean - result.zero_shot.acc1 <= (0.0 if math.isnan(point.acc1_std) else point.acc1_std):
        return "no more than its draws are apart"
    over = over_zero_shot(result, point)
    if over is None or over.excludes_zero:
        return ""
    low, high = (points(end, signed=True).split(SPACE)[0] for end in over.ci95)
    return f"and the interval over the test pictures includes zero ({low} to {high} points)"


def over_zero_shot(result: FewShotResult, point: FewShotPoint) -> PairedDifference | None:
    """The mean over the draws minus zero-shot, paired over the test pictures; None where no runs are kept."""
    if not point.units:
        return None
    share = np.mean([unit.correct for unit in point.units], axis=0)
    return paired_bootstrap(share, result.zero_shot.correct.astype(np.float64))
