"""Is your number wrong? A table of predictions is dropped here, and the answer stands beside it at once."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import interval_text, percent
from core.studies.audit import AuditResult
from pages.shared.brought import audited, brought, drop, example, take_example
from pages.shared.guard import errors_in_place, safe_callback
from pages.shared.words import plain

PAGE = "pages/check_my_number/page.py"


def own_number(engine: Engine) -> None:
    """The upload, an example one press away, and what is wrong with what came."""
    st.header("Is your number wrong?", anchor=False)
    st.markdown("Drop your predictions: a CSV with image, label and prediction.")
    drop("home-predictions")
    if example(engine) is not None:
        st.button(
            "Try an example with a fault",
            key="home-example",
            icon=":material/science:",
            on_click=safe_callback(take_example),
            args=(engine,),
            help="Predictions of the demo with every class number shifted by one, as two lists of classes may cause.",
        )
    st.page_link(PAGE, label="Check my number", icon=":material/fact_check:", help="Every check, on any number")
    if (file := brought()) is None:
        return
    with errors_in_place():
        results = audited(engine, file, same=False)
        if not results:
            raise TMVError(f"{file.name} holds no predictions; a CSV with image, label and prediction is expected.")
        _answer(results[0])


def _answer(result: AuditResult) -> None:
    value, gain = result.case.acc1, result.best_gain
    if value is not None:
        before, after = st.columns(2)
        before.metric("Accuracy as it came", percent(value))
        if gain is not None:
            after.metric("Would be", percent(gain.value), help=gain.said)
            st.caption(f"95 %: {interval_text(gain.ci95)} · {plain(gain.said)}")
    st.markdown(f"**{plain(result.sentence)}**")
