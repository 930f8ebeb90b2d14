"""Results as pandas frames for tables, exports and charts, and as sentences.

One row is one thing measured. Columns have plain machine names: `model` and `dataset` are the exact names,
`model_title` and `dataset_title` what people say. Shares stay 0-1; a page or chart turns them into percent.
A column that ends in `_low` or `_high` is an end of the 95 % interval.
"""

from core.tables.accuracy import accuracy_frame, references_frame
from core.tables.classes import confused_frame, confusion_frame, per_class_frame, predicted_frame, predictions_frame
from core.tables.compare import calibration_frame, cost_frame, difference_frame, disagreements_frame
from core.tables.findings import (
    accuracy_finding,
    calibration_finding,
    collapse_finding,
    finding,
    interval_text,
    percent,
    points,
    protocol_line,
    standing,
)
from core.tables.names import say_dataset, say_metric, say_model, short_names

__all__ = [
    "accuracy_finding",
    "accuracy_frame",
    "calibration_finding",
    "calibration_frame",
    "collapse_finding",
    "confused_frame",
    "confusion_frame",
    "cost_frame",
    "difference_frame",
    "disagreements_frame",
    "finding",
    "interval_text",
    "per_class_frame",
    "percent",
    "points",
    "predicted_frame",
    "predictions_frame",
    "protocol_line",
    "references_frame",
    "say_dataset",
    "say_metric",
    "say_model",
    "short_names",
    "standing",
]
