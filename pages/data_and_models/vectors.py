"""Stored embeddings: what there is, how large it is, taking it away and deleting it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count, listed, size
from core.store import Entry
from core.tables.library import STORED, stored_frame
from core.words.names import say_dataset, say_model
from core.work.bundles import MOST_BYTES, bundle_bytes
from pages.data_and_models.choosing import choose_rows, search
from pages.shared.guard import safe_callback
from pages.shared.words import plain


def show(engine: Engine) -> None:
    """One table, and what can be done with the rows that are marked."""
    st.header("Stored embeddings", anchor=False)
    entries = sorted(engine.store.entries(), key=lambda e: (e.key.dataset, e.key.split, e.key.model, e.key.fingerprint))
    if not entries:
        st.info(
            "Nothing is embedded yet. Open *Compute embeddings*, or run: "
            "python -m core embed --model demo-rn/demo --data demo-objects",
            icon=":material/info:",
        )
        return
    st.caption(
        f"{count(len(entries), 'set')} of embeddings, {size(sum(e.bytes for e in entries))}. You can copy the cache "
        "folder to another machine or delete it; results are recomputed when needed."
    )
    frame = stored_frame(entries).assign(name=[e.key.fingerprint for e in entries], place=range(len(entries)))
    found, typed = search(
        frame, ("dataset_title", "dataset", "split", "model_title", "model"), "stored", "part of a name"
    )
    if not len(found):
        st.info(f"No stored embeddings have “{plain(typed)}” in their name; clear the search to see all.")
        return
    marked = choose_rows(found, STORED, "stored", "Stored embeddings")
    _actions(engine, [entries[place] for place in marked["place"]])


def _actions(engine: Engine, marked: Sequence[Entry]) -> None:
    complete = [e for e in marked if e.complete]
    total = sum(e.bytes for e in complete)
    n = f" ({len(marked)})" if marked else ""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            f"Export as bundle{n}",
            lambda: _bundle(engine, complete),
            "embeddings.zip",
            "application/zip",
            key="bundle",
            icon=":material/archive:",
            on_click="ignore",
            disabled=not complete or total > MOST_BYTES,
            help="The marked embeddings with their results and small images in one file. On the other machine: "
            "python -m core bundle import embeddings.zip",
        )
        if st.button(
            f"Delete embeddings{n}",
            key="delete-embeddings",
            icon=":material/delete:",
            disabled=not marked or any(e.running for e in marked),
            help="Asks first. The images and the model's weights stay.",
        ):
            _confirm(engine, marked)
    if total > MOST_BYTES:
        st.caption(
            f"{size(total)} is more than a browser should carry ({size(MOST_BYTES)}); mark fewer, or run: "
            "python -m core bundle export FILE"
        )


def _bundle(engine: Engine, entries: Sequence[Entry]) -> bytes:
    return bundle_bytes(engine, [e.key for e in entries])


@st.dialog("Delete these embeddings?")
def _confirm(engine: Engine, entries: Sequence[Entry]) -> None:
    names = [f"{say_dataset(e.key.dataset)} ({e.key.split}) with {say_model(e.key.model)}" for e in entries]
    st.markdown(
        f"{plain(listed(names, 6))}: {size(sum(e.bytes for e in entries))}. The images stay. "
        "Recomputing takes as long as the first time."
    )
    with st.container(horizontal=True, gap="small"):
        delete = safe_callback(_delete)
        if st.button("Delete", type="primary", key="delete-for-good", on_click=delete, args=(engine, tuple(entries))):
            st.rerun()
        if st.button("Keep", key="delete-not"):
            st.rerun()


def _delete(engine: Engine, entries: Sequence[Entry]) -> None:
    """All that can go; what is being computed meanwhile stays, and is named."""
    kept = list[str]()
    for entry in entries:
        try:
            engine.store.remove(entry.key)
        except TMVError as error:
            kept.append(str(error))
    if kept:
        raise TMVError(" ".join(kept))
