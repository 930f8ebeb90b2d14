"""The data sets: what is here, what can be downloaded, and what to do where neither is so."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.types import DatasetSpec, State
from core.words.names import say_dataset
from core.work import start
from pages.data_and_models.line import describe, offer_job
from pages.shared.pickers import offered_datasets
from pages.shared.stored import stored_pairs
from pages.shared.words import plain

STATES = {"ready": "ready", "downloadable": "not here yet", "absent": "not here"}


def show(engine: Engine) -> None:
    """One line for each data set of the catalog and every other one that has vectors here."""
    st.header("Data sets", anchor=False)
    st.caption(
        f"Real data sets and own pictures are read from {plain(str(engine.data.folder))} (set TMV_DATA to change "
        "it), in the layouts in which they are published. Own pictures are named folder:, captions: or wds: "
        "and the path in that folder."
    )
    stored = stored_pairs(engine)
    for spec in offered_datasets(engine):
        models = sum(d == spec.name for _, d in stored.pairs)
        _line(engine, spec, engine.data.state(spec.name), models)


def _line(engine: Engine, spec: DatasetSpec, state: State, models: int) -> None:
    place = describe(
        say_dataset(spec.name),
        STATES[state.state],
        state.why,
        plain(spec.name),
        plain(spec.size),
        count(len(spec.classnames), "class", "classes") if spec.classnames else "",
        plain(spec.licence),
        f"vectors of {count(models, 'model')}" if models else "",
        more=spec.why,
    )
    if state.state != "downloadable":
        return
    if spec.name.startswith("demo-"):
        offer_job(engine, place, "Make", spec.name, "prepare-demo", start.prepare_demo)
    else:
        offer_job(engine, place, "Download", spec.name, f"download-dataset/{spec.name}", start.download_dataset, spec)
