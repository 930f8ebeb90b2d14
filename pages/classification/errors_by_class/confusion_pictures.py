"""The pictures behind a number: those of one class, of one cell of the confusion table, or all mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine import Engine
from core.stats.numbers import count
from core.studies.zero_shot.classify import ZeroShotResult
from pages.shared.grid import grid
from pages.shared.paging import paged
from pages.shared.picture import answered_tile
from pages.shared.url_choices import A_CLASS, class_tokens, one_of
from pages.shared.url_state import set_choice
from pages.shared.widgets import select, widget_key
from pages.shared.words import plain

RIGHT, WRONG, ANY, ANY_CLASS = "*right", "*wrong", "", "*any"
PAGE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionCell:
    """Which pictures: of a true class (None: all), with this answer (a label, RIGHT, WRONG or ANY)."""

    true: int | None
    answer: int | str


def chosen_cell(result: ZeroShotResult) -> ConfusionCell:
    """What the address asks for; all mistakes where it asks for nothing that exists."""
    places = {token: label for label, token in enumerate(class_tokens(result.classnames))}
    true = one_of("true", (*places, ANY_CLASS), ANY, A_CLASS, "any class is shown")
    answer = one_of("predicted", (*places, RIGHT, WRONG), ANY, f"{A_CLASS}, {RIGHT} or {WRONG}", "any answer is shown")
    label = places.get(true)
    said: int | str = answer if answer in (RIGHT, WRONG) else places.get(answer, ANY)
    return ConfusionCell(true=label, answer=WRONG if label is None and said == ANY and not true else said)


def show_cell(result: ZeroShotResult, true: int | None, predicted: int | None) -> None:
    """Callback: look at the pictures of this cell, or of this class."""
    tokens = class_tokens(result.classnames)
    set_choice("true", None if true is None else tokens[true])
    set_choice("predicted", None if predicted is None else tokens[predicted])
    st.session_state["page"] = 1


def pick_cell(result: ZeroShotResult, now: ConfusionCell) -> None:
    """The same choice as a click into a chart, for the keyboard."""
    tokens = class_tokens(result.classnames)
    classes = dict(zip(tokens, tokens, strict=True))
    answers = {ANY: "any class", RIGHT: "the correct class", WRONG: "another class", **classes}
    left, right = st.columns(2)
    with left:
        select(
            "true",
            "Images of",
            [ANY, *tokens],
            ANY if now.true is None else tokens[now.true],
            on_change=_picked,
            format_func=lambda t: t or "any class",
        )
    with right:
        select(
            "predicted",
            "classified as",
            answers,
            tokens[now.answer] if isinstance(now.answer, int) else now.answer,
            on_change=_picked,
        )


def _picked() -> None:
    for name in ("true", "predicted"):
        set_choice(name, st.session_state[widget_key(name)])
    if not st.session_state[widget_key("true")] and not st.session_state[widget_key("predicted")]:
        set_choice("true", ANY_CLASS)
    st.session_state["page"] = 1


def rows_of(result: ZeroShotResult, cell: ConfusionCell) -> NDArray[np.int64]:
    """The rows of a cell, the surest answers first."""
    keep = np.ones(result.n, dtype=bool) if cell.true is None else result.labels == cell.true
    if isinstance(cell.answer, int):
        keep &= result.predicted == cell.answer
    elif cell.answer in (RIGHT, WRONG):
        keep &= result.correct == (cell.answer == RIGHT)
    rows = np.flatnonzero(keep)
    return rows[np.argsort(-result.top5_probability[rows, 0], kind="stable")]


def title(result: ZeroShotResult, cell: ConfusionCell, n: int) -> str:
    """What the grid shows, in words."""
    whose = "images" if cell.true is None else f"images of {result.classnames[cell.true]}"
    if isinstance(cell.answer, int):
        return f"{n:,} {whose} classified as {result.classnames[cell.answer]}"
    named = {RIGHT: " correct", WRONG: " misclassified", ANY: ""}[cell.answer]
    return f"{n:,} {whose}{named}"


def pictures(engine: Engine, result: ZeroShotResult) -> None:
    """The grid of the chosen cell, a page at a time; a click opens one picture."""
    cell = chosen_cell(result)
    rows = rows_of(result, cell)
    st.header(plain(title(result, cell, len(rows))), anchor=False)
    pick_cell(result, cell)
    if not len(rows):
        st.caption("No images in this cell. Choose another class or prediction.")
        return
    place, on_page = paged(len(rows), PAGE, "page")
    with place:
        grid(
            [answered_tile(engine, result, int(row)) for row in rows[on_page]],
            key="cell-grid",
            tile=138,
            label=title(result, cell, len(rows)),
            opened=lambda picture: set_choice("picture", picture),
            of=(result.dataset, result.split),
        )
    if len(rows) > PAGE:
        st.caption(f"{count(len(rows), 'image')}, most confident first.")
