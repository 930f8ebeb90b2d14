"""What a reader sees when something goes wrong: one sentence in its place, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import EncoderWarming, TMVError
from pages.shared.engine import engine
from pages.shared.warming import warming
from pages.shared.words import plain

log = logging.getLogger("text_meets_vision")
TOLD = "told-by-a-callback"
UNEXPECTED = "This part could not be shown. The server's log says why; the rest of the page is not affected."


def public(text: str) -> str:
    """A sentence for whoever may see the page: files of the data folder without saying where on the server it lies."""
    return engine().data.names.without_folder(text)


@contextmanager
def errors_in_place() -> Iterator[None]:
    """Show what goes wrong inside where it went wrong, and go on below.

    An encoder that is still starting is no error: the page says so and goes on by itself.
    """
    try:
        yield
    except EncoderWarming as waiting:
        warming(waiting)
    except TMVError as error:
        st.info(plain(public(str(error))), icon=":material/info:")
    except Exception:
        log.exception("a part of a page failed")
        st.caption(UNEXPECTED)


def safe_callback(action: Callable[..., object]) -> Callable[..., None]:
    """A callback that does not break the page: what goes wrong in it is shown by `show_callback_error`."""

    def callback(*args: object) -> None:
        try:
            action(*args)
        except TMVError as error:
            st.session_state[TOLD] = public(str(error))
        except Exception:
            log.exception("a callback failed")
            st.session_state[TOLD] = UNEXPECTED

    return callback


def show_callback_error() -> None:
    """Show what went wrong in a callback, once."""
    if message := st.session_state.pop(TOLD, ""):
        st.info(plain(message), icon=":material/info:")
