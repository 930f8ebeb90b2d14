"""Checks of how pictures were asked about: class names and templates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.stats.intervals import PairedDifference, paired_difference
from core.stats.numbers import points, quoted, verb
from core.studies.audit.case import NAMES, PROTOCOL, TEMPLATES, Case
from core.studies.audit.finding import CheckResult, Counterfactual, Verdict, of_alternative, ok, unknown

RAW_SHARE = 0.2
"""So many names that look like folder names are no accident: EuroSAT has 6 of 10 glued ones, ImageNet 1,000 numbers."""
SMALL = 0.01
"""One point: less is not worth a warning, whatever the interval says."""
LARGE = 0.03
"""Three points are worth one even where too few pictures make the interval wide."""
_NUMBER = re.compile(r"\d+")
_RAW = (
    re.compile(r"[a-z][A-Z]"),  # AnnualCrop
    re.compile(r"_"),  # aquarium_fish
    re.compile(r"^[nN]\d{6,}$"),  # n01440764
    re.compile(r"^\d+$"),  # 17
    re.compile(r"^\d+[._-]"),  # 001.Black_footed_Albatross
)


def class_names(case: Case) -> CheckResult:
    """Names written for a reader, not folder names: a text encoder has read prose, not "AnnualCrop"."""
    asked = case.asked
    if asked is None or not asked.classnames:
        return _unknown_names(case)
    raw = _raw_used(asked.classnames, asked.curated, asked.raw)
    bare = [name for name in asked.classnames if _NUMBER.fullmatch(name)]
    if not raw and len(bare) >= RAW_SHARE * len(asked.classnames):
        return unknown(
            f"{len(bare):,} of {len(asked.classnames):,} class names "
            f"{verb(len(bare), 'is a number', 'are numbers')}, such as {quoted(bare)}; whether "
            "images show numbers is not known.",
            "Give the names of the classes, unless these are what the images show.",
        )
    if not raw:
        if len(asked.classnames) == 1:
            return ok(f"The one class name, {quoted(asked.classnames)}, is made of words.")
        return ok(f"The {len(asked.classnames):,} class names are words, such as {quoted(_spread(asked.classnames))}.")
    cost, gain = _cost(case, NAMES, TEMPLATES)
    are = verb(len(raw), "is a folder name", "are folder names")
    said = f"{len(raw):,} of {len(asked.classnames):,} class names {are}, such as {quoted(raw)}{_costs(cost)}."
    advice = "Use curated names, for example “annual crop land” for “AnnualCrop”."
    return CheckResult(verdict=_verdict(cost, "fault"), evidence=said, advice=advice, counterfactual=gain)


def _unknown_names(case: Case) -> CheckResult:
    raw = [name for name in case.classnames if looks_raw(name)]
    if len(raw) < max(1.0, RAW_SHARE * len(case.classnames)):
        return unknown("The class names that were used are not known.")
    return unknown(
        f"The table calls classes {quoted(raw)}; whether prompts did too is not known.",
        "Prompts need words: “annual crop land” for “AnnualCrop”.",
    )


def looks_raw(name: str) -> bool:
    """Whether a class name reads like a folder's: glued words, underscores, a number."""
    return any(form.search(name) for form in _RAW)


def _raw_used(used: Sequence[str], curated: Sequence[str], raw: Sequence[str]) -> list[str]:
    """The names that are folder names, [] where there are too few to mean anything."""
    if len(curated) == len(used) and len(raw) == len(used):
        found = [u for u, c, r in zip(used, curated, raw, strict=True) if u == r != c]
    else:
        found = [u for u in used if looks_raw(u)]
    return found if len(found) >= RAW_SHARE * len(used) else []


def _spread(names: Sequence[str]) -> list[str]:
    return [names[i] for i in dict.fromkeys((0, len(names) // 2, len(names) - 1))]


def templates(case: Case) -> CheckResult:
    """The published figure's templates: one template costs CLIP some points against the ensemble it was published with
    (openai/CLIP, issues 153 and 272)."""
    asked = case.asked
    if asked is None or not asked.templates:
        return unknown("The templates that were used are not known.")
    if not asked.reference:
        return ok("No published protocol exists for these images that templates could differ from.")
    protocol = "published protocol" if case.known.published else "data set's own protocol"
    if set(asked.templates) == set(asked.reference):
        return ok(f"The {_count(asked.templates)} of the {protocol}.")
    cost, gain = _cost(case, TEMPLATES, NAMES)
    used = f"{_count(asked.templates).capitalize()}, {quoted(asked.templates, 2)},"
    said = f"{used} where the {protocol} {_has(asked.reference)}{_costs(cost)}."
    advice = "Ask with the data set's own prompt set to compare with published figures."
    return CheckResult(verdict=_verdict(cost, "warning"), evidence=said, advice=advice, counterfactual=gain)


def _count(templates: Sequence[str]) -> str:
    return "one template" if len(templates) == 1 else f"{len(templates)} templates"


def _has(reference: Sequence[str]) -> str:
    return f"averages {len(reference)}" if len(reference) > 1 else f"has {quoted(reference)}"


def _cost(case: Case, changes: str, other: str) -> tuple[PairedDifference | None, Counterfactual | None]:
    """What a departure costs (right answers without it minus with it), and the number without it.

    Where two things depart from the protocol, one may hide the other: with names that no text encoder knows, all
    templates are alike. So the cost is counted with the other departure and without it, and the larger one is told.
    """
    answers, without = case.answers, case.alternative(changes) or case.alternative(PROTOCOL)
    if answers is None or without is None or len(without.correct) != len(answers.labels):
        return None, None
    costs = [paired_difference(without.correct, answers.correct)]
    both, only_other = case.alternative(PROTOCOL), case.alternative(other)
    if both is not None and only_other is not None and len(both.correct) == len(only_other.correct):
        costs.append(paired_difference(both.correct, only_other.correct))
    return max(costs, key=lambda cost: cost.difference), of_alternative(without, case)


def _verdict(cost: PairedDifference | None, worst: Verdict) -> Verdict:
    if cost is None:
        return "warning"
    if cost.excludes_zero and cost.difference >= SMALL:
        return worst
    return "warning" if cost.difference >= LARGE else "ok"


def _costs(cost: PairedDifference | None) -> str:
    if cost is None:
        return ""
    if cost.excludes_zero:
        return f", which {'costs' if cost.difference > 0 else 'gains'} {points(cost.difference)}"
    return f", which makes a difference of {points(cost.difference)} here, no more than chance explains"
