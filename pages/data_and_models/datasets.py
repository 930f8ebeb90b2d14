"""The data sets: the catalog and own data in the data folder, with what is counted on this disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.numbers import count
from core.tables.datasets import datasets_frame
from core.tables.library import DATASETS
from core.words.datasets import STATES
from core.work import start
from pages.data_and_models.choosing import choose_rows, search
from pages.data_and_models.compute import compute_button
from pages.data_and_models.line import show_job
from pages.shared.guard import safe_callback
from pages.shared.own_data import page_dataset
from pages.shared.words import plain

SAMPLE_WIDTH = 160


def show(engine: Engine) -> None:
    """One table, what can be done with the rows that are marked, and a sample of each of the first few."""
    st.header("Data sets", anchor=False)
    frame = datasets_frame(engine.data.listed(), _embedded(engine))
    counts = ["classes", "captions"]
    frame[counts] = frame[counts].astype("Int64").where(frame[counts] > 0)
    found, typed = search(frame, ("title", "name", "state", "kind"), "datasets", "part of a name")
    st.caption(
        f"{count(len(found), 'data set')} · click a heading to sort · mark rows to see a sample image. Own images, "
        "captions and shards are listed when they lie in the server's data folder (TMV_DATA)."
    )
    if not len(found):
        st.info(f"No data set here has “{plain(typed)}” in its name; clear the search to see all.")
        return
    marked = choose_rows(found, DATASETS, "datasets", "Data sets and how much of each is on this machine")
    _actions(engine, marked)
    _samples(engine, marked)


def _embedded(engine: Engine) -> Mapping[str, int]:
    """Of how many models each data set has stored embeddings."""
    models = defaultdict[str, set[str]](set)
    for entry in engine.store.entries():
        if entry.complete:
            models[entry.key.dataset].add(entry.key.model)
    return {dataset: len(found) for dataset, found in models.items()}


def _actions(engine: Engine, marked: pd.DataFrame) -> None:
    wanted = list(marked.loc[marked["state"] == STATES["downloadable"], "name"])
    with st.container(horizontal=True, gap="small"):
        compute_button("compute-datasets", datasets=list(marked["name"]))
        st.button(
            f"Download ({len(wanted)})" if wanted else "Download",
            key="download-datasets",
            icon=":material/download:",
            on_click=safe_callback(_download),
            args=(engine, tuple(wanted)),
            disabled=not wanted,
            help="Of the marked data sets those that can be downloaded; the demo's are drawn.",
        )
    keys = [f"download-dataset/{name}" for name in marked["name"]]
    show_job(engine, keys + (["prepare-demo"] if any(marked["name"].str.startswith("demo-")) else []))


def _download(engine: Engine, names: Sequence[str]) -> None:
    if any(name.startswith("demo-") for name in names):
        start.prepare_demo(engine.jobs)
    for name in names:
        if not name.startswith("demo-"):
            start.download_dataset(engine.jobs, find_dataset(name))


def _samples(engine: Engine, marked: pd.DataFrame) -> None:
    """A sample image of each marked set that has one here, and what is known of the set."""
    for row in marked.head(4).to_dict("records"):
        image, words = st.columns([1, 5])
        spec = page_dataset(engine, row["name"])
        if row["sample"]:
            try:
                image.image(engine.thumbnail(row["name"], row["sample_split"], row["sample"]), width=SAMPLE_WIDTH)
            except TMVError as error:
                image.caption(plain(str(error)))
        facts = (row["images"], row["kind"], row["splits"], spec.licence, row["sample"])
        words.markdown(f"**{plain(row['title'])}** · {plain(row['name'])}")
        words.caption(plain(" · ".join(fact for fact in facts if fact)))
        for more in filter(None, (row["why"], spec.why)):
            words.caption(plain(more))
