"""The scores of the board: what is kept at once, the rest a second at a time while the page stays usable."""

from __future__ import annotations

import time

import streamlit as st

from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.readers.datasets import find_dataset
from core.studies.leaderboard.figures import BoardFigure, BoardScore
from core.words.names import say_pair
from pages.shared.stored import stored_pairs

BUDGET_SECONDS, EVERY_SECONDS = 1.5, 0.2
AGAIN_SECONDS = 30
"""What was not there is looked for again after so long."""
Seen = tuple[BoardScore | None, float, str]
"""What was found, when, and why there is nothing; "" where it has only not been computed."""
Board = dict[tuple[str, str], BoardScore]


@st.cache_resource(show_spinner=False, max_entries=24)
def _known(mark: object) -> dict[tuple[str, str], Seen]:
    """What has been looked up for one figure and one state of the cache; shared by all who look."""
    return {}


def filled(engine: Engine, figure: BoardFigure) -> tuple[Board, list[str]]:
    """The scores that are there, by (model, data set), data sets in the catalog's order, and why others are left out;
    looks up and computes for a moment, and comes back for the rest."""
    stored = stored_pairs(engine)
    pairs = [(m, d) for d in stored.datasets for m in stored.models if (m, d) in stored.pairs]
    pairs = [(m, d) for m, d in pairs if find_dataset(d).kind == figure.kind]
    known = _known((str(engine.cache_dir), figure.name, _state(engine)))
    left = _look(engine, figure, pairs, known)
    if left:
        _come_back(len(pairs) - left, len(pairs))
    found = {pair: known[pair] for pair in pairs if pair in known}
    why = [f"{say_pair(*pair)}: {reason}" for pair, (_, _, reason) in found.items() if reason]
    why += [
        f"{folder.parent.parent.name}, {folder.parent.name}: the stored embedding is damaged; embed it again, or run "
        "python -m core verify."
        for folder in engine.store.damaged()
    ]
    return {pair: score for pair, (score, _, _) in found.items() if score is not None}, why


def _look(engine: Engine, figure: BoardFigure, pairs: list[tuple[str, str]], known: dict[tuple[str, str], Seen]) -> int:
    """Look for what is not known until the time is up; how many are left."""
    now = time.monotonic()
    todo = [p for p in pairs if p not in known or (known[p][0] is None and now - known[p][1] > AGAIN_SECONDS)]
    for place, pair in enumerate(todo):
        if time.monotonic() - now > BUDGET_SECONDS:
            return len(todo) - place
        score, reason = _score(engine, figure, *pair)
        known[pair] = (score, time.monotonic(), reason)
    return 0


def _state(engine: Engine) -> tuple[str, ...]:
    """Changes when vectors come and go."""
    return tuple(sorted(entry.key.fingerprint for entry in engine.store.entries()))


def _score(engine: Engine, figure: BoardFigure, model: str, dataset: str) -> tuple[BoardScore | None, str]:
    try:
        return figure.of(engine, engine.place(model, dataset)), ""
    except EncoderWarming:
        return None, "its prompts are being encoded"
    except TMVError as error:
        return None, str(error)


def _come_back(done: int, total: int) -> None:
    st.progress(done / total, text=f"Scoring {done:,} of {total:,} pairs of model and data set")
    shown = False

    def again() -> None:
        nonlocal shown
        if shown:
            st.rerun()
        shown = True

    st.fragment(again, run_every=EVERY_SECONDS)()
