"""Widgets that show a choice of the address and write what a reader picks back to it, in one call.

What people see are ordinary widgets in words; the exact names stand in the address (`url_state`). A widget is set to
the choice `now` before it is drawn, and its callback, which runs before the page, makes what it shows the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

from pages.shared.url_state import set_choice

Options = Mapping[Any, str] | Sequence[str]
"""The values that can be chosen; of a mapping, with what is shown for each."""


_inside: ContextVar[str] = ContextVar("inside", default="")
"""The key of the `choice_button` that is being filled."""


def widget_key(name: str) -> str:
    """The key of the widget that shows the choice `name`."""
    return f"shown-{name}"


def write_back(name: str, *rest: str) -> None:
    """Callback: what the widget shows becomes the choice, followed by the `rest` of what was chosen."""
    value = st.session_state[widget_key(name)]
    values = [value] if isinstance(value, str) else list(value or ())
    set_choice(name, [*values, *(r for r in rest if r not in values)])


def select(name: str, label: str, options: Options, now: str | None, **look: Any) -> None:
    """A list to choose one from. `look` as Streamlit takes it, here and below; an `on_change` of the caller's own
    takes the place of `write_back`, and without one `args` are the `rest` of that."""
    _draw(st.selectbox, name, label, options, now, look)


def multiselect(name: str, label: str, options: Options, now: Sequence[str], **look: Any) -> None:
    """A list to choose several from."""
    _draw(st.multiselect, name, label, options, list(now), look)


def segments(name: str, label: str, options: Options, now: str, **look: Any) -> None:
    """A few values side by side, one of which is always chosen."""
    _draw(st.segmented_control, name, label, options, now, {"required": True} | look)


def pills(name: str, label: str, options: Options, now: str | None, **look: Any) -> None:
    """Values side by side, as many as there are."""
    _draw(st.pills, name, label, options, now, look)


def radio(name: str, label: str, options: Options, now: str | None, **look: Any) -> None:
    """A few values, one of which is chosen."""
    _draw(st.radio, name, label, options, now, look)


@contextmanager
def choice_button(label: str, now: str, *, key: str, help: str = "") -> Iterator[None]:
    """A labelled button that says what is chosen `now` and opens the ways to change it; `close_choice(key)` closes it
    from a callback. `now` is Markdown: escape names with `words.plain`."""
    with st.container(gap=None, key=f"chosen-{key}"):
        st.markdown(f":small[{label}]")
        with st.popover(now, width="stretch", key=f"choice-{key}", on_change="rerun", help=help or None):
            token = _inside.set(key)
            try:
                yield
            finally:
                _inside.reset(token)


def close_choice(key: str) -> None:
    """Callback: close a `choice_button`, since what it was opened for is done."""
    st.session_state[f"choice-{key}"] = False


def unless_stale(action: Callable[..., object], key: str, now: object) -> Callable[..., None]:
    """A callback for the widget `key`, which shows `now`, in a `choice_button`.

    What is inside a closed popover is not mounted in the browser: a value that the program gives it does not arrive,
    and with the next run the browser sends the one before, as if a reader had chosen it. Nobody chooses in a closed
    popover, so such a value is left alone.
    """
    inside, drawn, before = _inside.get(), f"drawn-{key}", f"stale-{key}"
    if inside and st.session_state.get(f"choice-{inside}"):
        st.session_state[before] = []
    elif (last := st.session_state.get(drawn, now)) != now:
        st.session_state[before] = [*st.session_state.get(before, []), last]
    st.session_state[drawn] = now

    def callback(*args: object) -> None:
        closed = inside and not st.session_state.get(f"choice-{inside}")
        if not (closed and st.session_state[key] in st.session_state.get(before, [])):
            action(*args)

    return callback


def _draw(
    widget: Callable[..., object], name: str, label: str, options: Options, now: object, look: dict[str, Any]
) -> None:
    st.session_state[widget_key(name)] = now
    if isinstance(options, Mapping):
        titles = dict(options)
        look = {"format_func": lambda value: titles.get(value, value)} | look
    if "on_change" not in look:
        look = look | {"on_change": write_back, "args": (name, *look.get("args", ()))}
    if _inside.get():
        look = look | {"on_change": unless_stale(look["on_change"], widget_key(name), now)}
    widget(label, list(options), key=widget_key(name), **look)
