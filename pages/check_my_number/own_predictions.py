"""Predictions that someone brings: a table of answers or scores, or the figures of an evaluation, audited."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from pages.check_my_number.beside_field import beside_the_field
from pages.check_my_number.checks import checks, save_checks, show_audit
from pages.check_my_number.text_checks import text_checks
from pages.check_my_number.trial import trial
from pages.shared.brought import audited, brought, drop, example, forget, take_example
from pages.shared.guard import errors_in_place, safe_callback
from pages.shared.theme import on_stage
from pages.shared.words import plain


def shows_own() -> bool:
    """Whether the page has this part: a slide only where something was brought, since nothing is brought on stage."""
    return not on_stage() or brought() is not None


def own_predictions(engine: Engine) -> None:
    """The upload, and under it the audit of what is in it."""
    st.header("Your predictions", anchor=False)
    drop("own-predictions")
    if brought() is None and example(engine) is not None:
        st.button(
            "Try an example with a fault",
            key="own-example",
            icon=":material/science:",
            on_click=safe_callback(take_example),
            args=(engine,),
        )
    if (file := brought()) is None:
        return
    same = st.toggle(
        "Compare with the run of the model and data set below",
        value=False,
        key="own-same",
        help="Predictions are compared image by image with runs measured here, where there are any.",
    )
    with errors_in_place():
        results = audited(engine, file, same=same)
        if len(results) > 1:
            beside_the_field(file)
        for place, result in enumerate(results):
            st.subheader(plain(result.case.title if not place else f"{result.case.title} ({place + 1})"), anchor=False)
            show_audit(result, f"own-{place}")
            trial(engine, result, f"own-{place}", forget)
            checks(result, f"own-{place}")
            text_checks(engine, result, f"own-{place}", forget)
            save_checks(result, f"own-{place}")
