"""The models: what can be used, what can be downloaded, and why not where it cannot."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count, millions
from core.types import ModelSpec, State
from core.words.names import say_model
from core.work import start
from pages.data_and_models.line import describe, offer_job
from pages.shared.stored import known_models, stored_pairs
from pages.shared.words import plain

STATES = {"ready": "ready", "downloadable": "not here yet", "absent": "not usable here"}


def show(engine: Engine) -> None:
    """One line for each model of the catalog and every other one that has vectors here."""
    st.header("Models", anchor=False)
    st.caption(
        "Any other name that OpenCLIP knows works too: type it above as ARCHITECTURE/PRETRAINED, or as "
        "hf-hub:ORG/NAME. Weights lie in the libraries' own caches."
    )
    stored = stored_pairs(engine)
    for spec in known_models(engine):
        sets = sum(m == spec.name for m, _ in stored.pairs)
        _line(engine, spec, engine.vectors.model_state(spec), sets)


def _line(engine: Engine, spec: ModelSpec, state: State, sets: int) -> None:
    place = describe(
        say_model(spec),
        STATES[state.state],
        state.why,
        plain(spec.name),
        f"{millions(spec.parameters)} parameters" if spec.parameters else "",
        plain(spec.training_data),
        plain(spec.licence),
        f"vectors of {count(sets, 'data set')}" if sets else "",
    )
    if state.state == "downloadable":
        offer_job(engine, place, "Download", spec.name, f"download-model/{spec.name}", start.download_model, spec)
