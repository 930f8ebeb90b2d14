"""The two numbers of a few-shot side: how many pictures a class, and which draw of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.engine_few_shot import MOST_SEEDS
from core.studies.few_shot import SHOTS
from pages.shared.pickers import shown

SHOTS_OPENED, SEED = SHOTS[-1], 0
MOST_SHOTS = 1_000_000


def read_drawn(written: str) -> tuple[int, int, list[str]]:
    """(pictures a class, seed, what is wrong with them) of "16/0" in an address; both may be left out."""
    shots, _, seed = written.partition("/")
    problems = list[str]()
    if not _whole(shots or "1", 1, MOST_SHOTS):
        problems.append(
            f"A few-shot method learns from a whole number of pictures a class, 1 or more, not {shots!r}; it stands at "
            f"{SHOTS_OPENED}."
        )
        shots = ""
    if not _whole(seed or "0", 0, MOST_SEEDS - 1):
        problems.append(f"The seed of a draw is a whole number from 0 to {MOST_SEEDS - 1}, not {seed!r}; it is {SEED}.")
        seed = ""
    return int(shots or SHOTS_OPENED), int(seed or SEED), problems


def _whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most


def pick_drawn(
    name: str, shots: int, seed: int, title: str, chose: Callable[..., None], args: tuple[Any, ...]
) -> None:
    """The two numbers of a few-shot side, in a row of their own."""
    left, right = st.columns(2, vertical_alignment="bottom")
    st.session_state[shown(f"{name}-shots")] = str(shots)
    left.selectbox(
        f"{title}: pictures a class",
        list(dict.fromkeys([*map(str, SHOTS), str(shots)])),
        key=shown(f"{name}-shots"),
        accept_new_options=True,
        on_change=chose,
        args=args,
        help="Drawn from the training split. Another number can be typed.",
    )
    st.session_state[shown(f"{name}-seed")] = seed
    right.number_input(
        f"{title}: draw (seed)",
        0,
        MOST_SEEDS - 1,
        step=1,
        key=shown(f"{name}-seed"),
        on_change=chose,
        args=args,
        help="One draw of many. Of one seed, the pictures of K = 1 are among those of K = 2, and so on.",
    )
