"""Numbers and outcomes in words. A sentence changes with the data; a tie is called a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.errors import TMVError
from core.stats.intervals import PairedDifference, paired_difference
from core.stats.metrics import Calibration
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.answered import Answered
from core.tables.names import say_dataset, say_model, short_names, told_apart
from core.types import IntArray, Interval

SPACE = "\u00a0"
COLLAPSE_SHARE = 0.4


# --- numbers ----------------------------------------------------------------------------------------------


def percent(share: float, decimals: int = 1) -> str:
    """ "61.2 %", with a space that does not break."""
    return f"{share * 100:.{decimals}f}{SPACE}%"


def points(difference: float, signed: bool = False) -> str:
    """ "10.1 points" for 0.101; signed with a true minus: "−10.1 points"."""
    number = f"{difference * 100:+.1f}" if signed else f"{abs(difference) * 100:.1f}"
    return number.replace("-", "−") + f"{SPACE}point{'' if number.lstrip('+-') == '1.0' else 's'}"


def interval_text(interval: Interval) -> str:
    """ "57.6–65.3 %" for (0.576, 0.653)."""
    return f"{interval[0] * 100:.1f}–{interval[1] * 100:.1f}{SPACE}%"


def count(n: int, noun: str, plural: str = "") -> str:
    """ "1 picture", "10,000 pictures"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def protocol_line(result: ZeroShotResult) -> str:
    """ "10,000 pictures · 1 template · curated names": what a number rests on, in one line."""
    kind = result.classnames_kind
    names = f"{kind} names" if kind in ("curated", "raw") else f"names from {kind}"
    return " · ".join([count(result.n, "picture"), count(len(result.templates), "template"), names])


# --- two things -------------------------------------------------------------------------------------------


def finding(difference: PairedDifference, a: str, b: str) -> str:
    """The outcome of a minus b: "LAION-2B is ahead by 10.1 points; the interval excludes zero."

    Where McNemar's test and the interval disagree about 5 %, the sentence says so.
    """
    if not difference.n_only_a and not difference.n_only_b:
        return f"A tie: {a} and {b} do the same on every picture."
    low, high = (points(end, signed=True).split(SPACE)[0] for end in difference.ci95)
    if not difference.excludes_zero:
        return f"A tie: the interval includes zero ({low} to {high} points)."
    leader = a if difference.difference > 0 else b
    edge = f" On the edge, though: p = {difference.p_value:.2f}." if difference.p_value > 0.05 else ""
    return f"{leader} is ahead by {points(difference.difference)}; the interval excludes zero.{edge}"


def standing(value: Interval, reference: float) -> str:
    """Where a reference lies against an interval: "below", "inside" or "above" it."""
    return "below" if reference < value[0] else "above" if reference > value[1] else "inside"


# --- many -------------------------------------------------------------------------------------------------


@told_apart
def accuracy_finding(results: Sequence[ZeroShotResult]) -> str:
    """One sentence over models and data sets, for a chart's title."""
    models = list(dict.fromkeys(r.model for r in results))
    by_dataset: dict[tuple[str, str], list[ZeroShotResult]] = {}
    for result in results:
        by_dataset.setdefault((result.dataset, result.split), []).append(result)
    if not results:
        return "No result yet"
    if len(models) == 1:
        return _one_model(results)
    contests = [group for group in by_dataset.values() if len(group) > 1]
    if len(contests) == 1 and len(contests[0]) == 2:
        first, second = contests[0]
        a, b = short_names([first.model, second.model])
        return f"On {say_dataset(first.dataset)}: {_lower(finding(compare(first, second), a, b), a, b)}"
    return _leaders(contests, models) if contests else "How well does each model name pictures?"


def _lower(sentence: str, *names: str) -> str:
    return sentence if sentence.startswith(names) else sentence[0].lower() + sentence[1:]


def _one_model(results: Sequence[ZeroShotResult]) -> str:
    name, best = say_model(results[0].model), max(results, key=lambda r: r.acc1)
    if len(results) == 1:
        return f"{name} names {percent(best.acc1)} of {say_dataset(best.dataset)} right"
    worst = min(results, key=lambda r: r.acc1)
    return (
        f"{name} does best on {say_dataset(best.dataset)} ({percent(best.acc1)}) and worst on "
        f"{say_dataset(worst.dataset)} ({percent(worst.acc1)})"
    )


def _leaders(contests: Sequence[Sequence[ZeroShotResult]], models: Sequence[str]) -> str:
    names = dict(zip(models, short_names(models)))
    clear: dict[str, int] = {}
    for group in contests:
        first, second = sorted(group, key=lambda r: -r.acc1)[:2]
        if same_pictures(first, second) and compare(first, second).excludes_zero:
            clear[first.model] = clear.get(first.model, 0) + 1
    ties = len(contests) - sum(clear.values())
    if len(contests) == 1:
        return _one_contest(contests[0], names, bool(clear))
    if len(clear) == 1 and not ties:
        sets = "both data sets" if len(contests) == 2 else f"all {len(contests)} data sets"
        return f"{names[next(iter(clear))]} leads on {sets}"
    won = [
        f"{names[m]} leads on {k} of {count(len(contests), 'data set')}"
        for m, k in sorted(clear.items(), key=lambda item: -item[1])
    ]
    if not won:
        return f"No clear leader on {count(len(contests), 'data set')}: the first two are tied"
    tied = [f"the first two are tied on {ties}"] if ties else []
    return ", ".join([won[0], *(text.rsplit(" of ", 1)[0] for text in won[1:]), *tied])


def _one_contest(group: Sequence[ZeroShotResult], names: Mapping[str, str], clear: bool) -> str:
    first, second = sorted(group, key=lambda r: -r.acc1)[:2]
    a, b, where = names[first.model], names[second.model], say_dataset(first.dataset)
    if not clear:
        return f"On {where} the first two, {a} and {b}, are tied"
    return f"{a} leads on {where}, {points(first.acc1 - second.acc1)} before {b}"


def same_pictures(a: Answered, b: Answered) -> bool:
    """Whether two results are over the same pictures in the same order, so that they can be paired."""
    return (a.dataset, a.split, a.ids) == (b.dataset, b.split, b.ids)


def compare(a: Answered, b: Answered, k: int = 1) -> PairedDifference:
    """Top-k accuracy of a minus b on the pictures that both have."""
    if same_pictures(a, b):
        return paired_difference(a.ranks <= k, b.ranks <= k)
    left, right = shared_rows(a, b)
    return paired_difference(a.ranks[left] <= k, b.ranks[right] <= k)


def shared_rows(a: Answered, b: Answered) -> tuple[IntArray, IntArray]:
    """Where the pictures that both have stand in each: (s,), (s,). Raises `TMVError` where there are none."""
    place = {picture: i for i, picture in enumerate(b.ids)}
    shared = [(i, place[picture]) for i, picture in enumerate(a.ids) if picture in place]
    if (a.dataset, a.split) != (b.dataset, b.split) or not shared:
        raise TMVError(
            f"Only results on the same pictures can be paired, not {a.dataset} ({a.split}) with "
            f"{b.dataset} ({b.split}); choose one data set and split."
        )
    left, right = np.array(shared, dtype=np.int64).T
    return left, right


def calibration_finding(calibration: Calibration, name: str) -> str:
    """Whether a model is too sure or not sure enough, in one sentence."""
    if abs(calibration.gap) < 0.02 and calibration.ece < 0.05:
        return f"{name}'s probabilities can be taken at their word (ECE {percent(calibration.ece)})"
    which = "too sure" if calibration.gap > 0 else "not sure enough"
    return f"{name} is {which} by {points(calibration.gap)} on average (ECE {percent(calibration.ece)})"


def collapse_finding(result: ZeroShotResult) -> str:
    """What a model answers most often, and an alarm where one class takes far more than its share."""
    answers = np.bincount(result.predicted, minlength=len(result.classnames))
    top = int(answers.argmax())
    given, true = answers[top] / result.n, result.confusion[top].sum() / result.n
    name = result.classnames[top]
    if given > COLLAPSE_SHARE and given > 2 * true:
        return f"Collapsed: {percent(given, 0)} of all answers are “{name}”, which is right for {percent(true, 0)}"
    return f"The most frequent answer is “{name}”: {percent(given)} of all, right for {percent(true)}"
