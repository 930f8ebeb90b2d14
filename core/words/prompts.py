"""What the prompt study says: what the wording changes, and what a search for prompts is worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.stats.intervals import may_be_guessing
from core.stats.numbers import count, in_points, interval_text, listed, lower_first, percent, points, points_between
from core.studies.prompts.accuracy import ENSEMBLE, PromptStudyResult, difference
from core.studies.prompts.heldout import BASELINE, EQUAL_WEIGHT, GREEDY, UNLABELLED_WEIGHT, PromptSearchResult
from core.types import Sentence
from core.words.accuracy import NO_CLEAR_DIFFERENCE, outcome, say_guessing, with_chance
from core.words.names import MOST_NAMED, say_dataset, say_model, short_names, told_apart

UNADJUSTED = "The best was chosen on these images, so its score is optimistic and the interval is unadjusted."


CHOICES = {
    GREEDY: "Greedy ensemble",
    BASELINE: "Baseline",
    EQUAL_WEIGHT: "All templates averaged",
    UNLABELLED_WEIGHT: "Label-free weighting",
}
"""What a search compares, by one name on the whole page."""


def say_template(template: str) -> str:
    """A template as a chart shows it: the bare name and the ensemble get words."""
    return {"{}": "{} (the bare name)", ENSEMBLE: "all together"}.get(template, template)


def say_templates(templates: Sequence[str]) -> str:
    """Templates that are one to a model, in one row: "A photo of a {}. = a photo of a {}"."""
    return " = ".join(say_template(template) for template in templates)


@told_apart
def templates_finding(studies: Sequence[PromptStudyResult]) -> Sentence:
    """What the wording does, a tie called a tie, and which models are at chance with the baseline. Codes: `no_result`,
    `spans` (several studies), `one_template`, `baseline_best`, and those of `outcome` of the best against the
    baseline."""
    return with_chance(_templates_finding(studies), baselines_at_chance(studies))


def baselines_at_chance(studies: Sequence[PromptStudyResult]) -> str:
    """Which models do no better than guessing with the baseline; "" where none does."""
    names = _told_apart(studies) if len(studies) > 1 else [say_model(s.model) for s in studies]
    found = [
        name
        for name, s in zip(names, studies, strict=True)
        if may_be_guessing(s.find(s.baseline).acc1_ci95, len(s.classnames))
    ]
    return say_guessing(found, len(studies))


def _templates_finding(studies: Sequence[PromptStudyResult]) -> Sentence:
    if not studies:
        return Sentence("No result yet", "no_result")
    if len(studies) > 1:
        return _span_of_each(studies)
    study = studies[0]
    best, base = study.best, study.find(study.baseline)
    if len(study.templates) == 1:
        said = f"{say_model(study.model)} classifies {percent(base.acc1)} correctly with this template"
        return Sentence(said, "one_template")
    if best.name == study.baseline or best.difference is None:
        said = f"No template does better than “{say_template(study.baseline)}” ({percent(base.acc1)})"
        return Sentence(said, "baseline_best")
    both = f"Best of {len(study.templates)}, “{say_template(best.name)}”, against “{say_template(study.baseline)}”"
    said = outcome(best.difference, "the best", "the baseline")
    return Sentence(f"{both}: {lower_first(said)} {UNADJUSTED}", said.code)


@told_apart
def best_of_each(studies: Sequence[PromptStudyResult]) -> Sentence:
    """For each of several studies the best template's paired difference to the baseline; a tie is called a tie. Of more
    than three only how many gain, and the one that gains most (code `best_of_many`)."""
    if len(studies) > MOST_NAMED:
        return _best_of_many(studies)
    parts = []
    for name, study in zip(_told_apart(studies), studies, strict=True):
        gap = study.best.difference
        if gap is None:
            parts.append(f"no gain for {name}")
            continue
        tie = "" if gap.excludes_zero else ", no clear difference"
        parts.append(f"{points(gap.difference, signed=True)} for {name} ({points_between(gap.ci95)}{tie})")
    said = f"The best template against “{say_template(studies[0].baseline)}”: " + ", ".join(parts) + "."
    return Sentence(f"{said} {UNADJUSTED}", "best_of_each")


def _best_of_many(studies: Sequence[PromptStudyResult]) -> Sentence:
    against = f"The best template against “{say_template(studies[0].baseline)}”"
    gaps = [(name, s.best.difference) for name, s in zip(_told_apart(studies), studies, strict=True)]
    found = [(name, gap) for name, gap in gaps if gap is not None]
    clear = [(name, gap) for name, gap in found if gap.excludes_zero]
    counts = (
        f"ahead for {len(clear)} of {len(studies)}, no clear difference for {len(found) - len(clear)}, no gain for "
    )
    counts += f"{len(studies) - len(found)}"
    if not found:
        return Sentence(f"{against}: {counts}.", "best_of_many")
    name, most = max(found, key=lambda each: each[1].difference)
    said = f"{points(most.difference, signed=True)} for {name} ({points_between(most.ci95)})"
    return Sentence(f"{against}: {counts}; at most {said}. {UNADJUSTED}", "best_of_many")


def _told_apart(studies: Sequence[PromptStudyResult]) -> Sequence[str]:
    """A study's name among others: its model, and its class names where a model stands there twice."""
    if len({s.model for s in studies}) == len(studies):
        return short_names([s.model for s in studies])
    return [f"{say_model(s.model)}, {s.classnames_kind} names" for s in studies]


def _span_of_each(studies: Sequence[PromptStudyResult]) -> Sentence:
    spans = dict[str, float]()
    for name, study in zip(_told_apart(studies), studies, strict=True):
        accuracies = [t.acc1 for t in study.templates]
        spans[name] = max(accuracies) - min(accuracies)
    said = "From the worst template to the best: "
    if len(spans) <= MOST_NAMED:
        return Sentence(said + ", ".join(f"{points(span)} for {name}" for name, span in spans.items()), "spans")
    most = max(spans, key=lambda name: spans[name])
    among = "models" if len({s.model for s in studies}) == len(studies) else "models and sets of class names"
    said += f"{in_points(min(spans.values()))} to {points(spans[most])} across {len(spans)} {among}, most for {most}"
    return Sentence(said, "spans")


def names_findings(studies: Sequence[PromptStudyResult]) -> list[Sentence]:
    """For each model with several sets of class names: the first against each other one, with the baseline; codes of
    `outcome`."""
    said = []
    for model in dict.fromkeys(s.model for s in studies):
        first, *others = (s for s in studies if s.model == model)
        for other in others:
            gap = difference(first.find(first.baseline), other.find(other.baseline))
            a, b = (f"{s.classnames_kind} names" for s in (first, other))
            found = outcome(gap, f"the set of {a}", f"the set of {b}")
            against = f"{a} against {b} with “{say_template(first.baseline)}”"
            said.append(Sentence(f"{say_model(model)}, {against}: {lower_first(found)}", found.code))
    return said


def deck_distances(studies: Sequence[PromptStudyResult]) -> str:
    """How far the deck's figures lie from ours on average, in one sentence; "" where it has none."""
    parts = []
    for of in studies:
        if gaps := [abs(t.acc1 - t.deck.value) for t in of.templates if t.deck]:
            where = f"{say_model(of.model)} with {of.classnames_kind} names"
            parts.append(f"{points(float(np.mean(gaps)))} from {where}")
    return f"On {say_dataset(studies[0].dataset)} they lie on average {listed(parts, MOST_NAMED)}." if parts else ""


def classes_moved(changes: Sequence[tuple[str, float]]) -> Sentence:
    """How many classes a template helps and hurts; `changes` are (class, change of its recall), the largest first."""
    up, down = sum(change > 0 for _, change in changes), sum(change < 0 for _, change in changes)
    if not up and not down:
        return Sentence("No class changes in recall", "no_change")
    name, change = changes[0]
    moved = f"Recall rises for {count(up, 'class', 'classes')} and falls for {down}"
    return Sentence(f"{moved}; largest change: “{name}”, {points(change, signed=True)}", "classes_move")


# --- the search for prompts -------------------------------------------------------------------------------


def search_finding(result: PromptSearchResult) -> Sentence:
    """What the search is worth, by the held-out part alone: `same_everywhere`, `within_noise`, `above` or `below`."""
    gap, heldout = result.chosen.difference, interval_text(result.chosen.heldout_acc1_ci95)
    score = f"{percent(result.chosen.heldout_acc1)} on held-out images ({heldout})"
    if gap.outcome == "same_everywhere":
        return Sentence(f"{score}: the same as the baseline on every image.", gap.outcome)
    if gap.outcome == "tie":
        said = f"{score}: {NO_CLEAR_DIFFERENCE} from the baseline's {percent(result.baseline.heldout_acc1)}."
        return Sentence(said, "within_noise")
    way = "above" if gap.outcome == "first_ahead" else "below"
    return Sentence(f"{score}: {points(gap.difference)} {way} the baseline, p = {gap.p_value:.2g}.", way)


def ended_because(result: PromptSearchResult) -> str:
    """On what a search picked, how far it got, and why it ended."""
    return (
        f"Chosen on {result.n_search:,} search images; {result.evaluations:,} ensembles tried; stopped because "
        f"{result.stopped}."
    )
