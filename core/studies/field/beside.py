"""Figures that someone brings, laid beside the field: what is published of the same model, and what to expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.catalog.benchmark_names import open_clip_name, published_set
from core.catalog.field import FieldSet, every_set, find_checkpoint
from core.errors import TMVError
from core.readers.external import OTHER_LANGUAGE, Predictions
from core.studies.field.expected import Expected, expected_for
from core.studies.field.own import published_figure

Place = Literal["below", "inside", "above"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A brought figure 0-1 of `model` on a data set of the field; `published` of the same model there, what checkpoints
    as good elsewhere get (`expected`), and where it is of that (`place`). `why` says what could not be said."""

    source: str
    model: str
    field_set: FieldSet
    value: float
    n: int
    published: float | None
    expected: Expected | None
    place: Place | None
    why: str = ""

    @property
    def difference(self) -> float | None:
        """The brought figure minus the published one."""
        return None if self.published is None else self.value - self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtFigures:
    """All figures of a file that the field knows, and why others are `left` out."""

    rows: tuple[Beside, ...]
    left: tuple[str, ...]


def laid_beside(brought: Sequence[Predictions]) -> BroughtFigures:
    """The figures of these documents beside the field. A model that the field does not have is held against its own
    figures on the other data sets of the file."""
    found, left = list[tuple[Predictions, str, FieldSet, float]](), list[str]()
    for each in brought:
        model = _model(each)
        placed = [(here, value) for metric, value in each.figures.items() if (here := _set(each.dataset, metric))]
        found += [(each, model, here, value) for here, value in placed]
        if not placed:
            left.append(f"{each.source}: {_why(each)}")
    known: dict[str, dict[str, float]] = {}
    for _, model, here, value in found:
        known.setdefault(model, {})[here.name] = value
    return BroughtFigures(
        rows=tuple(_beside(each, model, here, value, known[model]) for each, model, here, value in found),
        left=tuple(left),
    )


def _model(brought: Predictions) -> str:
    return "/".join(filter(None, open_clip_name(brought.model, brought.pretrained)))


def _set(dataset: str, metric: str) -> FieldSet | None:
    """The column of the field that a metric on a data set is a figure of."""
    plain = dataset.strip().lower()
    meant = published_set(dataset)
    names = {plain, meant.published_name if meant is not None else plain}
    wanted = {*names, *(f"{name}/{metric}" for name in names)}
    found = (each for each in every_set() if {each.name.lower(), each.short.lower()} & wanted)
    return next((each for each in found if each.metric == metric), None)


def _why(brought: Predictions) -> str:
    if not brought.figures:
        return "it has answers for images, not figures."
    meant = published_set(brought.dataset)
    if meant is None:
        return f"the field has no data set called “{brought.dataset or 'nothing'}”."
    metrics = ", ".join(brought.figures)
    return f"the field publishes {meant.metric.replace('_', ' ')} of {meant.title}, and here is {metrics}."


def _beside(brought: Predictions, model: str, here: FieldSet, value: float, known: Mapping[str, float]) -> Beside:
    checkpoint = None if any(n.code == OTHER_LANGUAGE for n in brought.notes) else find_checkpoint(model)
    n = brought.n or here.n
    expected, place, why = None, None, ""
    if not 0 <= value <= 1:
        why = f"A share lies between 0 and 1, and this is {value:g}."
    else:
        try:
            expected = expected_for(model if checkpoint is not None else "", here, known)
            place = expected.place(value, n)
        except TMVError as error:
            why = str(error)
    return Beside(
        source=brought.source,
        model=model,
        field_set=here,
        value=value,
        n=n,
        published=None if checkpoint is None else published_figure(model, here),
        expected=expected,
        place=place,
        why=why,
    )
