"""What few-shot studies say: what a labelled picture is worth, and how much of that hangs on the draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.stats.intervals import may_be_guessing, wilson
from core.stats.numbers import (
    count,
    in_points,
    interval_text,
    listed,
    percent,
    points,
    points_between,
    setting,
    upper_first,
)
from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.gain import best_point, doubt, first_clear, over_zero_shot
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun
from core.types import Sentence
from core.words.accuracy import UNADJUSTED, say_guessing, with_chance
from core.words.datasets import measured
from core.words.names import DRAWN, FEW_SHOT_METHODS, PROBE, drawn_name, say_model, told_apart


def say_settings(settings: Sequence[Mapping[str, Any]]) -> str:
    """ "alpha 1.2–2.3, beta 5.5": the range of each setting over the draws."""
    names = [n for n in dict.fromkeys(n for s in settings for n in s) if n != "of_steps"]
    said = []
    for name in names:
        values = [float(s[name]) for s in settings if name in s]
        low, high = min(values), max(values)
        whole = f" of {settings[0]['of_steps']}" if name == "steps" else ""
        said.append(f"{name} {setting(low)}{'' if low == high else f'–{setting(high)}'}{whole}")
    return ", ".join(said)


# --- a study ----------------------------------------------------------------------------------------------


@told_apart
def few_shot_finding(results: Sequence[FewShotResult]) -> Sentence:
    """What the most shots bring over zero-shot, by which method, and how much that hangs on the draw.

    The code is that of the first study: `no_help`, `tie`, or `helps`.
    """
    if not results:
        return Sentence("No few-shot study yet", "no_result")
    said = [_one(result, len(results) > 1) for result in results]
    found = said[0] if len(said) == 1 else _many(results, [one.code for one in said])
    guessing = [say_model(result.model) for result in results if _guesses(result)]
    return with_chance(found, say_guessing(guessing, len(results)))


def _guesses(result: FewShotResult) -> bool:
    """Whether neither zero-shot nor the best method at the most pictures is above chance."""
    best = best_point(result)
    interval = wilson(round(best.acc1_mean * result.n), result.n)
    return all(may_be_guessing(ends, result.classes) for ends in (result.zero_shot.acc1_ci95, interval))


def few_shot_details(results: Sequence[FewShotResult]) -> list[Sentence]:
    """What `few_shot_finding` counts for several studies, a sentence for each."""
    return [_one(result, several=True) for result in results] if len(results) > 1 else []


def _many(results: Sequence[FewShotResult], codes: Sequence[str]) -> Sentence:
    """How many models gain, and the one that gains most."""
    gains = {result.model: best_point(result).acc1_mean - result.zero_shot.acc1 for result in results}
    most = max(gains, key=lambda model: gains[model])
    shots = max(best_point(result).shots for result in results)
    ties, none = codes.count("tie"), codes.count("no_help")
    parts = [_improve(codes.count("helps"), len(results))]
    if ties and "helps" in codes:
        parts.append(f"{count(ties, 'model')} {'does' if ties == 1 else 'do'} not clearly differ from it")
    parts += [f"{count(none, 'model')} {'does' if none == 1 else 'do'} not improve"] if none else []
    said = f"With {count(shots, 'image')} per class, {listed(parts)} ({UNADJUSTED}); the largest gain is "
    return Sentence(f"{said}{points(gains[most], signed=True)} ({say_model(most)}).", codes[0])


def _improve(helps: int, of: int) -> str:
    if not helps:
        return f"{'neither model' if of == 2 else f'none of {of} models'} clearly improves on zero-shot"
    if helps == of:
        return f"{'both' if of == 2 else f'all {of}'} models clearly improve on zero-shot"
    return f"{helps} of {of} models clearly improve{'s' if helps == 1 else ''} on zero-shot"


def _one(result: FewShotResult, several: bool) -> Sentence:
    best = best_point(result)
    gain, name = best.acc1_mean - result.zero_shot.acc1, _in_sentence(best.method)
    most = f"{say_model(result.model)}: " if several else ""
    most += f"{count(best.shots, 'image')} per class"
    if gain <= 0:
        reached = f"{name} reaches {percent(best.acc1_mean)}, zero-shot {percent(result.zero_shot.acc1)}"
        return Sentence(f"{most} do not help: {reached}.", "no_help")
    if why := _why_doubt(result, best):
        said = f"{most} and zero-shot: no clear difference. {upper_first(name)} is {points(gain)} ahead, {why}."
        return Sentence(said + _pays(result), "tie")
    said = f"{most} add {points(gain)} to zero-shot with {name}"
    return Sentence(said + _spread(best) + _pays(result), "helps")


def _in_sentence(method: str) -> str:
    return "a linear probe" if method == PROBE else FEW_SHOT_METHODS[method]


def _why_doubt(result: FewShotResult, point: FewShotPoint) -> str:
    """Why being ahead of zero-shot may be luck; "" where it is not."""
    why, over = doubt(result, point), over_zero_shot(result, point)
    if why == "draws":
        return "within the spread between draws"
    if why == "pictures" and over is not None:
        return f"and the interval over the test images includes zero ({points_between(over.ci95)} points)"
    return ""


def _spread(point: FewShotPoint) -> str:
    if len(point.acc1) < 2:
        return ", in a single draw, which says little."
    span = max(point.acc1) - min(point.acc1)
    return f"; its {len(point.acc1)} draws span {points(span)}."


def _pays(result: FewShotResult) -> str:
    """From which K on a method is clearly above zero-shot, where that is not the first."""
    first = {method: first_clear(result, method) for method in result.methods}
    never = [_in_sentence(method) for method, k in first.items() if k is None]
    late = [
        f"{_in_sentence(method)} clearly beats zero-shot from {k} on"
        for method, k in first.items()
        if k is not None and k > min(result.shots)
    ]
    if len(never) == len(first) > 1:
        return " No method clearly beats zero-shot with any number of images."
    if never:
        late.insert(0, f"{' and '.join(never)} never clearly beat{'s' if len(never) == 1 else ''} zero-shot")
    return f" {upper_first('; '.join(late))}." if late else ""


# --- one draw ---------------------------------------------------------------------------------------------


def say_draw(method: str, shots: int, seed: int | None = None) -> str:
    """ "Tip-Adapter-F, 16 a class", with the seed where that is what tells two apart; `method` is a key of `DRAWN`."""
    drawn = f"{DRAWN[method]}, {shots:,} per class"
    return drawn if seed is None else f"{drawn}, seed {seed}"


def draw_line(result: FewShotDraw) -> str:
    """ "500 images · learnt from 160 · seed 0 · alpha 1.2, beta 5.5": what a number rests on, in one line."""
    learnt = f"trained on {result.n_shots:,}, {result.shots:,} per class"
    return " · ".join([measured(result), learnt, f"seed {result.seed}", say_settings([result.settings])])


def spread_line(point: FewShotPoint) -> str:
    """ "± 3.1 points over 3 draws (75.8–83.3 %)", or that there is only one."""
    if len(point.acc1) < 2:
        return "a single draw, spread unknown"
    spread = f"± {in_points(point.acc1_std)} points over {len(point.acc1)} draws"
    return f"{spread} ({interval_text((min(point.acc1), max(point.acc1)))})"


def one_draw(result: FewShotDraw, name: str, draws: Mapping[int, FewShotRun]) -> Sentence:
    """That it is one draw and what that is worth: the spread over every draw that is kept (code `one_of_several`), or
    that none other is (`only_draw`)."""
    said = f"{name}, is a single draw (seed {result.seed}), which is weak evidence"
    if len(draws) < 2:
        return Sentence(f"{said}; no other draw is available, so the spread is unknown.", "only_draw")
    point = FewShotPoint.of(drawn_name(result.method), result.shots, tuple(draws.values()))
    return Sentence(f"{said}: the mean is {percent(point.acc1_mean)} {spread_line(point)}.", "one_of_several")


def other_draws(differences: Mapping[int, float], seeds: str) -> Sentence:
    """How far the difference, first minus second, moves from draw to draw; `seeds` says what is drawn anew. The
    interval of a paired difference is over the test pictures and knows nothing of it. Codes: `no_other_draw`,
    `changes_sides`, `one_sided`."""
    said = "The interval above covers the test images, not the choice of training images"
    if len(differences) < 2:
        return Sentence(f"{said}.", "no_other_draw")
    low, high = min(differences.values()), max(differences.values())
    ends = f"{in_points(low, signed=True)} to {points(high, signed=True)}"
    turned, code = (" and changes sign", "changes_sides") if low < 0 < high else ("", "one_sided")
    drawn = f"with {count(len(differences), 'draw')} of {seeds}, the difference ranges from {ends}{turned}"
    return Sentence(f"{said}: {drawn}.", code)
