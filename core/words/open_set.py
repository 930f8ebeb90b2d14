"""What one image and a list of labels say: which labels are right by themselves, or that none is."""

from __future__ import annotations

from core.stats.numbers import SPACE, count, few_of, interval_text, percent
from core.studies.zero_shot.open_set import JudgedImage, Threshold
from core.types import Sentence
from core.words.names import MOST_NAMED, say_dataset


def judged_finding(found: JudgedImage) -> Sentence:
    """Which labels are accepted. Codes: `accepted`, `none_of_these`, `cannot_say`."""
    if found.threshold is None:
        said = (
            "Probabilities are among these labels only: this model was trained with a softmax, so whether none of them "
            "is right cannot be answered by its own rule."
        )
        return Sentence(said, "cannot_say")
    if found.none_of_these:
        return Sentence(f"None of these labels reaches the threshold of {_value(found.threshold)}.", "none_of_these")
    names = few_of([f"“{label}”" for label in found.accepted], MOST_NAMED)
    reach = "reaches" if len(found.accepted) == 1 else "reach"
    return Sentence(f"{names} {reach} the threshold of {_value(found.threshold)}.", "accepted")


def threshold_line(threshold: Threshold) -> str:
    """Where a threshold comes from, and what it is worth there."""
    alone = "Each label is judged by itself (sigmoid, the model’s own rule)"
    if not threshold.chosen or threshold.f1 is None:
        return f"{alone}; the threshold is fixed at {_value(threshold)}."
    where = f"{count(threshold.images, 'image')} and {count(threshold.classes, 'class', 'classes')}"
    parts = [
        f"{name} {percent(value)} ({interval_text(interval)})"
        for name, value, interval in (
            ("precision", threshold.precision, threshold.precision_ci95),
            ("recall", threshold.recall, threshold.recall_ci95),
        )
        if value is not None and interval is not None
    ]
    return (
        f"{alone}; the threshold of {_value(threshold)} gives the highest F1 ({percent(threshold.f1)}; "
        f"{', '.join(parts)}) on {where} of {say_dataset(threshold.dataset)} ({threshold.split})."
    )


def _value(threshold: Threshold) -> str:
    return f"{100 * threshold.value:.3g}{SPACE}%"
