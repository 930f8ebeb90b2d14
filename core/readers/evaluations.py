"""Figures that an evaluation wrote as JSON: CLIP_benchmark's documents, and this program's own."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from core.readers.brought import Predictions
from core.types import TMVError

_FIGURES = {
    "acc1": "acc1", "acc5": "acc5", "mean_per_class_recall": "mean_per_class_recall",
    "lp_acc1": "acc1", "lp_acc5": "acc5", "lp_mean_per_class_recall": "mean_per_class_recall",
    "test_acc1": "acc1", "test_acc5": "acc5",
}  # fmt: skip


def documents(text: str, name: str) -> tuple[Predictions, ...]:
    """The figures in a JSON document, a list of them, or one a line. Raises `TMVError` where there are none."""
    try:
        value = json.loads(text)
    except ValueError:
        value = _lines(text, name)
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        value = value["results"]
    records = value if isinstance(value, list) else [value]
    found = tuple(_document(r, name) for r in records if isinstance(r, dict))
    if not found or not all(p.figures for p in found):
        raise TMVError(
            f"{name} holds no figures: expected CLIP_benchmark's JSON with metrics such as acc1, or a result document "
            "of this program."
        )
    return found


def _lines(text: str, name: str) -> list[Any]:
    """One document a line, as some scripts append them."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise TMVError(f"{name} is not readable JSON: {error}.") from None


def _document(record: Mapping[str, Any], name: str) -> Predictions:
    metrics = record.get("metrics")
    values = metrics if isinstance(metrics, dict) else record
    figures = {ours: float(values[theirs]) for theirs, ours in _FIGURES.items() if _is_share(values.get(theirs))}
    figures |= {k: float(v) for k, v in values.items() if "_retrieval_recall@" in k and _is_share(v)}
    wanted = {
        key: record[key]
        for key in ("model", "pretrained", "dataset", "split", "task")
        if isinstance(record.get(key), str)
    }
    n = record.get("n")
    trained = "lp_acc1" in values or "test_acc1" in values
    wanted.setdefault("task", "linear_probe" if trained else "zeroshot_classification")
    wanted["dataset"] = _dataset(wanted.get("dataset", ""))
    return Predictions(name, figures=figures, n=n if isinstance(n, int) and n > 0 else None, **wanted)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def _dataset(name: str) -> str:
    """CLIP_benchmark's names of data sets in ours: "wds/vtab/cifar100" is cifar100, "imagenet1k" stays."""
    for prefix in ("wds/", "wds_", "vtab/", "vtab-", "vtab_"):
        name = name.removeprefix(prefix)
    return name
