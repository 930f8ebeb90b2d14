"""What the field says: who is best and at what cost, how data sets hang together, and whether a figure is like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.catalog.field import FieldSet, groups, recall_sets
from core.stats.intervals import Float64Array
from core.stats.numbers import count, few_of, interval_text, listed, percent, points, upper_first, verb
from core.stats.rank_correlation import rank_correlations
from core.studies.field.beside import BroughtFigures
from core.studies.field.choosing import FieldFilter
from core.studies.field.expected import CONFIDENCE, Alarms, Expected
from core.studies.field.ranking import Best
from core.studies.field.relations import SetAgainstSet, SetCorrelations
from core.studies.field.robustness import Robustness
from core.types import Sentence
from core.words.names import MOST_NAMED, say_model, shown_together

NEAR = 0.9
"""A rank correlation from here on: the two sets order checkpoints nearly alike."""
COST_SAID = {"parameters": "parameters", "gflops": "GFLOPs", "samples": "samples seen in training"}


def sets_said(sets: tuple[FieldSet, ...]) -> str:
    """ "EuroSAT", "the 3 satellite data sets", "all 38 data sets"."""
    if len(sets) == 1:
        return sets[0].title
    if sets == recall_sets():
        return f"the {len(sets)} retrieval recalls"
    group = next((name for name, members in groups().items() if members == sets), "")
    if group:
        return f"the {len(sets)} {group} data sets"
    return f"all {len(sets)} data sets" if len(sets) == sum(map(len, groups().values())) else f"{len(sets)} data sets"


def filter_said(chosen: FieldFilter, n: int) -> str:
    """ "59 checkpoints with at most 200 million parameters"."""
    limits = [
        *([f"at most {chosen.parameters:g} million parameters"] if chosen.parameters is not None else []),
        *([f"at most {chosen.gflops:g} GFLOPs"] if chosen.gflops is not None else []),
        *(["a license that allows commercial use"] if chosen.commercial else []),
        *([f"“{chosen.words}” in their name"] if chosen.words else []),
        *([f"training data of {few_of(chosen.data)}"] if chosen.data else []),
        *([f"the family {few_of(chosen.families)}"] if chosen.families else []),
    ]
    return f"{count(n, 'checkpoint')} with {' and '.join(limits)}" if limits else count(n, "published checkpoint")


def best_said(found: Best, sets: tuple[FieldSet, ...], chosen: FieldFilter) -> Sentence:
    """The best of a filter with its runner-up. Codes: `field_best`, `field_tie`, `field_only`."""
    mean = " on average" if len(sets) > 1 else ""
    names = [each.name for each in (found.best, found.runner_up) if each is not None]
    with shown_together(models=names):
        best, *rest = map(say_model, names)
    value = f"{percent(found.value)} (95 % {interval_text(found.ci95)})"
    of = filter_said(chosen, found.compared)
    if not rest or found.runner_up_value is None:
        return Sentence(f"Only {best} fits: {value}{mean} on {sets_said(sets)}.", "field_only")
    said = f"Of {of}, {best} is best on {sets_said(sets)}: {value}{mean}; next is {rest[0]} with"
    said = f"{said} {percent(found.runner_up_value)}"
    if found.tied:
        return Sentence(f"{said}. Their intervals overlap, so this lead is a tie{_also(len(found.tied))}.", "field_tie")
    return Sentence(f"{said}, and the lead is clear of chance.", "field_best")


def _also(tied: int) -> str:
    return f" of {tied + 1} checkpoints" if tied > 1 else ""


def cost_said(
    cost: str, costs: Float64Array, values: Float64Array, on_front: int, sets: tuple[FieldSet, ...]
) -> Sentence:
    """What a cost buys: its rank correlation with the figures, and how many nobody beats at their cost. Code:
    `field_cost`; `nothing` for fewer than three checkpoints of known cost."""
    known = np.isfinite(costs)
    if known.sum() < 3:
        return Sentence(f"Too few checkpoints here have recorded {COST_SAID[cost]} to compare.", "nothing")
    rho = float(rank_correlations(np.column_stack([costs[known], values[known]]))[0, 1])
    strength = "much" if abs(rho) > 0.7 else "something" if abs(rho) > 0.3 else "little"
    unknown = int((~known).sum())
    lost = f" {count(unknown, 'checkpoint')} of unknown cost left out." if unknown else ""
    front = count(on_front, "of them is", "of them are")
    return Sentence(
        f"{upper_first(COST_SAID[cost])} say {strength} about accuracy on {sets_said(sets)}: rank correlation "
        f"{rho:.2f} over {count(int(known.sum()), 'checkpoint')}; {front} beaten by none that costs as much or "
        f"less.{lost}",
        "field_cost",
    )


def against_said(found: SetAgainstSet) -> Sentence:
    """How closely one set follows another. Code: `field_line`."""
    out = count(int((found.outside != 0).sum()), "is", "are")
    farthest = int(np.argmax(np.abs(found.above)))
    with shown_together(models=[found.checkpoints[farthest].name]):
        far = say_model(found.checkpoints[farthest].name)
    off, side = found.above[farthest], "above" if found.above[farthest] > 0 else "below"
    return Sentence(
        f"{found.x.title} predicts accuracy on {found.y.title} with R² {found.line.r2:.2f} (a line on logit axes over "
        f"{count(len(found.rows), 'checkpoint')}); {out} outside the 95 % band. Farthest from the line is {far}, "
        f"{points(abs(off))} {side}.",
        "field_line",
    )


def correlations_said(found: SetCorrelations) -> Sentence:
    """Which sets say the same, and which says what no other does. Code: `field_correlations`."""
    values = found.values.copy()
    np.fill_diagonal(values, -np.inf)
    i, k = np.unravel_index(int(np.argmax(values)), values.shape)
    most = [found.nearest(at)[1] for at in range(len(found.sets))]
    alone = int(np.argmin(most))
    alike = sum(value >= NEAR for value in most)
    return Sentence(
        f"{found.sets[int(i)].title} and {found.sets[int(k)].title} order {found.n} checkpoints most alike (rank "
        f"correlation {values[i, k]:.3f}); {alike} of {len(found.sets)} data sets {verb(alike, 'has', 'have')} "
        f"another one that says nearly the same ({NEAR:g} or more), and {found.sets[alone].title} is least like any "
        f"other ({most[alone]:z.2f}).",
        "field_correlations",
    )


def robustness_said(found: Robustness) -> Sentence:
    """Who keeps most of its accuracy on shifted images. Codes: `field_robust`; `field_robust_tie` where the next one's
    interval overlaps."""
    order = np.argsort(-found.mean, kind="stable")
    first, last = int(order[0]), int(order[-1])
    with shown_together(models=[found.checkpoints[first].name, found.checkpoints[last].name]):
        best, worst = say_model(found.checkpoints[first].name), say_model(found.checkpoints[last].name)
    names = listed([each.title for each in found.shifts])
    mean, half = float(found.mean[first]), float(found.mean_half[first])
    side = "above" if mean >= 0 else "below"
    low, high = sorted((100 * (abs(mean) - half), 100 * (abs(mean) + half)))
    said = (
        f"{best} is most robust: on {names} it is on average {points(abs(mean))} (95 % {low:.1f} to {high:.1f}) {side} "
        f"what its accuracy on {found.base.title} predicts"
    )
    if len(order) == 1:
        return Sentence(f"{said}.", "field_robust")
    least = float(found.mean[last])
    where = f"{points(abs(least))} {'above' if least >= 0 else 'below'}"
    ends = found.mean[order] + found.mean_half[order]
    tied = int((ends[1:] >= mean - half).sum())
    tie = f" {upper_first(count(tied, 'other checkpoint'))} cannot be told apart from it." if tied else ""
    code = "field_robust_tie" if tied else "field_robust"
    return Sentence(f"{said}; {worst} is least so, {where}.{tie}", code)


def card_said(above: int, below: int, of: int, rank: int, ranked: int) -> Sentence:
    """Where a checkpoint is, and on how many sets its figures are unlike those of checkpoints as good elsewhere. Code:
    `field_card`."""
    first = f"Rank {rank} of {ranked} by its mean accuracy."
    if above or below:
        sides = " and ".join([*([f"{above} above"] if above else []), *([f"{below} below"] if below else [])])
        said = f"{first} Of its {of} published figures, {sides} what checkpoints as good on the other data sets get."
        return Sentence(said, "field_card")
    said = f"{first} All its {of} published figures are among those of checkpoints as good on the other data sets."
    return Sentence(said, "field_card")


def beside_said(found: BroughtFigures) -> Sentence:
    """How brought figures compare with the field. Codes: `beside_the_field`, `unlike_the_field` where at least one is
    outside what to expect; `nothing` where the field knows none."""
    if not found.rows:
        return Sentence("The field has none of these models' figures on these data sets.", "nothing")
    models = len({row.model for row in found.rows})
    of = f"{count(len(found.rows), 'figure')} of {count(models, 'model')}"
    out = [row for row in found.rows if row.place in ("below", "above")]
    unlike = count(len(out), "is", "are")
    said = f"Of {of}, {unlike} unlike what checkpoints as good on other data sets get"
    apart = [row for row in found.rows if row.difference is not None]
    if not apart:
        return Sentence(f"{said}; none of them is published.", "unlike_the_field" if out else "beside_the_field")
    far = max(apart, key=lambda row: abs(row.difference or 0.0))
    gap = far.difference or 0.0
    side = "above" if gap > 0 else "below"
    with shown_together(models=[far.model]):
        name = say_model(far.model)
    rest = (
        f"{count(len(apart), 'has', 'have')} a published figure, the farthest from it is {name} on "
        f"{far.field_set.title}, {points(abs(gap))} {side}"
        if round(abs(gap), 3)
        else f"{count(len(apart), 'has', 'have')} a published figure, all within 0.1 points of it"
    )
    return Sentence(f"{said}; {rest}.", "unlike_the_field" if out else "beside_the_field")


def own_said(places: Sequence[str]) -> Sentence:
    """How many figures measured here are as expected: `places` are "as expected", "below" or "above". Codes:
    `own_like_the_field`, `own_unlike_the_field`, `nothing` where nothing is expected."""
    if not places:
        return Sentence("What to expect can be said once a model has figures on two data sets of the field.", "nothing")
    out = sum(place in ("below", "above") for place in places)
    alike, of = len(places) - out, count(len(places), "figure")
    said = f"{alike} of {of} measured here {verb(alike)} as expected of checkpoints as good on other data sets."
    return Sentence(said, "own_unlike_the_field" if out else "own_like_the_field")


def where_said(cells: Sequence[tuple[str, str, str, str]], whose: str) -> Sentence:
    """How many figures are outside what to expect, and which: cells (model, data set, place, verdict). Codes:
    `all_like_the_field`, `some_unlike_the_field`."""
    out = [(model, dataset, place) for model, dataset, place, _ in cells if place != "inside"]
    raised = sum(verdict in ("warning", "fault") for *_, verdict in cells)
    first = f"Of {count(len(cells), 'zero-shot figure')} of {whose}, {count(len(out), 'is', 'are')} outside what"
    checks = f"the checks raise something about {raised}"
    if not out:
        return Sentence(f"{first} checkpoints as good on other data sets get; {checks}.", "all_like_the_field")
    named = few_of([f"{model} on {dataset} ({place})" for model, dataset, place in out], MOST_NAMED)
    said = f"{first} checkpoints as good on other data sets get: {named}; {checks}."
    return Sentence(said, "some_unlike_the_field")


def expected_said(found: Expected, value: float, n: int, rate: Alarms) -> Sentence:
    """Whether a figure is like the field. Codes: `like_the_field`, `below_the_field`, `above_the_field`."""
    place = found.place(value, n)
    level = f"Checkpoints as good on {_elsewhere(found)} get {percent(found.value)} on {found.here.title}"
    band = f"{percent(CONFIDENCE, 0)} of them between {percent(found.low)} and {percent(found.high)}"
    promise = f"{percent(rate.rate)} of {rate.cells:,} published figures lie outside theirs"
    if place == "inside":
        return Sentence(f"{level}, {band}: {percent(value)} is one of these.", "like_the_field")
    return Sentence(f"{level}, {band}: {percent(value)} is {place} that ({promise}).", f"{place}_the_field")


def _elsewhere(found: Expected) -> str:
    if len(found.elsewhere) <= MOST_NAMED:
        return few_of([each.title for each in found.elsewhere], MOST_NAMED)
    return f"{len(found.elsewhere)} other data sets"
