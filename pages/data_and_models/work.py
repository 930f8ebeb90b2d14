"""Running work, and what ended lately; embedding is started here."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.types import DatasetSpec, Job
from core.words.names import say_model
from core.work import start
from pages.shared.guard import safe_callback
from pages.shared.jobs import job_line, job_sentence
from pages.shared.own_data import page_dataset, page_model
from pages.shared.pickers import offered_datasets
from pages.shared.stored import known_models
from pages.shared.words import plain

LATELY = 6


def show(engine: Engine) -> None:
    """What runs now, what ended lately, and the row that starts embedding."""
    st.header("Compute embeddings", anchor=False)
    _start(engine)
    _watch(engine)


def _start(engine: Engine) -> None:
    models = {m.name: say_model(m) for m in known_models(engine)}
    data = {d.name: d for d in offered_datasets(engine)}
    first, second, third, button = st.columns([4, 4, 2, 2], vertical_alignment="bottom")
    with first:
        model = st.selectbox(
            "Model",
            list(models),
            key="embed-model",
            format_func=lambda n: models.get(n, n),
            accept_new_options=True,
            persist_state="session",
        )
    with second:
        name = st.selectbox(
            "Data set",
            list(data),
            key="embed-data",
            accept_new_options=True,
            format_func=lambda n: data[n].title if n in data else n,
            persist_state="session",
            help="Own pictures in the data folder: folder:, captions: or wds: and the path in it.",
        )
    with third:
        split = st.selectbox("Split", _splits(data.get(name)), key="embed-split", persist_state="session")
    button.button(
        "Embed", type="primary", width="stretch", on_click=safe_callback(embed), args=(engine, model, name, split)
    )


def _splits(spec: DatasetSpec | None) -> list[str]:
    if spec is None or not spec.splits:
        return ["default"]
    return sorted(spec.splits, key=lambda s: s != spec.default_split)


def embed(engine: Engine, model: str, dataset: str, split: str) -> None:
    """Start embedding a pair named on the page; raises `TMVError` for a name that cannot be used here."""
    found, data = page_model(engine, model), page_dataset(engine, dataset)
    start.embed(engine.jobs, engine.place(found.name, data.name, None if split == "default" else split))


def _watch(engine: Engine) -> None:
    """All jobs, polled; only this part of the page runs again while nothing changes state."""
    now = engine.jobs.list(LATELY)
    mark = [(j.id, j.state) for j in now]

    def poll() -> None:
        jobs = engine.jobs.list(LATELY)
        if [(j.id, j.state) for j in jobs] != mark:
            st.rerun()
        for job in (j for j in jobs if j.live):
            job_line(engine, job)
        _ended([j for j in jobs if not j.live])

    st.fragment(poll, run_every=1.0 if any(j.live for j in now) else 5.0)()


def _ended(jobs: list[Job]) -> None:
    if not jobs:
        return
    with st.expander("Recent jobs"):
        for job in jobs:
            st.caption(plain(job_sentence(job)))
