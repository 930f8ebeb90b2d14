"""Checks of how pictures were asked about: class names and templates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.studies.audit.case import NAMES, PROTOCOL, TEMPLATES, Case
from core.studies.audit.said import Counterfactual, Said, Verdict, of_alternative, ok, unknown
from core.studies.audit.words import points, some

RAW_SHARE = 0.2
"""So many names that look like folder names are no accident: EuroSAT has 6 of 10 glued ones, ImageNet 1,000 numbers."""
SMALL = 0.01
"""One point: less is not worth a warning, whatever the interval says."""
LARGE = 0.03
"""Three points are worth one even where too few pictures make the interval wide."""
_RAW = (
    re.compile(r"[a-z][A-Z]"),  # AnnualCrop
    re.compile(r"_"),  # aquarium_fish
    re.compile(r"^[nN]\d{6,}$"),  # n01440764
    re.compile(r"^\d+$"),  # 17
    re.compile(r"^\d+[._-]"),  # 001.Black_footed_Albatross
)


def class_names(case: Case) -> Said:
    """Names written for a reader, not folder names: a text encoder has read prose, not "AnnualCrop"."""
    asked = case.asked
    if case.method != "zero-shot":
        return ok("A trained classifier does not read class names.")
    if asked is None or not asked.classnames:
        return unknown("The class names that were used are not known.")
    raw = _raw_used(asked.classnames, asked.curated, asked.raw)
    if not raw:
        return ok(f"The {len(asked.classnames):,} class names are words, such as {some(_spread(asked.classnames))}.")
    gain = _gain(case, NAMES)
    verdict = _verdict(gain, "fault")
    return Said(
        verdict,
        f"{len(raw):,} of {len(asked.classnames):,} class names are folder names, such as {some(raw)}{_costs(gain)}.",
        "Use curated names, for example “annual crop land” for “AnnualCrop”.",
        gain,
    )


def looks_raw(name: str) -> bool:
    """Whether a class name reads like a folder's: glued words, underscores, a number."""
    return any(form.search(name) for form in _RAW)


def _raw_used(used: Sequence[str], curated: Sequence[str], raw: Sequence[str]) -> list[str]:
    """The names that are folder names, [] where there are too few to mean anything."""
    if len(curated) == len(used) and len(raw) == len(used):
        found = [u for u, c, r in zip(used, curated, raw) if u == r != c]
    else:
        found = [u for u in used if looks_raw(u)]
    return found if len(found) >= RAW_SHARE * len(used) else []


def _spread(names: Sequence[str]) -> list[str]:
    return [names[i] for i in dict.fromkeys((0, len(names) // 2, len(names) - 1))]


def templates(case: Case) -> Said:
    """The published figure's templates: one template costs CLIP some points against the ensemble it was published with
    (openai/CLIP, issues 153 and 272)."""
    asked = case.asked
    if case.method != "zero-shot":
        return ok("A trained classifier uses no templates.")
    if asked is None or not asked.templates:
        return unknown("The templates that were used are not known.")
    if not asked.reference:
        return ok("No published protocol exists for these pictures that templates could differ from.")
    if set(asked.templates) == set(asked.reference):
        return ok(f"The {_templates(asked.templates)} of the published protocol.")
    gain = _gain(case, TEMPLATES)
    return Said(
        _verdict(gain, "warning"),
        f"{_templates(asked.templates).capitalize()}, {some(asked.templates, 2)}, where the published protocol "
        f"{_published(asked.reference)}{_costs(gain)}.",
        "Ask with the data set's own prompt set to compare with published figures.",
        gain,
    )


def _templates(templates: Sequence[str]) -> str:
    return "one template" if len(templates) == 1 else f"{len(templates)} templates"


def _published(reference: Sequence[str]) -> str:
    return f"averages {len(reference)}" if len(reference) > 1 else f"has {some(reference)}"


def _gain(case: Case, changes: str) -> Counterfactual | None:
    other = case.alternative(changes) or case.alternative(PROTOCOL)
    return None if other is None or case.answers is None else of_alternative(other, case)


def _verdict(gain: Counterfactual | None, worst: Verdict) -> Verdict:
    if gain is None:
        return "warning"
    if gain.excludes_zero and gain.difference >= SMALL:
        return worst
    return "warning" if gain.difference >= LARGE else "ok"


def _costs(gain: Counterfactual | None) -> str:
    if gain is None:
        return ""
    if gain.excludes_zero and gain.difference > 0:
        return f", which costs {points(gain.difference)}"
    if gain.excludes_zero:
        return f", which gains {points(gain.difference)} here"
    return f", which makes a difference of {points(gain.difference)} here, no more than chance explains"
