"""What was measured here on data sets of the field, looked up once for a state of the cache."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.catalog.field import FieldSet
from core.engine import Engine
from core.readers.datasets import find_dataset
from core.studies.field.own import OwnFigure, field_set_of, own_figures
from core.tables.field import own_frame
from core.words.names import say_model
from pages.shared.stored import known_models, stored_pairs

AGAIN_SECONDS = 30.0


@st.cache_resource(show_spinner=False, max_entries=4, ttl=AGAIN_SECONDS)
def own_here(_engine: Engine, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[OwnFigure, ...], tuple[str, ...]]:
    """The figures, and why others have none."""
    return own_figures(_engine, pairs)


def own_figures_here(engine: Engine) -> tuple[tuple[OwnFigure, ...], tuple[str, ...]]:
    """Those of every stored pair whose data set the field knows."""
    stored = stored_pairs(engine)
    known = [name for name in stored.datasets if field_set_of(find_dataset(name)) is not None]
    return own_here(engine, tuple((m, d) for d in known for m in stored.models if (m, d) in stored.pairs))


def with_costs(engine: Engine, figures: tuple[OwnFigure, ...]) -> pd.DataFrame:
    """The frame of these figures with what their models cost, as far as that is known here."""
    size = {spec.name: spec.parameters for spec in known_models(engine)}
    frame = own_frame(figures)
    if frame.empty:
        return frame
    return frame.assign(parameters=frame["model"].map(size).astype(float), gflops=float("nan"), samples=float("nan"))


def on_both(figures: tuple[OwnFigure, ...], x: FieldSet, y: FieldSet) -> pd.DataFrame:
    """Models measured here on both sets: `model`, `model_title`, `x`, `y`."""
    of = {(each.model, each.field_set.name): each.value for each in figures}
    models = [m for m in dict.fromkeys(m for m, _ in of) if (m, x.name) in of and (m, y.name) in of]
    return pd.DataFrame(
        {"model": m, "model_title": say_model(m), "x": of[m, x.name], "y": of[m, y.name]} for m in models
    )
