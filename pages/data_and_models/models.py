"""The models: what can be used here, what can be downloaded, and every other that open_clip knows, found by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.catalog.models import every_model
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.tables.library import MODELS, models_frame
from core.types import ModelSpec
from core.words.library import MODEL_STATES, VECTORS_ONLY
from core.work import start
from pages.data_and_models.choosing import choose_rows, search
from pages.data_and_models.compute import compute_button
from pages.data_and_models.line import show_job
from pages.shared.guard import public, safe_callback
from pages.shared.own_data import page_model
from pages.shared.pickers import note_problems
from pages.shared.stored import known_models, stored_unusable
from pages.shared.words import plain


def show(engine: Engine) -> None:
    """One table, and what can be done with the rows that are marked."""
    st.header("Models", anchor=False)
    embedded = _embedded(engine)
    known = {spec.name: spec for spec in (*known_models(engine), *every_model())}
    frame = models_frame(engine.vectors.model_states(known.values()), embedded)
    frame["why"] = frame["why"].map(public)
    frame = frame.sort_values("embedded", ascending=False, kind="stable")
    found, typed = search(frame, ("title", "name", "state", "training_data"), "models", "part of a name, or any name")
    if typed and not len(found):
        found = _typed(engine, typed, embedded)
    if not len(found):
        return
    note_problems(stored_unusable(engine))
    st.caption(f"{count(len(found), 'model')} · click a heading to sort · mark rows to download their weights")
    marked = choose_rows(found, MODELS, "models", "Models and what can be done with them")
    _actions(engine, [known.get(name) or page_model(engine, name) for name in marked["name"]], marked)


def _embedded(engine: Engine) -> Mapping[str, int]:
    """Of how many data sets each model has stored embeddings."""
    sets = defaultdict[str, set[str]](set)
    for entry in engine.store.entries():
        if entry.complete:
            sets[entry.key.model].add(entry.key.dataset)
    return {model: len(found) for model, found in sets.items()}


def _typed(engine: Engine, name: str, embedded: Mapping[str, int]) -> pd.DataFrame:
    """The row of a name that no list has; none, and why, where it cannot be used."""
    try:
        return models_frame(engine.vectors.model_states([page_model(engine, name)]), embedded)
    except TMVError as error:
        st.info(
            f"{plain(public(str(error)))} Any model of open_clip is written ARCHITECTURE/PRETRAINED, one of the "
            "Hugging Face hub hf-hub:ORG/NAME.",
            icon=":material/info:",
        )
        return models_frame([], {})


def _actions(engine: Engine, marked: Sequence[ModelSpec], rows: pd.DataFrame) -> None:
    lacking = {MODEL_STATES["downloadable"], VECTORS_ONLY}
    wanted = [s for s, state in zip(marked, rows["state"], strict=True) if state in lacking and _can_come(engine, s)]
    with st.container(horizontal=True, gap="small"):
        compute_button("compute-models", models=[spec.name for spec in marked])
        st.button(
            f"Download weights ({len(wanted)})" if wanted else "Download weights",
            key="download-models",
            icon=":material/download:",
            on_click=safe_callback(_download),
            args=(engine, tuple(wanted)),
            disabled=not wanted,
            help="Of the marked models whose weights are not on this machine. They go into the libraries' own caches.",
        )
    show_job(engine, [f"download-model/{spec.name}" for spec in marked])


def _can_come(engine: Engine, spec: ModelSpec) -> bool:
    return engine.vectors.computable(spec).state == "downloadable"


def _download(engine: Engine, models: Sequence[ModelSpec]) -> None:
    for spec in models:
        start.download_model(engine.jobs, spec)
