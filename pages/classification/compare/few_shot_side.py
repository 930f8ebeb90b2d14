"""The two numbers of a few-shot side: how many pictures a class, and which draw of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.studies.few_shot.methods import SHOTS
from core.studies.few_shot.runs import MOST_SEEDS
from pages.shared.url_choices import note_wrong_choice
from pages.shared.widgets import select, widget_key

SHOTS_OPENED, SEED = SHOTS[-1], 0
MOST_SHOTS = 1_000_000


def read_draw(name: str, written: str) -> tuple[int, int]:
    """(pictures a class, seed) of "16/0" in the side `name` of an address; both may be left out. Says what is wrong
    with them."""
    shots, _, seed = written.partition("/")
    if shots and not _whole(shots, 1, MOST_SHOTS):
        expected = "a few-shot method with a whole number of images per class, 1 or more, as in tip-f/16/0"
        note_wrong_choice(name, shots, expected, f"{SHOTS_OPENED} per class are used instead")
        shots = ""
    if seed and not _whole(seed, 0, MOST_SEEDS - 1):
        expected = f"a few-shot method with a seed from 0 to {MOST_SEEDS - 1}, as in tip-f/16/0"
        note_wrong_choice(name, seed, expected, f"seed {SEED} is used instead")
        seed = ""
    return int(shots or SHOTS_OPENED), int(seed or SEED)


def _whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most


def pick_draw(name: str, shots: int, seed: int, title: str, chose: Callable[..., None], args: tuple[Any, ...]) -> None:
    """The two numbers of a few-shot side, in a row of their own."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        select(
            f"{name}-shots",
            f"{title}: images per class",
            list(dict.fromkeys([*map(str, SHOTS), str(shots)])),
            str(shots),
            accept_new_options=True,
            on_change=chose,
            args=args,
            help="Drawn from the training split. Another number can be typed.",
        )
    st.session_state[widget_key(f"{name}-seed")] = seed
    right.number_input(
        f"{title}: draw (seed)",
        0,
        MOST_SEEDS - 1,
        step=1,
        key=widget_key(f"{name}-seed"),
        on_change=chose,
        args=args,
        help="One draw of many. Of one seed, the images of K = 1 are among those of K = 2, and so on.",
    )
