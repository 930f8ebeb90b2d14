"""The check that a fault is found by making it: what was tried (`core.studies.audit.trying`), in words."""

from __future__ import annotations

from core.stats.numbers import count, either, percent
from core.studies.audit.case import PROTOCOL, Case
from core.studies.audit.finding import CheckResult, fault, of_alternative, ok, unknown, warning
from core.studies.audit.trying.result import Trial, TriedWay

MOST_NAMED = 3


def was_tried(case: Case) -> bool:
    """Whether known mistakes were tried on this number."""
    return case.trial is not None


def tried(case: Case) -> CheckResult:
    """Does a known mistake of encoding or asking reproduce these answers, or these vectors?"""
    trial = case.trial
    if trial is None:
        return unknown("No known mistake has been tried.")
    if trial.compared == "accuracies":
        return _by_accuracy(case, trial)
    if trial.outcome == "sound":
        return ok(_sound(trial))
    if trial.outcome == "none":
        return unknown(_nothing(trial), "A mistake that is not among those tried, or other weights, may be behind it.")
    best = trial.alternative
    gain = case.alternative(PROTOCOL)
    otherwise = None if gain is None else of_alternative(gain, case)
    if trial.outcome == "nearest":
        return warning(
            f"No known mistake gives all these {trial.compared}; {best.said}, {_share(best)} come out, the right way "
            f"gives {best.right:,}.",
            "Look there first: a part of the cause, or something like it.",
            otherwise,
        )
    sampled = "" if case.n is None or best.of >= case.n else "sampled "
    said = f"{_share(best)} {sampled}{trial.compared} come out {_which(trial)}; the right way gives {best.right:,}"
    if trial.right_explains:
        return ok(f"{said}, which is as close as two sound runs.")
    return fault(f"{said}.", "Undo that, and make the answers again." if best.acc1 else _AGAIN, otherwise)


def _by_accuracy(case: Case, trial: Trial) -> CheckResult:
    """An accuracy alone names candidates and proves nothing."""
    right = f"the right way has {percent(trial.right.acc1)} of {trial.right.of:,} images right"
    if trial.outcome == "sound":
        return ok(f"This accuracy may be that of the right way: {right}.")
    if trial.outcome == "none" or case.acc1 is None:
        return unknown(f"No way that was tried has an accuracy like this; {right}.")
    ways = [f"{way.said} ({percent(way.acc1)} of {way.of:,})" for way in trial.named[:MOST_NAMED]]
    more = len(trial.named) - len(ways)
    listed_ways = either([*ways, *([f"in {count(more, 'more way')}"] if more > 0 else [])])
    return warning(
        f"The right way has {percent(trial.right.acc1)} of {trial.right.of:,} images right; {percent(case.acc1)} may "
        f"come out {listed_ways}. These are candidates, not a proof.",
        "Bring the answer for every image, and the mistake can be named.",
    )


_AGAIN = "Embed the images again."


def _which(trial: Trial) -> str:
    ways = [way.said for way in trial.named[:MOST_NAMED]]
    if len(trial.named) == 1:
        return ways[0]
    more = len(trial.named) - len(ways)
    others = f" (or in {count(more, 'more way')})" if more else ""
    told = f"{either(ways)}{others}"
    return f"{told}, which cannot be told apart here"


def _sound(trial: Trial) -> str:
    right = trial.right
    whole = "All" if right.agreed == right.of else f"{right.agreed:,} of"
    said = f"{whole} {right.of:,} {trial.compared} are those of the right way"
    if not trial.same:
        return f"{said}."
    return f"{said}. The same {trial.compared} come out here {_few(trial.same)}, so that cannot be told."


def _few(said: tuple[str, ...]) -> str:
    more = len(said) - MOST_NAMED
    return either([*said[:MOST_NAMED], *([f"in {count(more, 'more way')}"] if more > 0 else [])])


def _nothing(trial: Trial) -> str:
    best = trial.best
    said = f"None of {count(len(trial.ways), 'way')} tried gives these {trial.compared}"
    return f"{said}; the nearest is {best.said}, with {percent(best.agreed / max(1, best.of))}."


def _share(way: TriedWay) -> str:
    return f"{way.agreed:,} of {way.of:,}"
