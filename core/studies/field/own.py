"""Figures measured here that have a place in the field: zero-shot, with the metric that the field reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.catalog.field import FieldSet, checkpoints, field_sets, find_checkpoint
from core.catalog.published import other_images
from core.errors import TMVError
from core.readers.named_sets import is_that_set
from core.stats.accuracy import BY_NAME as METRICS
from core.stats.numbers import count
from core.studies.base import Lab
from core.studies.field.choosing import figures
from core.studies.leaderboard.figures import BY_NAME
from core.types import DatasetSpec, Interval, Note


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFigure:
    """A figure 0-1 of a model measured here, on the data set `dataset` that the field knows as `field_set`; `remark`
    says where its images are not those of the field."""

    model: str
    dataset: str
    split: str
    field_set: FieldSet
    value: float
    ci95: Interval
    n: int
    remark: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def published(self) -> float | None:
        """The field's figure of the same model, None where it has none."""
        return published_figure(self.model, self.field_set)


def field_set_of(dataset: DatasetSpec) -> FieldSet | None:
    """What the field calls a data set: by the name that its published figures have, which shards have by that of their
    folder; None for any other, a folder of images of the same name too."""
    known = dataset.published_name
    return next((each for each in field_sets() if known and each.short == known), None)


def first_metric(dataset: DatasetSpec, classnames: Sequence[str]) -> str:
    """The figure of a data set to look at first: the one that the field publishes of it, top-1 for any other, as for
    shards that bear its name and have other classes."""
    found = field_set_of(dataset)
    known = found is not None and found.measured in METRICS and is_that_set(dataset, classnames)
    return found.measured if found is not None and known else "acc1"


def published_figure(model: str, here: FieldSet) -> float | None:
    """What the field has of this very model on a set, None where it does not have the model."""
    checkpoint = find_checkpoint(model)
    return None if checkpoint is None else float(figures((here,))[checkpoints().index(checkpoint), 0])


def own_figures(lab: Lab, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[OwnFigure, ...], tuple[str, ...]]:
    """The figures of these pairs of model and data set, and why others that the field knows have none."""
    found, why = list[OwnFigure](), list[str]()
    for model, dataset in pairs:
        try:
            figure = _own(lab, model, dataset)
        except TMVError as error:
            why.append(f"{model}, {dataset}: {error}")
        else:
            found += [figure] if figure else []
    return tuple(found), tuple(why)


def _own(lab: Lab, model: str, dataset: str) -> OwnFigure | None:
    place = lab.place(model, dataset)
    field_set = field_set_of(place.dataset)
    if field_set is None or field_set.measured not in BY_NAME:
        return None
    score = BY_NAME[field_set.measured].of(lab, place)
    shards = place.dataset.name.startswith("wds:")
    if score is None or (shards and not is_that_set(place.dataset, lab.vectors.require(place).classnames)):
        return None
    fewer = f"on {score.n:,} of its {count(field_set.n, 'image')}" if shards and score.n != field_set.n else ""
    return OwnFigure(
        model=model,
        dataset=dataset,
        split=score.split,
        field_set=field_set,
        value=score.value,
        ci95=score.ci95,
        n=score.n,
        remark=other_images(place.dataset, "mlfoundations") or fewer,
        notes=score.notes,
    )


def known_figures(figures: Iterable[OwnFigure], model: str) -> Mapping[str, float]:
    """Name of the field's set -> what was measured of a model on it, but not on other images than the field's."""
    return {each.field_set.name: each.value for each in figures if each.model == model and not each.remark}
