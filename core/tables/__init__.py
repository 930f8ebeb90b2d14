"""Results as pandas frames for tables, exports and charts; what they say stands in `core.words`.

One row is one thing measured. Columns have plain machine names: `model` and `dataset` are the exact names,
`model_title` and `dataset_title` what people say. Shares stay 0-1; a page or chart turns them into percent.
A column that ends in `_low` or `_high` is an end of the 95 % interval.
"""

from core.tables.accuracy import accuracy_frame, references_frame
from core.tables.classes import confused_frame, confusion_frame, per_class_frame, predicted_frame, predictions_frame
from core.tables.compare import calibration_frame, cost_frame, difference_frame, disagreements_frame

__all__ = [
    "accuracy_frame",
    "calibration_frame",
    "confused_frame",
    "confusion_frame",
    "cost_frame",
    "difference_frame",
    "disagreements_frame",
    "per_class_frame",
    "predicted_frame",
    "predictions_frame",
    "references_frame",
]
