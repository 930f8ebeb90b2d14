"""Lists among more images than are scanned in a second: the exact one on request, and an index that is not here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from core.engine import Engine
from core.studies.pictures.at_size import DAMAGED_INDEX, NO_INDEX, can_be_built
from core.studies.pictures.search import PicturesResult
from core.types import Place
from core.words.names import say_model
from core.work import start
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch
from pages.shared.url_choices import one_of
from pages.shared.url_state import set_choice
from pages.shared.words import plain

EVERY = "every"
"""Chosen ("yes"): every image is compared, also where an index nominates."""


def every_chosen() -> bool:
    """Whether the exact list was asked for."""
    return one_of(EVERY, ("yes",), "", instead="an index is used where one is needed") == "yes"


@contextmanager
def comparing(place: Place, exact: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar that shows how far comparing every image is; none where an index may answer."""
    if not exact:
        yield None
        return
    shown = st.empty()

    def report(done: int, total: int) -> None:
        said = f"Comparing every image, {say_model(place.model.name)}: {done:,} of {total:,}"
        shown.progress(done / total if total else 0.0, text=plain(said))

    try:
        yield report
    finally:
        shown.empty()


def at_size(engine: Engine, results: Sequence[PicturesResult], exact: bool) -> None:
    """The button of the exact list where an index made this one, and that of an index where none did."""
    if any(r.index is not None for r in results):
        if exact:
            st.button("Use the index again", key="by-index", on_click=set_choice, args=(EVERY, None))
        else:
            st.button(
                "Check this list exactly",
                key="check-exactly",
                icon=":material/done_all:",
                on_click=set_choice,
                args=(EVERY, "yes"),
                help="Compares every image, which takes longer, and says how many of this list were right",
            )
    _offer(engine, [r for r in results if any(n.code in (NO_INDEX, DAMAGED_INDEX) for n in r.notes)])


def _offer(engine: Engine, results: Sequence[PicturesResult]) -> None:
    places = [engine.place(r.model, r.dataset, r.split) for r in results]
    if not places or not can_be_built():
        return
    live = {job.key for job in watch(engine, [start.index_key(place) for place in places]) if job.live}
    if waiting := tuple(place for place in places if start.index_key(place) not in live):
        st.button(
            "Build the index",
            key="build-index",
            on_click=safe_callback(_start),
            args=(engine, waiting),
            width="content",
        )


def _start(engine: Engine, places: Sequence[Place]) -> None:
    for place in places:
        start.index(engine.jobs, place)
