"""Stored vectors: what is embedded, how large it is, and how to remove it."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count, size
from core.store import Entry
from core.types import EmbeddingKey
from core.words.names import say_dataset, say_model
from pages.shared.guard import safe_callback
from pages.shared.words import plain


def show(engine: Engine) -> None:
    """One line for each stored set of vectors."""
    st.header("Embedded", anchor=False)
    entries = sorted(engine.store.entries(), key=lambda e: (e.key.dataset, e.key.split, e.key.model))
    if not entries:
        st.info(
            "Nothing is embedded yet. Choose a model and a data set above and press Embed, or run: "
            "python -m core embed --model demo-rn/demo --data demo-objects",
            icon=":material/info:",
        )
        return
    total = sum(e.bytes for e in entries)
    st.caption(
        f"{count(len(entries), 'set')} of vectors, {size(total)} in {plain(str(engine.cache_dir))}. "
        "The folder can be copied to another machine, and deleted: it is made again on demand."
    )
    with st.expander("Show them", expanded=len(entries) <= 6):
        for entry in entries:
            _line(engine, entry)


def _line(engine: Engine, entry: Entry) -> None:
    key = entry.key
    words, button = st.columns([9, 1], vertical_alignment="center")
    rows = count(entry.n, "picture") if entry.complete else f"{entry.done:,} of {count(entry.n, 'picture')}"
    skipped = f" · {entry.skipped:,} skipped" if entry.skipped else ""
    words.markdown(
        f"**{plain(say_dataset(key.dataset))}** ({plain(key.split)}) · {plain(say_model(key.model))} · {rows}{skipped}"
        f" · {size(entry.bytes)} · {plain(entry.date[:10])}",
        help=plain(f"{key.model} on {key.dataset}"),
    )
    if button.button(
        "Remove",
        key=f"remove-{key.model}-{key.dataset}-{key.split}-{key.fingerprint}",
        width="stretch",
        disabled=entry.running,
    ):
        _confirm(engine, key)


@st.dialog("Remove these vectors?")
def _confirm(engine: Engine, key: EmbeddingKey) -> None:
    st.markdown(
        f"{plain(say_dataset(key.dataset))} ({plain(key.split)}) with {plain(say_model(key.model))}. The pictures "
        "stay; embedding them again takes as long as it took."
    )
    remove = safe_callback(engine.store.remove)
    if st.button("Remove", type="primary", key="remove-for-good", on_click=remove, args=(key,)):
        st.rerun()
