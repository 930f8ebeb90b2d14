"""Classifiers that are not trained yet: what runs, the one button that starts the rest, and on the demo's pictures no
button at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count, listed
from core.studies.base import LongStudy
from core.studies.multi_label.study import has_several_labels
from core.studies.probe.splits import train_split
from core.types import DatasetSpec, ModelSpec
from core.words.names import say_dataset, say_model
from pages.shared import first_run
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch
from pages.shared.missing import obstacles
from pages.shared.words import plain

Training = LongStudy[Any]
"""A study whose answer is not here yet; its job embeds first what is missing."""


@st.cache_resource(show_spinner=False)
def _tried() -> set[str]:
    """What this server has started by itself already: nothing is started twice, however it ends."""
    return set()


def offer_training(
    engine: Engine, wanted: Sequence[Training], *, what: str, key: str, lasts: str = "", early: bool = False
) -> None:
    """Show the work on what is `wanted` and offer to start the rest; `what` is said as "a linear probe".

    What is wanted of the demo starts by itself, once a server: its pictures are few. `early` hands it in while the
    demo is still being prepared, which then goes out of its way for it.
    """
    if not wanted:
        return
    if early or not _preparing(engine):
        _start_demo(engine, wanted)
    keys = [*(t.job_key() for t in wanted), first_run.KEY]
    # The demo's own work brings some results before it ends.
    seen = partial(_here, engine, wanted) if _preparing(engine) else None
    live = {job.key for job in watch(engine, keys, seen=seen) if job.live}
    waiting = [t for t in wanted if t.job_key() not in live]
    if first_run.KEY in live:
        waiting = [t for t in waiting if not _is_demo(t)]
    for said in dict.fromkeys(s for t in waiting for s in obstacles(engine, _pair(t))):
        st.info(said, icon=":material/info:")
    if possible := [t for t in waiting if not obstacles(engine, _pair(t))]:
        _button(engine, possible, what, key, lasts)


def _is_demo(training: Training) -> bool:
    return training.place.dataset.name.startswith("demo-") and training.place.model.family == "demo"


def _pair(training: Training) -> tuple[ModelSpec, DatasetSpec, None]:
    return training.place.model, training.place.dataset, None


def _preparing(engine: Engine) -> bool:
    job = engine.jobs.latest(first_run.KEY)
    return job is not None and job.live


def _here(engine: Engine, wanted: Sequence[Training]) -> tuple[str, ...]:
    return tuple(t.job_key() for t in wanted if _is_demo(t) and engine.kept(t) is not None)


def _start_demo(engine: Engine, wanted: Sequence[Training]) -> None:
    for training in (t for t in wanted if _is_demo(t) and t.job_key() not in _tried()):
        _tried().add(training.job_key())
        job = engine.job(training)
        if job is None or job.state == "done":
            engine.submit(training)


def _button(engine: Engine, possible: Sequence[Training], what: str, key: str, lasts: str) -> None:
    places = [t.place for t in possible[:4]]
    names = listed([f"{plain(say_dataset(p.dataset.name))} with {plain(say_model(p.model))}" for p in places])
    more = f" and {count(len(possible) - 4, 'more pair')}" if len(possible) > 4 else ""
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.info(f"Not here yet: {what} for {names}{more}. {lasts}".rstrip(), icon=":material/info:")
    button.button(
        "Train",
        type="primary",
        key=key,
        width="stretch",
        on_click=safe_callback(_start),
        args=(engine, tuple(possible)),
    )


def _start(engine: Engine, trainings: Sequence[Training]) -> None:
    for training in trainings:
        engine.submit(training)


def untrainable(engine: Engine, dataset: DatasetSpec) -> str:
    """Why no classifier can be trained on this data set; "" where one can."""
    try:
        train_split(engine, dataset.name)
        if has_several_labels(engine, dataset.name):
            return (
                "An image of this data set may have several labels, and a classifier is trained on exactly one; for "
                "several labels, mean average precision is on the page Accuracy."
            )
    except TMVError as error:
        return str(error)
    return ""
