"""A report of what is here: which models on which data sets go into it."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.words.names import say_dataset, say_model
from pages.shared.prompt_picker import PromptChoice
from pages.shared.report import report_button
from pages.shared.stored import real_first, stored_pairs

MOST = 8


def show(engine: Engine) -> None:
    """Two choices and a button; nothing where no vectors are here."""
    stored = stored_pairs(engine)
    if not stored.pairs:
        return
    st.header("Export", anchor=False)
    st.caption(
        "A report is one HTML file with figures, tables, errors, checks and provenance, readable offline and "
        "printable. To take the embeddings themselves to another machine, mark them above and export a bundle."
    )
    first, second, button = st.columns([4, 4, 2], vertical_alignment="bottom")
    models = first.multiselect(
        "Models",
        stored.models,
        default=real_first(stored.models)[:MOST],
        key="report-models",
        format_func=say_model,
        max_selections=MOST,
    )
    data = second.multiselect(
        "Data sets",
        stored.datasets,
        default=real_first(stored.datasets)[:MOST],
        key="report-data",
        format_func=say_dataset,
        max_selections=MOST,
    )
    with button:
        if models and data:
            report_button(engine, models, data, PromptChoice(), "library")
