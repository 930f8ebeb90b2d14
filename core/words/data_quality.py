"""What is said of images that look nearly the same and of labels that are likely wrong."""

from __future__ import annotations

from core.stats.numbers import count, interval_text, percent, verb
from core.studies.data_quality.label_errors import UNSURE, LabelErrorsResult, weak_judge
from core.studies.data_quality.near import NearResult
from core.types import Sentence


def near_finding(result: NearResult) -> Sentence:
    """How many images look nearly the same to the model, and the accuracy without them: `none` or `found`."""
    inside = len(result.within.left_rows)
    seen = 0 if result.seen is None else len(result.seen.left_rows)
    if not inside and not seen:
        beside = "" if result.seen is None else " or like a training image"
        return Sentence(f"No two of the {result.n:,} images look nearly the same to this model{beside}.", "none")
    parts = [f"{inside:,} look nearly the same to this model as another one of the split"] if inside else []
    parts += [f"{seen:,} nearly the same as a training image"] if seen else []
    said = f"Of {result.n:,} images, {' and '.join(parts)}."
    counted = result.counted
    if counted is None or not counted.left:
        return Sentence(said, "found")
    without = f"{percent(counted.without)} ({interval_text(counted.without_ci95)})"
    return Sentence(
        f"{said} Without them ({count(counted.left, 'image')} left) zero-shot accuracy is {without} instead of "
        f"{percent(counted.acc1)}.",
        "found",
    )


def near_line(result: NearResult) -> str:
    """How near is near, and what was compared."""
    compared = len(result.same_within) + len(result.same_seen)
    same = sum(result.same_within) + sum(result.same_seen)
    files = (
        f"The pixels of the {count(compared, 'nearest pair')} were compared: {count(same, 'is', 'are')} the same image."
        if compared
        else "Pixels were not compared."
    )
    return (
        f"Nearly the same: a cosine of {result.within.threshold:.3f} or more, where the nearest neighbor of an image "
        f"is usually at {result.within.usual:.3f}. {files}"
    )


def pair_line(cosine: float, same: bool | None) -> str:
    """What stands under a pair."""
    pixels = {True: " · same pixels", False: " · pixels differ", None: ""}[same]
    nearly_one = 1 - 5e-5 <= cosine < 1 and same is not True
    return f"cosine {'above 0.9999' if nearly_one else f'{cosine:.4f}'}{pixels}"


def label_errors_finding(result: LabelErrorsResult) -> Sentence:
    """How many labels are likely wrong: `none`, `found`, or `unsure` where the judge is too weak to say."""
    found, judge = result.found, judge_said(result)
    if not len(found.rows):
        return Sentence(f"No label of {result.n:,} is likely wrong by {judge}.", "none")
    rows = count(len(found.rows), "label")
    said = (
        f"{rows} of {result.n:,} {verb(len(found.rows))} likely wrong by {judge}; the estimated "
        f"number of wrong labels is {found.estimate:,.0f} ({percent(found.estimate / result.n)})."
    )
    if result.acc1 < UNSURE:
        return Sentence(f"{said} {weak_judge(result.acc1)}", "unsure")
    return Sentence(said, "found")


def judge_said(result: LabelErrorsResult) -> str:
    """Whose probabilities they are."""
    if result.judge == "probe":
        return "the linear probe, which was trained on other images"
    return "zero-shot probabilities"


def label_errors_line() -> str:
    """How likely errors are found, and what to do with them."""
    return (
        "Confident learning (Northcutt et al. 2021): an image is suspicious where another class is at least as likely "
        "as it is on average for images of that class. Look before you change a label."
    )


def suspect_line(label: str, suggested: str) -> str:
    """What stands under an image whose label is likely wrong."""
    return f"labeled {label}, suggested {suggested}"


def not_searched(model: str, dataset: str) -> str:
    """Why a large set has no near-duplicates yet, and what finds them."""
    return f"they were not searched yet; run python -m core near-duplicates --model {model} --data {dataset}."
