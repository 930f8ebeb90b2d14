"""Is a figure like those of checkpoints that are as good elsewhere?"""

from __future__ import annotations

from core.catalog.field import Checkpoint, FieldSet, accuracy, checkpoints
from core.stats.numbers import percent
from core.studies.audit.case import Case
from core.studies.audit.finding import CheckResult, ok, unknown, warning
from core.studies.field.choosing import columns
from core.studies.field.expected import CONFIDENCE, Expected, alarms, expected_of

AGREES = 0.02
"""A figure within two points of the model's own published one is no surprise, wherever other models are."""


def in_the_field(case: Case) -> bool:
    """Whether the field has figures of this data set and of this model."""
    return case.known.checkpoint is not None and case.known.field_set is not None


def like_the_field(case: Case) -> CheckResult:
    """What do checkpoints that are as good on the other data sets of the field get here?

    The line and its band are those of `core.studies.field.expected`. A figure outside is a warning, not a fault: so are
    as many published figures as the band promises, and the evidence says how many.
    """
    checkpoint, here = case.known.checkpoint, case.known.field_set
    value = None if here is None else case.scores.get(here.metric, case.acc1 if here.metric == "acc1" else None)
    if checkpoint is None or here is None or value is None:
        return unknown("The field has no figure of this kind for this model and data set.")
    found = expected_of(checkpoint, here)
    place = found.place(value, case.n or here.n)
    said = f"{_band(found)}; {percent(value)} is {'one of these' if place == 'inside' else f'{place} that'}"
    if place == "inside":
        return ok(f"{said}.")
    own = _published(checkpoint, here)
    if abs(own - value) <= AGREES:
        return ok(f"{said}, and so is the published {percent(own)} of this model.")
    rate = alarms()
    return warning(
        f"{said}. Of {rate.cells:,} published figures, {percent(rate.rate)} are outside theirs.",
        "Look for the cause in the other checks; a model that is this far off on one data set alone is rare.",
    )


def _band(found: Expected) -> str:
    where = f"{len(found.elsewhere)} other data sets"
    return (
        f"{percent(CONFIDENCE, 0)} of checkpoints as good on {where} get {percent(found.low)} to {percent(found.high)} "
        f"on {found.here.title}"
    )


def _published(checkpoint: Checkpoint, here: FieldSet) -> float:
    return float(accuracy()[checkpoints().index(checkpoint), columns((here,))[0]])
