"""Choices of the address that can be wrong, and the one way to read them.

What stands in an address was typed by anyone. A choice that must be one of some things, or of some form, is read here:
what fits is taken, and what does not is told in one sentence that says what was expected, what came and what is used
instead. Only free text is read with `get_choice` alone. A test puts nonsense into every choice of every page and
holds this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

from core.stats.numbers import listed
from pages.shared.pickers import note_problems
from pages.shared.url_state import get_choice

MOST_LISTED, MOST_SAID = 12, 60
A_PICTURE, NONE_OPENED = "the name of an image that is shown here", "none is opened"
"""What is said of a picture that the address opens and that is not there."""
A_CLASS = "the name of a class of this data set"
_telling = ContextVar("telling", default=True)


def one_of(name: str, allowed: Collection[str], usual: str, expected: str = "", instead: str = "") -> str:
    """The choice `name` where it is one of the `allowed`, else `usual`.

    `expected` says what is allowed in words, where it cannot be listed; `instead` what happens, where that is more
    than that `usual` is used.
    """
    return such_as(name, lambda value: value in allowed, expected or _in_words(allowed), usual, instead)


def such_as(name: str, fits: Callable[[str], bool], expected: str, usual: str, instead: str = "") -> str:
    """The choice `name` where it `fits`, else `usual`; "" in the address is no choice at all."""
    asked = next(iter(get_choice(name)), "")
    if not asked or fits(asked):
        return asked or usual
    note_wrong_choice(name, asked, expected, instead or f"{usual} is used instead")
    return usual


def some_of(
    name: str, allowed: Collection[str], usual: tuple[str, ...] = (), expected: str = "", instead: str = ""
) -> tuple[str, ...]:
    """All values of `name` that are allowed, in order; `usual` where none is."""
    asked = get_choice(name)
    for value in (v for v in asked if v not in allowed):
        note_wrong_choice(name, value, expected or _in_words(allowed), instead or "it is left out")
    return tuple(v for v in asked if v in allowed) or usual


def check_bound(name: str, allowed: Collection[str], instead: str) -> None:
    """Say what is wrong with the choice `name` whose widget, yet to be drawn, is bound to the address and would fall
    back in silence."""
    asked = st.query_params.get(name, "")
    if asked and asked not in allowed and name not in st.session_state:
        note_wrong_choice(name, asked, _in_words(allowed), instead)


def class_tokens(classnames: Sequence[str]) -> list[str]:
    """One name for each label, usable in an address; classes that share a name get their number."""
    times = Counter(classnames)
    return [n if times[n] == 1 else f"{n} ({i})" for i, n in enumerate(classnames)]


def note_wrong_choice(name: str, value: str, expected: str, instead: str) -> None:
    """The sentence about a choice that cannot be."""
    if _telling.get():
        note_problems([wrong_choice(name, value, expected, instead)])


def wrong_choice(name: str, value: str, expected: str, instead: str) -> str:
    """The sentence: what was expected, what came, and what is used instead."""
    value = value if len(value) <= MOST_SAID else f"{value[:MOST_SAID].rstrip()}…"
    return f"“{name}” in the address is {expected}, not “{value}”; {instead}."


def _in_words(allowed: Collection[str]) -> str:
    known = [value for value in allowed if value][:MOST_LISTED]
    more = "" if len(known) == len([v for v in allowed if v]) else " or another that is offered here"
    if not known:
        return "empty, since there is nothing to choose"
    return known[0] if len(known) == 1 else f"one of {listed(known)}{more}"


@contextmanager
def quietly() -> Iterator[None]:
    """For a callback, which reads the address but has no place to draw: the page tells what is wrong in its turn."""
    before = _telling.set(False)
    try:
        yield
    finally:
        _telling.reset(before)
