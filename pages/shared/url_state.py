"""What is chosen, kept in the address bar under exact names.

Streamlit writes the *label* of a bound widget to the address. People read labels ("ViT-B/32 · OpenAI"),
links and scripts need names (`ViT-B-32/openai`). So each choice has a bound keeper, out of sight, that
holds exact names and gives deep links, history and page switches; what people see are ordinary widgets
drawn from it (`pickers`).

A page calls `keep("model", "data")` before it asks `chosen("model")`; a widget's callback calls `set_choice`.
What comes back is what a stranger may have typed. Free text is taken as it is; a choice that can be wrong is read
with `url_choices`, which says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.engine import engine
from pages.shared.file_models import exact_name, public_name

SHARED = ("model", "data", "split", "templates", "template", "classnames")
"""Choices that every page shares; named as the command line names them."""
MOST, LONGEST = 40, 400
HIDDEN = "out-of-sight"
_hidden: ContextVar[DeltaGenerator | None] = ContextVar("hidden", default=None)


def bind(*names: str) -> None:
    """Mount the keepers of these choices; once a run, before they are read."""
    with out_of_sight():
        for name in names:
            # A click on another page before a run has ended takes choices out of the address, not out of the session
            kept = st.session_state.get(name)
            if isinstance(kept, str):  # of another page, whose widget of this name holds one text
                del st.session_state[name]
            elif kept and name not in st.query_params:
                st.session_state[name] = list(kept)
            st.multiselect(name, [], key=name, bind="query-params", accept_new_options=True)


def mount_hidden() -> None:
    """The place out of sight, once a run and before anything is drawn: one for all that is hidden, since the style that
    takes a place away comes a moment after the place, and each would push the page down for that moment."""
    # One pixel high, because on a slow line the inside is drawn before the style that hides it.
    place = st.container(key=HIDDEN, height=1, border=False)
    # The wrapper that holds nothing else goes too, or its gap would push the page down.
    place.html(f"<style>.st-key-{HIDDEN}, div:has(> .st-key-{HIDDEN}:only-child) {{ display: none; }}</style>")
    _hidden.set(place)


@contextmanager
def out_of_sight() -> Iterator[None]:
    """What is drawn inside is there, takes no room and is not seen."""
    if _hidden.get() is None:
        mount_hidden()
    with cast(DeltaGenerator, _hidden.get()):
        yield


def get_choice(name: str, most: int = MOST) -> tuple[str, ...]:
    """What is chosen under `name`, in order, unchecked; () when nothing is."""
    values = [v for v in st.session_state.get(name, ()) if isinstance(v, str)]
    return tuple(exact_name(engine(), v) for v in dict.fromkeys(values) if len(v) <= LONGEST)[:most]


def too_long() -> list[str]:
    """The sentences about values in the address that are left out for their length."""
    names = [n for n in st.query_params if any(len(v) > LONGEST for v in st.query_params.get_all(n))]
    return [f"A text in the address is longer than {LONGEST} characters and is left out: “{n[:40]}”." for n in names]


def set_choice(name: str, values: str | Iterable[str] | None) -> None:
    """Set a choice; only from a widget's callback, which runs before the keepers are mounted."""
    wanted = [values] if isinstance(values, str) else list(values or ())
    st.session_state[name] = [public_name(engine(), v) for v in dict.fromkeys(wanted) if v]


def open_page(page: str, **first: str | list[str]) -> None:
    """Go to another page with every choice; `first` are those that only the other page keeps, which have to be in its
    address when it opens."""
    # What is chosen already stands in the session. Without parameters of its own, Streamlit would clear the address,
    # and refuses to where a choice is bound to it.
    said = {n: public_name(engine(), v) if isinstance(v, str) else _public(v) for n, v in first.items()}
    st.switch_page(page, query_params=said)


def _public(values: Iterable[str]) -> list[str]:
    return [public_name(engine(), value) for value in values]


def address(choices: Mapping[str, Sequence[str]]) -> str:
    """The query string that brings someone here; every choice is spelled out, so that it means the same
    elsewhere."""
    return urlencode([(name, value) for name, values in choices.items() for value in _public(values)], safe="/:{}")
