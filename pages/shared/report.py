"""Taking it away: studies as one HTML file, made only when it is asked for."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.report import Request, make_report
from pages.shared.prompt_picker import PromptChoice


def report_button(
    engine: Engine, models: Sequence[str], datasets: Sequence[str], how: PromptChoice, key: str = "why"
) -> None:
    """A button that saves a report of these models on these data sets: whatever of it the cache can answer."""

    def make() -> bytes:
        try:
            request = Request(models=tuple(models), datasets=tuple(datasets), split=how.split, **how.prompts)
            return make_report(engine, request).html
        except TMVError as error:
            return _sentence(str(error))

    st.download_button(
        "Report (HTML)",
        make,
        "report.html",
        "text/html",
        key=f"report-{key}",
        on_click="ignore",
        type="tertiary",
        icon=":material/description:",
        help="Figures, tables, mistakes, checks, protocol and provenance in one file that needs nothing else. It takes "
        "some seconds.",
    )


def _sentence(text: str) -> bytes:
    """A file that says why there is no report: the button cannot."""
    return f'<!doctype html><meta charset="utf-8"><title>No report</title><p>{html.escape(text)}</p>'.encode()
