"""The parts of an answer, in the order in which every page reads: a question, the choices, large figures
with their interval and protocol, a sentence that states the finding, one chart, what is behind it, and
the foot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.stats.numbers import count, interval_text, percent
from core.studies.result import StudyResult
from core.types import Interval, Provenance
from core.words.accuracy import rule_line
from core.words.names import say_pair
from core.words.notes import FAULT, WARNING, Noted, notes_of, remarks_of
from pages.shared.engine import engine
from pages.shared.file_models import public_name
from pages.shared.page_actions import page_actions
from pages.shared.theme import on_stage, on_titled_slide
from pages.shared.url_state import address, too_long
from pages.shared.words import plain, unbroken

MOST_NOTES = 4
ROW, HEAD = 35, 38
"""Pixels of a row of a table, and of its heading."""
_actions: ContextVar[DeltaGenerator | None] = ContextVar("actions", default=None)
"""The place for what can be done with the view, at the top right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One large figure: `label` in words, `exact` the name behind it, `value` 0-1, `under` the protocol
    in a line, `explained` what its terms mean."""

    label: str
    value: float
    ci95: Interval
    under: str
    exact: str = ""
    explained: str = ""


def table_height(rows: int, most: int) -> int | Literal["content"]:
    """How high a table of so many rows is, which scrolls from `most` on. On a stage type and rows are larger, and what
    does not fit is taken away by the script of the stage, which knows the screen."""
    return "content" if on_stage() else HEAD + ROW * max(1, min(rows, most))


def page_title(text: str, lead: str = "") -> None:
    """What this page answers, at most one line of what to know first, and what of the address is too long to use."""
    _actions.set(None)
    if not on_titled_slide():
        _draw_title(text, lead)
    for problem in too_long():
        st.caption(plain(problem))


def _draw_title(text: str, lead: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="page-head"):
        st.title(text, anchor=False, width="content")
        _actions.set(st.container(horizontal=True, width="content", gap="xsmall", key="page-actions"))
    if lead:
        with st.container(key="page-lead"):
            st.markdown(lead)


def headlines(figures: Sequence[Headline], *, models: int = 0) -> None:
    """Two to four large figures side by side, of `models` in all: where these are more, that is said."""
    for place, figure in zip(st.columns(max(2, len(figures)))[: len(figures)], figures, strict=True):
        with place:
            headline(figure)
    not_all(len(figures), models)


def exact_help(model: str) -> str:
    """The exact name of a model for a tooltip, without paths of this server."""
    return public_name(engine(), model)


def not_all(shown: int, models: int) -> None:
    """That large figures are those of the first few models."""
    if models > shown:
        st.caption(f"The first {shown} of {count(models, 'model')}, in the order chosen above; the chart shows all.")


def headline(figure: Headline) -> None:
    """One large figure with its interval and protocol."""
    with st.container(gap="xxsmall"):
        st.metric(plain(figure.label), percent(figure.value), help=exact_help(figure.exact) or None)
        st.caption(f"95 %: {interval_text(figure.ci95)} · {plain(figure.under)}", help=figure.explained or None)


def conclusion(sentence: str, of: Sequence[Noted] = (), *, remarks: bool = True, explained: str = "") -> None:
    """The sentence a reader takes home, and under it what stands beside the numbers it is `of`; without `remarks` only
    faults and warnings. `explained` is what a word of it means, for its tooltip. Markdown: escape names with
    `words.plain`."""
    st.header(unbroken(sentence), anchor=False, help=explained or None)
    show_notes(of, remarks=remarks)


def show_notes(results: Sequence[Noted], *, remarks: bool = True) -> None:
    """Every note of these results once, faults first, with its model and data set where it is not true of all."""
    said = notes_of(results)
    for level, box, icon in ((FAULT, st.error, ":material/error:"), (WARNING, st.warning, ":material/warning:")):
        if found := [plain(text) for of, text in said if of == level]:
            box(found[0] if len(found) == 1 else "\n".join(f"- {text}" for text in found), icon=icon)
    if remarks:
        show_quiet_notes(results)


def show_quiet_notes(results: Sequence[Noted]) -> None:
    """The explanations alone, for a page whose finding leaves no room for them."""
    show_remarks(*remarks_of(results))


def show_remarks(quiet: Sequence[str], aside: Sequence[str] = ()) -> None:
    """Explanations in small letters, the first few open, those `aside` closed."""
    for text in quiet[:MOST_NOTES]:
        st.caption(plain(text))
    if rest := [*quiet[MOST_NOTES:], *aside]:
        more = "more note" if len(quiet) > MOST_NOTES else "note"
        with st.expander(f"{count(len(rest), more)} about these numbers"):
            for text in rest:
                st.caption(plain(text))


WHY = "pages/check_my_number/page.py"


def sources(results: Iterable[StudyResult]) -> list[tuple[str, Provenance]]:
    """Where the numbers of these results come from, by model and data set."""
    return [(say_pair(r.model, r.dataset), r.provenance) for r in results]


def provenance_footer(
    provenances: Sequence[tuple[str, Provenance]], choices: Mapping[str, Sequence[str]], *, why: bool = True
) -> None:
    """Where the numbers come from, and a link that brings anyone to the same view; with `why` the way to the page that
    checks them."""
    if why and provenances:
        st.page_link(
            WHY,
            label="Check my number",
            icon=":material/fact_check:",
            help="Every check on the first of these numbers, and what it would be under other choices",
        )
    if choices and (place := _actions.get()) is not None:
        with place:
            page_actions(choices)
    box = st.expander("Provenance and link", on_change="rerun", key="foot")
    if not box.open:
        return
    with box:
        if link := address(choices):
            st.code(f"{(st.context.url or '').partition('?')[0]}?{link}", language=None, wrap_lines=True)
            st.caption("Every choice is spelled out, so the link shows the same on any machine that has this data.")
        for name, provenance in provenances:
            st.markdown(f"**{plain(name)}**")
            provenance_table(provenance, f"Provenance of {name}")


def provenance_table(provenance: Provenance, alt: str) -> None:
    """Weights, pictures, preprocessing, precision, software and date behind a number."""
    kept = ("size", "interpolation", "resize_mode")
    rows = {
        "Weights": provenance.model_digest[:16],
        "Images": provenance.data_digest[:16],
        "Preprocessing": " · ".join(f"{k} {v}" for k, v in provenance.preprocessing.items() if k in kept),
        "Precision, device": f"{provenance.precision} on {provenance.device}",
        **({"Trained with": rule} if (rule := rule_line(provenance.score_rule)) else {}),
        "Software": " · ".join(f"{k} {v}" for k, v in provenance.versions.items()),
        "Embedded": provenance.date[:16].replace("T", " ") + " UTC",
        "Skipped images": f"{provenance.skipped:,}",
    }
    if remarks := (*provenance.data_notes, *provenance.notes):
        rows["Remarks"] = " · ".join(remarks)
    st.table(
        {key: plain(value) for key, value in rows.items()},
        border="horizontal",
        width="content",
        alt=public_name(engine(), alt),
    )
