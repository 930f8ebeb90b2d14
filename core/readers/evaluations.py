"""Figures that an evaluation wrote as JSON: CLIP_benchmark's documents, and this program's own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.readers.base import and_more
from core.readers.brought import Predictions
from core.readers.prediction_table import number
from core.readers.text_files import text_lines
from core.types import Note, TMVError

_FIGURES = {
    "acc1": "acc1", "acc5": "acc5", "mean_per_class_recall": "mean_per_class_recall",
    "lp_acc1": "acc1", "lp_acc5": "acc5", "lp_mean_per_class_recall": "mean_per_class_recall",
    "test_acc1": "acc1", "test_acc5": "acc5",
    "top1": "acc1", "top5": "acc5", "acc@1": "acc1", "acc@5": "acc5", "accuracy": "acc1", "top1_accuracy": "acc1",
    "imagenet-zeroshot-val-top1": "acc1", "imagenet-zeroshot-val-top5": "acc5",
}  # fmt: skip
_RECALL = re.compile(r"(image|text)_retrieval_recall@\d+")
_TEXTS = ("model", "pretrained", "dataset", "split", "task")


def json_records(text: str, name: str) -> list[Any]:
    """The records of a JSON document: a list, this program's `results`, one document, or one a line."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _lines(text, name)
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        return [record | {"own": True} if isinstance(record, dict) else record for record in value["results"]]
    return value if isinstance(value, list) else [value]


def _lines(text: str, name: str) -> list[Any]:
    """One document a line, as some scripts append them."""
    found = list[Any]()
    for line, content in enumerate(text_lines(text), 1):
        try:
            found += [json.loads(content)] if content.strip() else []
        except (ValueError, RecursionError) as error:
            raise TMVError(f"{name} is not readable JSON (line {line:,}: {error}).") from None
    return found


def documents(records: Sequence[Any], name: str) -> tuple[Predictions, ...]:
    """The figures in the records of a document. Raises `TMVError` where one has none."""
    found = tuple(_document(record, name) for record in records if isinstance(record, dict))
    if not found or not all(p.figures for p in found):
        raise TMVError(
            f"{name} holds no figures: expected CLIP_benchmark's JSON with metrics such as acc1, or a result document "
            "of this program."
        )
    return found


def _document(record: Mapping[str, Any], name: str) -> Predictions:
    metrics = record.get("metrics")
    values: Mapping[str, Any] = metrics if isinstance(metrics, dict) else record
    figures, notes = _figures(values)
    wanted = {key: record[key] for key in _TEXTS if isinstance(record.get(key), str)}
    n = next((record[key] for key in ("n", "n_images", "num_samples") if isinstance(record.get(key), int)), 0)
    trained = "lp_acc1" in values or "test_acc1" in values
    wanted.setdefault("task", "linear_probe" if trained else "zeroshot_classification")
    return Predictions(name, figures=figures, n=n if n > 0 else None, own="own" in record, notes=notes, **wanted)


def _figures(values: Mapping[str, Any]) -> tuple[dict[str, float], tuple[Note, ...]]:
    """Metrics by our names, as they stand; in percent where all of them can only be that, which is said."""
    found, unread = dict[str, float](), list[str]()
    for key, value in values.items():
        ours = _FIGURES.get(str(key).lower()) or (str(key) if _RECALL.fullmatch(str(key)) else None)
        if ours is None or ours in found:
            continue
        read = _value(value)
        if read is None:
            unread.append(f"{key} ({value!r})")
        else:
            found[ours] = read
    notes = [Note(f"Figures that are no number were left out: {and_more(unread)}.", "unread_figures", "warning")]
    notes = notes if unread else []
    if found and all(1 < value <= 100 for value in found.values()) and max(found.values()) > 2:
        notes.append(Note("All figures are above 1 and were read as percent.", "percent"))
        found = {key: value / 100 for key, value in found.items()}
    return found, tuple(notes)


def _value(value: object) -> float | None:
    """A number, also written as text ("63.3 %"); None for what is none or not finite."""
    if isinstance(value, str):
        read = number(value)
    else:
        read = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return read if read is not None and math.isfinite(read) else None
