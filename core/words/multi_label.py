"""What is said of images that may have none or several labels."""

from __future__ import annotations

from collections.abc import Sequence

from core.stats.intervals import PairedDifference
from core.stats.numbers import count, interval_text, percent
from core.studies.multi_label.result import MultiLabelResult
from core.types import Sentence
from core.words.accuracy import outcome
from core.words.names import say_dataset, say_model
from core.words.open_set import threshold_line

MAP_TITLE = "Mean average precision"
UNIT = "points of mean average precision"


def multi_label_protocol(result: MultiLabelResult) -> str:
    """How the number was made, in a line."""
    return (
        f"{count(result.n, 'image')}, {count(len(result.classes), 'class', 'classes')}, "
        f"{count(len(result.templates), 'template')}, {result.labels_per_image:.2f} labels per image"
    )


def multi_label_finding(results: Sequence[MultiLabelResult]) -> Sentence:
    """The model with the highest mean average precision on the first data set, beside a random order. Codes: `chance`
    where its interval holds what a random order gives, else `map`."""
    on = [result for result in results if result.dataset == results[0].dataset]
    best = max(on, key=lambda result: result.map)
    known = [each for each in best.classes if each.ap is not None]
    weakest = min(known, key=lambda each: each.ap or 0.0)
    name, where = say_model(best.model), say_dataset(best.dataset)
    if best.map_ci95[0] <= best.chance:
        return Sentence(
            f"{name} orders the images of {where} no better than chance ({percent(best.chance)} mean average "
            "precision).",
            "chance",
        )
    most = "has the highest" if len(on) > 1 else "reaches a"
    return Sentence(
        f"{name} {most} mean average precision{' of' if len(on) == 1 else ','} {percent(best.map)} "
        f"({interval_text(best.map_ci95)}) on {where}, where a random order gives {percent(best.chance)}; its weakest "
        f"class is “{weakest.classname}” ({percent(weakest.ap or 0.0)}).",
        "map",
    )


def map_outcome(difference: PairedDifference, a: str, b: str) -> Sentence:
    """The outcome of the mean average precision of a minus b; the code is `difference.outcome`."""
    if difference.outcome == "same_everywhere":
        return Sentence(f"No difference: {a} and {b} order the images of every class alike.", difference.outcome)
    return outcome(difference, a, b)


def accepted_line(result: MultiLabelResult) -> str:
    """Precision and recall at the threshold, and where that comes from; "" where the model's rule has none."""
    if result.threshold is None or result.accepted is None:
        return ""
    said = [
        f"{name} {'cannot be given' if value is None else percent(value)}"
        for name, value in (
            ("precision", result.accepted.precision),
            ("recall", result.accepted.recall),
            ("F1", result.accepted.f1),
        )
    ]
    return f"{say_model(result.model)}: {', '.join(said)}. {threshold_line(result.threshold)}"
