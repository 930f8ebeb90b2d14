"""What zero-shot accuracy says: who is ahead and whether that is real, where a model collapses, whether it is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.stats.intervals import PairedDifference, may_be_guessing
from core.stats.metrics import Calibration
from core.stats.numbers import SPACE, count, few_of, full_stop, percent, points, points_between, upper_first
from core.studies.answered import compare, same_pictures
from core.studies.few_shot.draw import FewShotDraw
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import Interval, ScoreRule, Sentence
from core.words.datasets import measured
from core.words.names import MOST_NAMED, say_dataset, say_model, short_names, told_apart

COLLAPSE_SHARE = 0.4
SAME = "are right and wrong on the same images"
NO_CLEAR_DIFFERENCE = "no clear difference"
UNADJUSTED = "unadjusted"
"""Beside several comparisons at once whose intervals are those of a single one."""
Scored = ZeroShotResult | ProbeResult | FewShotDraw


def protocol_line(result: ZeroShotResult) -> str:
    """ "300 of 13,500 images · 1 template · curated names": what a number rests on, in one line."""
    kind = result.classnames_kind
    names = f"{kind} names" if kind in ("curated", "raw") else f"names from {kind}"
    rule = ["probabilities: softmax over the classes"] if result.provenance.score_rule else []
    return " · ".join([measured(result), count(len(result.templates), "template"), names, *rule])


def rule_line(rule: ScoreRule | None) -> str:
    """ "sigmoid for each pair of image and text (scale 117.3, bias −12.9)": how a model was trained to score, "" where
    it is CLIP's softmax."""
    return f"sigmoid for each pair of image and text ({_scale_and_bias(rule)})" if rule and rule.each_alone else ""


def own_rule_line(rule: ScoreRule) -> str:
    """What a probability is that judges a label by itself, as the end of a sentence."""
    return (
        f"sigmoid of cosine × scale + bias ({_scale_and_bias(rule)}), the model’s own rule, which judges each label by "
        "itself"
    )


def _scale_and_bias(rule: ScoreRule) -> str:
    return f"scale {rule.scale:.4g}, bias {rule.bias:.4g}".replace("-", "−")


# --- two things -------------------------------------------------------------------------------------------


def outcome(difference: PairedDifference, a: str, b: str) -> Sentence:
    """The outcome of a minus b: "LAION-2B is ahead by 10.1 points (95 % interval +8.3 to +11.9)."

    Where McNemar's test and the interval disagree about 5 %, the sentence says so. The code is `difference.outcome`.
    """
    code = difference.outcome
    if code == "same_everywhere":
        return Sentence(f"No difference: {a} and {b} {SAME}.", code)
    if code == "tie":
        return Sentence(f"{upper_first(NO_CLEAR_DIFFERENCE)}{_of_the_leader(difference)}.", code)
    leader = a if code == "first_ahead" else b
    return Sentence(f"{leader} is ahead by {points(difference.difference)}{excludes_zero(difference)}", code)


def why_tied(difference: PairedDifference, a: str, b: str) -> str:
    """That two sides do not clearly differ, as the rest of a sentence that begins with what was compared."""
    if difference.outcome == "same_everywhere":
        return f"no difference: {a} and {b} {SAME}."
    return f"{NO_CLEAR_DIFFERENCE}{_of_the_leader(difference)}."


def excludes_zero(difference: PairedDifference) -> str:
    """The end of a sentence about a real difference."""
    edge = f" Borderline: p = {difference.p_value:.2f}." if difference.p_value > 0.05 else ""
    return f"{_of_the_leader(difference)}.{edge}"


def _of_the_leader(difference: PairedDifference) -> str:
    """`interval_of` by how much the better of two is ahead, however the two stand."""
    return interval_of(difference, of=1 if difference.difference >= 0 else -1)


def interval_of(difference: PairedDifference, of: int = 1) -> str:
    """ " (95 % interval −0.1 to +1.3 points)"; with `of` -1 the second minus the first."""
    low, high = difference.ci95 if of > 0 else (-difference.ci95[1], -difference.ci95[0])
    return f" (95 % interval {points_between((low, high))} points)"


# --- many -------------------------------------------------------------------------------------------------


@told_apart
def accuracy_finding(results: Sequence[ZeroShotResult]) -> Sentence:
    """What the accuracies of models and data sets say, and which of them are no better than guessing."""
    return with_chance(_finding(results), at_chance(results))


def at_chance(results: Sequence[Scored], names: Sequence[str] = ()) -> str:
    """Which models do no better than guessing, where their intervals say so; "" where none does. `names` says what each
    result is called, where its model and data set do not tell them apart."""
    said = names or [f"{say_model(r.model)} on {say_dataset(r.dataset)}" for r in results]
    found = [name for r, name in zip(results, said, strict=True) if may_be_guessing(_interval(r), len(r.classnames))]
    one_model = len({r.model for r in results}) == 1
    return say_guessing(found, len(results), "results" if one_model else "models")


def say_guessing(found: Sequence[str], of: int, all_of: str = "models") -> str:
    """That these, of so many, are at chance; "" where none is."""
    if not found:
        return ""
    if len(found) == of > 1:
        return f"{'Both' if of == 2 else 'All'} {all_of} are at chance here."
    return f"At chance: {few_of(found, MOST_NAMED)}."


def with_chance(sentence: Sentence, chance: str) -> Sentence:
    """A finding, followed by who is at chance."""
    return Sentence(f"{full_stop(sentence)} {chance}", sentence.code) if chance else sentence


def _interval(result: Scored) -> Interval:
    return result.test_acc1_ci95 if isinstance(result, ProbeResult) else result.acc1_ci95


def _finding(results: Sequence[ZeroShotResult]) -> Sentence:
    models = list(dict.fromkeys(r.model for r in results))
    by_dataset: dict[tuple[str, str], list[ZeroShotResult]] = {}
    for result in results:
        by_dataset.setdefault((result.dataset, result.split), []).append(result)
    if not results:
        return Sentence("No result yet", "no_result")
    if len(models) == 1:
        return _one_model(results)
    contests = [group for group in by_dataset.values() if len(group) > 1]
    if not contests:
        return Sentence("How well does each model classify images?", "no_contest")
    if len(contests) == 1 and len(contests[0]) == 2:
        first, second = contests[0]
        a, b = short_names([first.model, second.model])
        found = compare(first, second)
        said = outcome(found, a, b)
        rest = why_tied(found, a, b) if said.code in ("tie", "same_everywhere") else said
        return Sentence(f"On {say_dataset(first.dataset)}: {rest}", said.code)
    return _leaders(contests, models)


def _one_model(results: Sequence[ZeroShotResult]) -> Sentence:
    name, best = say_model(results[0].model), max(results, key=lambda r: r.acc1)
    if len(results) == 1:
        return Sentence(
            f"{name} classifies {percent(best.acc1)} of {say_dataset(best.dataset)} correctly", "one_result"
        )
    worst = min(results, key=lambda r: r.acc1)
    return Sentence(
        f"{name} does best on {say_dataset(best.dataset)} ({percent(best.acc1)}) and worst on "
        f"{say_dataset(worst.dataset)} ({percent(worst.acc1)})",
        "best_and_worst",
    )


def _leaders(contests: Sequence[Sequence[ZeroShotResult]], models: Sequence[str]) -> Sentence:
    names = dict(zip(models, short_names(models), strict=True))
    clear: dict[str, int] = {}
    for group in contests:
        first, second = sorted(group, key=lambda r: -r.acc1)[:2]
        if same_pictures(first, second) and compare(first, second).excludes_zero:
            clear[first.model] = clear.get(first.model, 0) + 1
    ties, sets = len(contests) - sum(clear.values()), count(len(contests), "data set")
    if len(contests) == 1:
        return _one_contest(contests[0], names, bool(clear))
    if not clear:
        said = f"No clear leader on {sets}: the two best models do not clearly differ"
        return Sentence(f"{said} ({UNADJUSTED})", "all_tied")
    if len(clear) == 1 and not ties:
        every = "both data sets" if len(contests) == 2 else f"all {len(contests)} data sets"
        return Sentence(f"{names[next(iter(clear))]} leads on {every} ({UNADJUSTED})", "leads_everywhere")
    (most, k), *others = sorted(clear.items(), key=lambda item: -item[1])
    parts = [
        f"{names[most]} leads on {k} of {sets}",
        *(f"{names[m]} leads on {k}" for m, k in others[: MOST_NAMED - 1]),
    ]
    if rest := others[MOST_NAMED - 1 :]:
        parts.append(f"{count(len(rest), 'other model')} on {sum(k for _, k in rest)}")
    parts += [f"no clear leader on {ties}"] if ties else []
    return Sentence(f"{', '.join(parts)} ({UNADJUSTED})", "leads_on_some")


def _one_contest(group: Sequence[ZeroShotResult], names: Mapping[str, str], clear: bool) -> Sentence:
    first, second = sorted(group, key=lambda r: -r.acc1)[:2]
    a, b, where = names[first.model], names[second.model], say_dataset(first.dataset)
    if not clear:
        two = f"the two best models, {a} and {b}," if len(group) > 2 else f"{a} and {b}"
        said = f"No clear leader on {where}: {two} do not clearly differ"
        return Sentence(f"{said}{beside_others(len(group) - 1)}", "all_tied")
    ahead = f"{points(first.acc1 - second.acc1)} ahead of {b}{beside_others(len(group) - 1)}"
    return Sentence(f"{a} leads on {where}, {ahead}", "leads_everywhere")


def beside_others(comparisons: int) -> str:
    """ " (unadjusted)" where a sentence rests on several comparisons; a single one has nothing to be adjusted for."""
    return f" ({UNADJUSTED})" if comparisons > 1 else ""


# --- one result -------------------------------------------------------------------------------------------


def calibration_finding(calibration: Calibration, name: str) -> Sentence:
    """Whether a model is over- or underconfident, in one sentence."""
    if abs(calibration.gap) < 0.02 and calibration.ece < 0.05:
        said = f"{name}'s probabilities are well calibrated (ECE {percent(calibration.ece)})"
        return Sentence(said, "calibrated")
    which, code = ("overconfident", "too_sure") if calibration.gap > 0 else ("underconfident", "not_sure_enough")
    said = f"{name} is {which} by {points(calibration.gap)} on average (ECE {percent(calibration.ece)})"
    return Sentence(said, code)


def collapse_finding(result: ZeroShotResult) -> Sentence:
    """What a model answers most often, and an alarm (code `collapsed`) where one class takes far more than its
    share."""
    answers = np.bincount(result.predicted, minlength=len(result.classnames))
    top = int(answers.argmax())
    given, true = answers[top] / result.n, result.confusion[top].sum() / result.n
    name = result.classnames[top]
    if given > COLLAPSE_SHARE and given > 2 * true:
        mostly = f"Collapsed: {percent(given, 0)} of all predictions are “{name}”"
        said = f"{mostly}, the class of {percent(true, 0)} of the images"
        return Sentence(said, "collapsed")
    said = (
        f"Most frequent prediction: “{name}”, {percent(given)} of all; {percent(true)} of the images are of that class"
    )
    return Sentence(said, "most_frequent")


def mistake_finding(cells: pd.DataFrame) -> Sentence:
    """The most frequent mistake in a `confusion_frame` (`frequent_mistake`), or that there is none (`no_mistake`)."""
    wrong = cells[cells["true"] != cells["predicted"]]
    if wrong.empty:
        return Sentence("No image is misclassified", "no_mistake")
    worst = wrong.sort_values(["count", "share"], ascending=False, kind="stable").iloc[0]
    times = count(int(worst["count"]), "time").replace(" ", SPACE)
    said = f"Most frequent error: {worst['true_name']} classified as {worst['predicted_name']}, {times}"
    return Sentence(said, "frequent_mistake")
