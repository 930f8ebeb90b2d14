"""The data sets: what is here, what can be downloaded, and what to do where neither is so."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.types import DatasetSpec, State
from core.words.names import say_dataset
from core.work import start
from pages.shared.guard import safe_callback
from pages.shared.jobs import job_line
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
    words, button = st.columns([9, 1], vertical_alignment="center")
    with words:
        st.markdown(
            f"**{plain(say_dataset(spec.name))}** · {STATES[state.state]}"
            + (f" · {plain(state.why)}" if state.why else "")
        )
        st.caption(
            " · ".join(
                filter(
                    None,
                    (
                        plain(spec.name),
                        plain(spec.size),
                        count(len(spec.classnames), "class", "classes") if spec.classnames else "",
                        plain(spec.licence),
                        f"vectors of {count(models, 'model')}" if models else "",
                    ),
                )
            )
        )
        if spec.why:
            st.caption(plain(spec.why))
    _action(engine, spec, state, button)


def _action(engine: Engine, spec: DatasetSpec, state: State, place: st.delta_generator.DeltaGenerator) -> None:
    if state.state != "downloadable":
        return
    demo = spec.name.startswith("demo-")
    job = engine.jobs.latest("prepare-demo" if demo else f"download-dataset/{spec.name}")
    if job is not None and job.live:
        return
    if demo:
        place.button(
            "Make",
            key=f"make-{spec.name}",
            on_click=safe_callback(start.prepare_demo),
            args=(engine.jobs,),
            width="stretch",
        )
    else:
        place.button(
            "Download",
            key=f"download-{spec.name}",
            on_click=safe_callback(start.download_dataset),
            args=(engine.jobs, spec),
            width="stretch",
        )
    if job is not None and job.state == "failed":
        job_line(engine, job)
