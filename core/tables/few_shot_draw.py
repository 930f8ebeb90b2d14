"""One draw of a few-shot study in words, and how much what it says hangs on the draw."""

from __future__ import annotations

from collections.abc import Mapping

from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.result import FewShotPoint, FewShotRun
from core.tables.answered import DRAWN, drawn_name
from core.tables.few_shot import say_settings, spread_line
from core.tables.findings import SPACE, count, percent, points


def say_draw(method: str, shots: int, seed: int | None = None) -> str:
    """ "Tip-Adapter-F, 16 a class", with the seed where that is what tells two apart; `method` is a key of `DRAWN`."""
    drawn = f"{DRAWN[method]}, {shots:,} a class"
    return drawn if seed is None else f"{drawn}, seed {seed}"


def draw_line(result: FewShotDraw) -> str:
    """ "500 pictures · learnt from 160 · seed 0 · alpha 1.2, beta 5.5": what a number rests on, in one line."""
    learnt = f"learnt from {result.n_shots:,}, {result.shots:,} a class"
    return " · ".join([count(result.n, "picture"), learnt, f"seed {result.seed}", say_settings([result.settings])])


def one_draw(result: FewShotDraw, name: str, draws: Mapping[int, FewShotRun]) -> str:
    """That it is one draw and what that is worth: the spread over every draw that is kept."""
    said = f"{name}, is one draw (seed {result.seed}), and one draw is worth little"
    if len(draws) < 2:
        return f"{said}; no other draw of it is kept here, so its spread is not known."
    point = FewShotPoint.of(drawn_name(result.method), result.shots, tuple(draws.values()))
    return f"{said}: the mean is {percent(point.acc1_mean)} {spread_line(point)}."


def other_draws(differences: Mapping[int, float], seeds: str) -> str:
    """How far the difference, first minus second, moves from draw to draw; `seeds` says what is drawn anew. The
    interval of a paired difference is over the test pictures and knows nothing of it."""
    said = "The interval above is over the test pictures and knows nothing of other draws"
    if len(differences) < 2:
        return f"{said}."
    low, high = min(differences.values()), max(differences.values())
    ends = f"{points(low, signed=True).split(SPACE)[0]} to {points(high, signed=True)}"
    turned = " and changes sides" if low < 0 < high else ""
    return f"{said}: with {count(len(differences), 'draw')} of {seeds}, the difference goes from {ends}{turned}."


def differences_by_seed(
    first: Mapping[int, FewShotRun] | float, second: Mapping[int, FewShotRun] | float
) -> dict[int, float]:
    """First minus second for each seed that every drawn side has; a side without draws is its one accuracy."""
    drawn = [set(side) for side in (first, second) if not isinstance(side, float)]
    seeds = sorted(set.intersection(*drawn)) if drawn else []
    return {seed: _accuracy(first, seed) - _accuracy(second, seed) for seed in seeds}


def _accuracy(side: Mapping[int, FewShotRun] | float, seed: int) -> float:
    return side if isinstance(side, float) else side[seed].acc1
