"""Leaderboard: every model on every data set in one table, with bars, leaders and ties."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.leaderboard.figures import BY_NAME, FIGURES, BoardFigure
from core.tables.columns import LEADERS
from core.tables.leaderboard import board_frame, leaders_frame
from core.words.leaderboard import board_finding
from core.words.names import say_dataset, say_model
from pages.leaderboard.filled import filled
from pages.leaderboard.table import board_table
from pages.shared.columns import page_columns
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, page_title, provenance_footer, show_notes
from pages.shared.pickers import choice_row
from pages.shared.save import save_rows
from pages.shared.url_choices import one_of
from pages.shared.url_state import bind, get_choice
from pages.shared.widgets import multiselect, select
from pages.shared.words import plain

LEAD = "One figure for every model on every data set that is embedded here, each with its default prompts and split."


def page(engine: Engine) -> None:
    """The figure and the filter, the finding, the board, the leaders."""
    left, middle, right = choice_row([2, 2, 3])
    with left:
        figure = pick_figure()
    board, left_out = filled(engine, figure)
    models = sorted({m for m, _ in board})
    datasets = list(dict.fromkeys(d for _, d in board))
    with middle:
        wanted = str(st.text_input("Filter models", key="board-filter", placeholder="part of a name", live="300ms"))
    with right:
        datasets = pick_columns(datasets)
    models = [m for m in models if wanted.lower() in f"{m} {say_model(m)}".lower()]
    if not models or not datasets:
        _left_out(left_out)
        st.info(_nothing(figure, wanted, bool(board)), icon=":material/info:")
        return
    shown = {pair: score for pair, score in board.items() if pair[0] in models and pair[1] in datasets}
    leaders = leaders_frame(shown, datasets)
    conclusion(plain(board_finding(leaders)))
    frame = board_frame(shown, models, datasets).sort_values(["measured", "mean"], ascending=False, kind="stable")
    st.caption(
        f"{figure.title} · {count(len(models), 'model')} · {count(len(datasets), 'data set')} · click a heading "
        "to sort, a cell to see what is behind it"
    )
    board_table(engine, frame, shown, datasets)
    show_notes(list(shown.values()))
    _left_out(left_out)
    st.subheader("Leaders and ties", anchor=False)
    shares = leaders.assign(**{c: 100 * leaders[c] for c in ("value", "low", "high")})
    columns = page_columns(LEADERS)
    st.dataframe(shares[list(LEADERS)], column_config=columns, hide_index=True, alt="Leaders by data set")
    st.caption(
        "Tied: the 95 % interval of the difference from the leader includes zero, compared image by image where that "
        "is possible (otherwise the two intervals overlap). Not adjusted for the number of models."
    )
    with st.container(horizontal=True, gap="xsmall"):
        save_rows(frame, "leaderboard", key="board-csv", label="CSV of the board")
        save_rows(leaders, "leaders", key="leaders-csv", label="CSV of leaders")
    provenance_footer([], {"figure": [figure.name], "columns": get_choice("columns")}, why=False)


def _left_out(reasons: list[str]) -> None:
    if reasons:
        with st.expander(f"{count(len(reasons), 'result')} left out, and why"):
            st.markdown("\n".join(f"- {plain(reason)}" for reason in reasons))


def pick_figure() -> BoardFigure:
    """Which figure the board shows."""
    name = one_of("figure", [f.name for f in FIGURES], "acc1")
    select("figure", "Figure", {f.name: f"{f.method}: {f.title}" for f in FIGURES}, name)
    return BY_NAME[name]


def pick_columns(datasets: list[str]) -> list[str]:
    """The data sets to show; all where none is chosen."""
    asked = [d for d in get_choice("columns") if d in datasets]
    multiselect("columns", "Data sets", {d: say_dataset(d) for d in datasets}, asked, placeholder="All data sets")
    return asked or datasets


def _nothing(figure: BoardFigure, wanted: str, measured: bool) -> str:
    if measured:
        return f"No model here has “{plain(wanted)}” in its name; clear the filter to see all."
    where = (
        f"The page *{figure.where}* computes it."
        if figure.where
        else "Compute embeddings under [Data & models](data_and_models)."
    )
    return f"Nothing has been measured for this figure yet. {where}"


bind("figure", "columns")
page_title("Which model is best, and where?", LEAD)
with errors_in_place():
    page(engine())
