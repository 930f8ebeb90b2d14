"""Linear probes as rows: accuracy where it was trained and where it was tested, the curve over C, and the
figures from elsewhere that were made most like it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.datasets import OFFICIAL_SIZES
from core.catalog.prompts import find_prompt_set
from core.catalog.published import deck_figures, measured_as, published
from core.stats.intervals import PairedDifference
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import TOP, ZeroShotResult
from core.tables.accuracy import beside, fitting
from core.tables.answered import METHODS, PROBE, TRAINED, ZERO_SHOT
from core.tables.findings import SPACE, compare, count, finding, percent, points
from core.tables.names import say_dataset, say_model, short_names, told_apart
from core.types import DatasetSpec, ModelSpec, Reference

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
    said = f"trained on {count(shots, 'picture')} a class; {reference.protocol}"
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
        "model": result.model,
        "model_title": say_model(result.model),
        "dataset": result.dataset,
        "dataset_title": say_dataset(result.dataset),
        "split": result.split if tested else result.train_key.split,
        "method": method,
        "method_title": METHODS[method],
        "n": result.n if tested else result.n_train,
        "n_train": result.n_train,
        "C": result.C,
        "normalised": result.normalised,
        "classes": c,
        "chance_acc1": 1 / c,
        "chance_acc5": min(TOP, c) / c,
        "mean_per_class_recall": result.mean_per_class_recall if tested else math.nan,
        "skipped": result.provenance.skipped,
        "device": result.provenance.device,
        "precision": result.provenance.precision,
        "date": result.provenance.date,
        "model_digest": result.provenance.model_digest,
        "data_digest": result.provenance.data_digest,
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
                row |= {
                    f"{kind}_{column}": found.value,
                    f"{kind}_{column}_protocol": found.protocol,
                    f"{kind}_{column}_source": found.source,
                }
    return row


def _likely(figures: Sequence[Reference], dataset: DatasetSpec, method: str, column: str) -> Reference | None:
    """The figure that would stand beside our own, if the data set is whole and asked with its own prompts."""
    if method == ZERO_SHOT:
        return fitting(figures, column, find_prompt_set(dataset.prompt_set).templates)
    if method == TRAINED:
        return probe_reference(figures, "train_acc1", math.inf) if column == "acc1" else None
    a_class = OFFICIAL_SIZES.get((dataset.name, "train"), math.inf) / max(1, len(dataset.classnames))
    return _with_shots(probe_reference(figures, column, a_class))


@told_apart
def validation_frame(results: Sequence[ProbeResult]) -> pd.DataFrame:
    """One row for each model and each C that was tried: accuracy on held-out training pictures with its interval,
    accuracy on the pictures it was then fitted to, and whether this C was chosen."""
    return pd.DataFrame(
        [
            {
                "model": r.model,
                "model_title": say_model(r.model),
                "dataset": r.dataset,
                "dataset_title": say_dataset(r.dataset),
                "C": p.C,
                "acc1": p.acc1,
                "acc1_low": p.acc1_ci95[0],
                "acc1_high": p.acc1_ci95[1],
                "train_acc1": p.train_acc1,
                "chosen": p.C == r.C,
                "n_val": r.n_val,
                "n_train": r.n_train,
                "folds": r.folds,
            }
            for r in results
            for p in r.validation
        ]
    )


# --- words ------------------------------------------------------------------------------------------------


def probe_line(result: ProbeResult) -> str:
    """ "400 pictures · trained on 300 others · C = 0.18": what a probe's test accuracy rests on."""
    features = " · unit-length features" if result.normalised else ""
    chosen = f"C{SPACE}={SPACE}{say_c(result.C)}"
    return f"{count(result.n, 'picture')} · trained on {result.n_train:,} others · {chosen}{features}"


def say_c(value: float) -> str:
    """A C (or another setting from 0 on) in plain digits: "0.0178", "1,000"."""
    if value <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value))) if value < 100 else 0
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def held_out_line(result: ProbeResult) -> str:
    """How C was chosen, in a clause."""
    if result.folds == 1:
        return f"C is chosen on {result.n_val:,} of {result.n_train:,} training pictures, held out for that"
    return f"C is chosen on the {result.n_train:,} training pictures, a {_part(result.folds)} held out at a time"


def _part(folds: int) -> str:
    return {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}.get(folds, f"1/{folds}")


@told_apart
def probe_finding(probes: Sequence[ProbeResult], zero_shots: Sequence[ZeroShotResult]) -> str:
    """Which probe leads and whether that is real, and what training adds to zero-shot on the same pictures."""
    if not probes:
        return "No probe yet"
    first = _leader(probes) if len(probes) > 1 else _gap(probes[0])
    gained = _gain(probes, zero_shots)
    return " ".join(filter(None, [gained, first] if len(probes) == 1 else [first, gained]))


def _leader(probes: Sequence[ProbeResult]) -> str:
    best, second = sorted(probes, key=lambda r: -r.test_acc1)[:2]
    names = short_names([best.model, second.model])
    said = finding(compare(best, second), *names)
    if len(probes) > 2 and said.startswith(names[0]):
        return (
            f"{names[0]} has the best probe, {points(best.test_acc1 - second.test_acc1)} before {names[1]}"
            + (said[said.index(";") :])
        )
    return said.replace("A tie:", f"{names[0]} and {names[1]} tie:", 1) if said.startswith("A tie: the") else said


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _gap(result: ProbeResult) -> str:
    return (
        f"It names {percent(result.train_acc1)} of its training pictures right, "
        f"{points(result.train_acc1 - result.test_acc1)} {'more' if result.train_acc1 > result.test_acc1 else 'fewer'}."
    )


def _gain(probes: Sequence[ProbeResult], zero_shots: Sequence[ZeroShotResult]) -> str:
    texts = {z.model: z for z in zero_shots}
    found = [compare(p, texts[p.model]) for p in probes if p.model in texts]
    if not found:
        return ""
    if len(found) > 1:
        return _gains(found)
    difference = found[0]
    if not difference.excludes_zero:
        return f"Training on labels ties with zero-shot: {_lower(finding(difference, 'probe', 'zero-shot')[7:])}"
    verb = "adds" if difference.difference > 0 else "costs"
    return f"Training on labels {verb} {points(difference.difference)} against zero-shot; the interval excludes zero."


def _gains(found: Sequence[PairedDifference]) -> str:
    low, high = (end(d.difference for d in found) for end in (min, max))
    ties = sum(not d.excludes_zero for d in found)
    tied = f"; {ties} of {len(found)} {'is a tie' if ties == 1 else 'are ties'}." if ties else "."
    if low < 0:
        said = f"{points(low, signed=True).split(SPACE)[0]} to {points(high, signed=True)}"
        return f"Training on labels changes zero-shot accuracy by {said}{tied}"
    return f"Training on labels adds {points(low).split(SPACE)[0]} to {points(high)} to zero-shot{tied}"
