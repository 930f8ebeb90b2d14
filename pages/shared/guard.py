"""What a reader sees when something goes wrong: one sentence in its place, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import BadImage, EncoderStopped, EncoderWarming, TMVError
from pages.shared.engine import engine
from pages.shared.file_models import public_name
from pages.shared.warming import encoder_stopped, warming
from pages.shared.words import plain

log = logging.getLogger("text_meets_vision")
TOLD = "told-by-a-callback"
UNEXPECTED = "This part could not be shown. The server's log says why; the rest of the page is not affected."


def public(text: str) -> str:
    """A sentence for whoever may see the page: files of the data folder and of the cache without saying where on the
    server these lie."""
    named = public_name(engine(), text)
    return engine().data.names.without_folder(named).replace(str(engine().cache_dir), "$TMV_CACHE")


def in_a_sentence(error: TMVError) -> str:
    """What a reader is told: of an image only the reason is known to whoever could not read it."""
    return f"This image cannot be used: {error}. Choose another file." if isinstance(error, BadImage) else str(error)


class SaidAlready(Exception):
    """A part of the page ends here; why, the reader has been told."""


@contextmanager
def errors_in_place() -> Iterator[None]:
    """Show what goes wrong inside where it went wrong, and go on below.

    An encoder that is still starting is no error: the page says so and goes on by itself.
    """
    try:
        yield
    except SaidAlready:
        return
    except EncoderWarming as waiting:
        warming(waiting)
    except EncoderStopped as stopped:
        encoder_stopped(stopped)
    except TMVError as error:
        st.info(plain(public(in_a_sentence(error))), icon=":material/info:")
    except Exception as error:
        if said := engine().cache_trouble(error):
            st.info(plain(public(said)), icon=":material/info:")
            return
        log.exception("a part of a page failed")
        st.caption(UNEXPECTED)


def safe_callback(
    action: Callable[..., object], *, at: str = "", then: Callable[[], object] | None = None
) -> Callable[..., None]:
    """A callback that does not break the page: what goes wrong in it is shown by `show_callback_error`, or, of a form
    that is named with `at`, by `show_form_error(at)`. `then` follows where nothing went wrong."""

    def callback(*args: object) -> None:
        st.session_state.pop(_form(at), None)
        try:
            action(*args)
        except TMVError as error:
            st.session_state[_form(at)] = public(in_a_sentence(error))
        except Exception as error:
            said = engine().cache_trouble(error)
            if not said:
                log.exception("a callback failed")
            st.session_state[_form(at)] = public(said) or UNEXPECTED
        else:
            if then is not None:
                then()

    return callback


def _form(at: str) -> str:
    return f"{TOLD}-{at}" if at else TOLD


def show_form_error(at: str) -> None:
    """What is wrong with what was written into this form, at the form, until it is right."""
    if message := st.session_state.get(_form(at), ""):
        st.error(plain(message), icon=":material/error:")


def open_box(key: str, value: str, at: str) -> None:
    """Open the text box `key` with `value`; what was typed there and refused, of the form `at`, stays to be mended."""
    if not (st.session_state.get(_form(at)) and key in st.session_state):
        st.session_state.pop(_form(at), None)
        st.session_state[key] = value


def forget_refused(forms: str) -> None:
    """What was refused of every form whose name begins like this is given up."""
    for key in [k for k in st.session_state if str(k).startswith(_form(forms))]:
        del st.session_state[key]


def show_callback_error() -> None:
    """Show what went wrong in a callback, once."""
    if message := st.session_state.pop(TOLD, ""):
        st.info(plain(message), icon=":material/info:")
