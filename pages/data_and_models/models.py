"""The models: what can be used here, what can be downloaded, and every other that open_clip knows, found by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import pandas as pd
import streamlit as st

from core.catalog.families import family_of
from core.catalog.finding import find_by_words, narrowed
from core.catalog.models import every_model
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count, size
from core.tables.library import MODELS, models_frame
from core.types import ModelSpec
from core.words.library import COMMERCIAL_USE, MODEL_STATES, VECTORS_ONLY, download_said
from core.work import start
from pages.data_and_models.choosing import choose_rows, search_field
from pages.data_and_models.compute import compute_button
from pages.data_and_models.line import show_job
from pages.shared.guard import public, safe_callback
from pages.shared.own_data import page_model
from pages.shared.pickers import note_problems
from pages.shared.stored import known_models, stored_unusable
from pages.shared.words import plain

SIZES = (300_000_000, 700_000_000, 2_000_000_000, 5_000_000_000)
HERE = {"": "Here or not", "here": "Here", "away": "Not here"}
FILTER_WIDTH = 165
"""Two beside each other on a phone."""
Value = TypeVar("Value", str, int)


def show(engine: Engine) -> None:
    """One table, and what can be done with the rows that are marked."""
    st.header("Models", anchor=False)
    embedded = _embedded(engine)
    known = {spec.name: spec for spec in (*known_models(engine), *every_model())}
    typed = search_field("models", "siglip so400m, or any name")
    wanted, where = _filtered(tuple(known.values()))
    fitting = find_by_words(typed, wanted)
    if typed and not find_by_words(typed, known.values()):
        found = _typed(engine, typed, embedded)
    else:
        found = _where(_frame(engine, fitting, embedded), where)
        if not len(found):
            st.info("No model fits all of this; choose fewer filters or other words.", icon=":material/info:")
    if not len(found):
        return
    note_problems(stored_unusable(engine))
    st.caption(f"{count(len(found), 'model')} · click a heading to sort · mark rows to download their weights")
    marked = choose_rows(found, MODELS, "models", "Models and what can be done with them")
    _actions(engine, [known.get(name) or page_model(engine, name) for name in marked["name"]], marked)


def _filtered(known: Sequence[ModelSpec]) -> tuple[tuple[ModelSpec, ...], str]:
    """Those that fit the filters of the catalog, and which state is asked for."""
    families = sorted({family_of(spec.name) for spec in known}, key=str.lower)
    with st.container(horizontal=True, gap="small"):
        family = _filter("family", "Family", {"": "Any family", **{name: name for name in families}})
        most = _filter("size", "Download", {0: "Any size", **{b: f"At most {size(b)}" for b in SIZES}})
        use = _filter("licence", "Commercial use", {"": "Any license", **COMMERCIAL_USE})
        where = _filter("here", "On this machine", HERE)
    return narrowed(known, family=family, most_bytes=most, use=use), where


def _filter(name: str, label: str, options: Mapping[Value, str]) -> Value:
    said = dict(options)
    return st.selectbox(label, list(said), format_func=said.__getitem__, key=f"models-{name}", width=FILTER_WIDTH)


def _where(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """The rows of models whose weights or embeddings are here, or of the others."""
    here = frame["state"].isin([MODEL_STATES["ready"], VECTORS_ONLY])
    return frame[here if where == "here" else ~here if where == "away" else here | True].reset_index(drop=True)


def _frame(engine: Engine, specs: Iterable[ModelSpec], embedded: Mapping[str, int]) -> pd.DataFrame:
    """The table's rows, those with most embeddings first."""
    frame = models_frame(engine.vectors.model_states(specs), embedded, engine.vectors.tokenizer)
    frame["why"] = frame["why"].map(public)
    return frame.sort_values("embedded", ascending=False, kind="stable")


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
        return _frame(engine, [page_model(engine, name)], embedded)
    except TMVError as error:
        st.info(
            f"{plain(public(str(error)))} Any model of open_clip is written ARCHITECTURE/PRETRAINED, one of the "
            "Hugging Face hub hf-hub:ORG/NAME.",
            icon=":material/info:",
        )
        return _frame(engine, [], {})


def _actions(engine: Engine, marked: Sequence[ModelSpec], rows: pd.DataFrame) -> None:
    lacking = {MODEL_STATES["downloadable"], VECTORS_ONLY}
    wanted = [s for s, state in zip(marked, rows["state"], strict=True) if state in lacking and _can_come(engine, s)]
    if wanted:
        st.markdown(plain(f"{download_said(wanted)}."))
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
