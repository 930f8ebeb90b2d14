"""Where figures measured here are among those of published checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from core.charts.field import field_line_chart
from core.charts.theme import Chart
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.report.page import Section
from core.report.parts import Gathered, Part, Request
from core.stats.numbers import percent
from core.studies.field.expected import Expected, alarms, expected_for
from core.studies.field.own import OwnFigure, field_set_of, known_figures, own_figures
from core.tables.field import expected_frame, own_frame
from core.tables.forms import Column, Table
from core.words.field import expected_said, own_said
from core.words.names import say_model

COLUMNS = {
    "model_title": Column(heading="Model"),
    "dataset_title": Column(heading="Data set"),
    "n": Column(heading="Images", kind="count"),
    "value": Column(heading="Here", kind="share", low="low", high="high"),
    "published": Column(heading="Published", kind="share"),
    "expected": Column(heading="Expected", kind="share"),
    "band": Column(heading="95 % of checkpoints as good elsewhere"),
    "place": Column(heading="It is"),
    "remark": Column(heading="Differs"),
}
PLACES = {"below": "below", "inside": "as expected", "above": "above"}


def among_published(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """One section for the models and data sets that the field knows; none where it knows no figure of them."""
    known = [name for name in datasets if field_set_of(find_dataset(name)) is not None]
    found, why = own_figures(engine, [(model, dataset) for dataset in known for model in request.models])
    gathered.missing += [f"Among published checkpoints, {reason}" for reason in why]
    if not found:
        return
    likely = [_expected(each, found) for each in found]
    lines = [
        f"{say_model(each.model)}: {expected_said(one, each.value, each.n, alarms())}"
        for each, one in zip(found, likely, strict=True)
        if one is not None
    ]
    frame = _frame(found, likely)
    yield Section(
        title="Where are these figures among published ones?",
        finding=str(own_said([place for place in frame["place"] if place])),
        lines=tuple(lines),
        charts=tuple(_chart(each, one) for each, one in zip(found, likely, strict=True) if one is not None)[:1],
        tables=(Table(title="Among published checkpoints", name="field", frame=frame, columns=COLUMNS),),
    )


def _expected(figure: OwnFigure, every: Sequence[OwnFigure]) -> Expected | None:
    try:
        return expected_for(figure.model, figure.field_set, known_figures(every, figure.model))
    except TMVError:
        return None  # no figure on another set yet: the row has none either


def _frame(found: Sequence[OwnFigure], likely: Sequence[Expected | None]) -> pd.DataFrame:
    frame = own_frame(found)
    return frame.assign(
        published=pd.Series([each.published for each in found], dtype=float),
        expected=pd.Series([None if one is None else one.value for one in likely], dtype=float),
        band=["" if one is None else f"{percent(one.low)} to {percent(one.high)}" for one in likely],
        place=[
            "" if one is None else PLACES[one.place(each.value, each.n)]
            for each, one in zip(found, likely, strict=True)
        ],
    )


def _chart(figure: OwnFigure, expected: Expected) -> Chart:
    own = pd.DataFrame(
        [{"model": figure.model, "model_title": say_model(figure.model), "x": expected.level, "y": figure.value}]
    )
    elsewhere = expected.elsewhere
    across = f"Mean over {len(elsewhere)} other data sets" if len(elsewhere) > 1 else elsewhere[0].title
    return field_line_chart(
        expected_frame(expected),
        expected.line,
        (across, figure.field_set.title),
        own,
        title=f"{say_model(figure.model)} on {figure.field_set.title} among published checkpoints",
    )


PART = Part(on="classification", build=among_published)
