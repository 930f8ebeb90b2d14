"""Behind the lists: what moved between two of them, how scores spread, every list in a table, one picture."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.pictures import moved_chart, spread_chart
from core.engine import Engine
from core.studies.pictures.lists import ListComparison
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import label_of, rank_of
from core.tables.pictures import hits_frame, lists_frame, moved_frame, spread_frame
from core.words.names import say_model, short_names
from core.words.pictures import AGREEMENT, models_share, questions_keep, right_or_stands_out
from pages.prompt_study.prompt_results.picture_lists import Compared, as_sheet
from pages.prompt_study.questions import BEFORE, MODELS
from pages.shared.chart import draw
from pages.shared.columns import percent_column
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.save import save_rows, save_sheet
from pages.shared.theme import chart_look, theme
from pages.shared.url_choices import one_of
from pages.shared.url_state import set_choice
from pages.shared.widgets import select
from pages.shared.words import plain

WORDS = "pages/prompt_study/word_importance/page.py"


# --- one question, closer ---------------------------------------------------------------------------------


def closer(compared: Compared) -> None:
    """Two charts of one question, folded: what moved, and how far the pictures found stand out."""
    with st.expander("Rank changes and scores of one prompt", key="open-closer"):
        _closer(compared)


def _closer(compared: Compared) -> None:
    place = _pick_question(compared)
    row, comparisons = compared.rows[place], compared.against[place]
    left, right = st.columns(2, gap="large")
    with left:
        comparison = next((c for c in reversed(comparisons) if c is not None), None)
        if comparison is None:
            st.caption("This is the list that the others are compared with; choose another prompt.")
        else:
            a, b = _names(comparison, compared.how)
            chart = moved_chart(moved_frame(comparison), a=a, b=b, **chart_look())
            draw(chart, key="chart-moved", picked=lambda mark: set_choice("hit", str(mark[0])))
    with right:
        draw(spread_chart(spread_frame(row), **chart_look()), key="chart-spread")


def _pick_question(compared: Compared) -> int:
    titles = [row[0].query.words for row in compared.rows]
    usual = next((q for q, row in enumerate(compared.against) if any(row)), 0)
    place = titles.index(one_of("closer", titles, titles[usual], "one of the prompts above"))
    if len(titles) > 1:
        select("closer", "Prompt", titles, titles[place])
    return place


def _names(comparison: ListComparison, how: str) -> tuple[str, str]:
    if how == MODELS:
        first, second = short_names([comparison.a, comparison.b])
        return first, second
    return f"“{comparison.a}”", f"“{comparison.b}”"


# --- tables -----------------------------------------------------------------------------------------------


def tables(compared: Compared) -> None:
    """Every list in a line, with what can be saved."""
    box = st.expander("All lists as a table", on_change="rerun", key="open-lists")
    if not box.open:
        return
    frame = with_comparisons(compared)
    share = st.column_config.NumberColumn
    columns = [
        "query",
        "model_title",
        "precision",
        "base_rate",
        "overlap",
        "rbo",
        "first_score",
        "last_score",
        "classes",
    ]
    rows = frame.assign(**{c: 100 * frame[c].astype(float) for c in ("precision", "base_rate", "overlap")})
    with box:
        st.dataframe(
            rows[columns].dropna(axis="columns", how="all"),
            hide_index=True,
            alt="Every list with its precision, its overlap and its scores",
            key="lists-table",
            column_config={
                "query": st.column_config.TextColumn("Prompt", width="large"),
                "model_title": "Model",
                "precision": share("Precision", format="%.0f %%", help="Of the images shown"),
                "base_rate": percent_column("Chance"),
                "overlap": share("Overlap", format="%.0f %%", help="With the list that it is compared with"),
                "rbo": share("Agreement", format="%.2f", help=AGREEMENT),
                "first_score": share("First score", format="%.3f"),
                "last_score": share("Last score", format="%.3f"),
                "classes": "Relevant classes",
            },
        )
        save_rows(frame, "lists", key="lists-csv")


def with_comparisons(compared: Compared) -> pd.DataFrame:
    """`lists_frame` with the overlap and rank-biased overlap with what each list is compared with."""
    pairs = [c for row in compared.against for c in row]
    return lists_frame(compared.lists).assign(
        compared_with=["" if c is None else c.a for c in pairs],
        overlap=pd.Series([None if c is None else c.overlap for c in pairs], dtype=float),
        rbo=pd.Series([None if c is None else c.rbo for c in pairs], dtype=float),
    )


def save_pictures(engine: Engine, compared: Compared) -> None:
    """Every picture of every list as rows, and the lists as they look."""
    mode = theme()
    with st.container(horizontal=True):
        save_rows(hits_frame(compared.lists), "pictures", key="hits-csv")
        save_sheet(lambda: as_sheet(engine, compared, mode), "pictures", key="hits-png")


# --- findings ---------------------------------------------------------------------------------------------


def finding_of(compared: Compared) -> str:
    """What the lists say together, in one sentence."""
    pairs = [c for row in compared.against for c in row if c is not None]
    if not pairs:
        return right_or_stands_out([result for row in compared.rows for result in row])
    k = pairs[0].k
    if compared.how == MODELS:
        firsts = [row[1] if len(row) > 1 else row[0] for row in compared.against]
        kept = [len(c.kept) for c in firsts if c is not None]
        return models_share(kept, k, [result.model for result in compared.rows[0][:2]])
    return questions_keep([len(c.kept) for c in pairs], k, step=compared.how == BEFORE)


# --- one picture ------------------------------------------------------------------------------------------


def found_dialog(engine: Engine, lists: Sequence[PicturesResult], picture_id: str, choice: str) -> None:
    """The whole picture over the page, with its rank and score for every question and model."""
    first = lists[0]

    def beside() -> None:
        for line in label_of(engine, first, picture_id):
            st.markdown(plain(line))
        _places(engine, lists, picture_id)
        st.page_link(
            WORDS,
            label="Which words matter?",
            icon=":material/arrow_forward:",
            query_params={"text": first.query.texts[0], "target": picture_id},
        )

    opened = OpenedImage(dataset=first.dataset, split=first.split, id=picture_id, choice=choice, model=first.model)
    image_dialog(engine, opened, beside)


def _places(engine: Engine, lists: Sequence[PicturesResult], picture_id: str) -> None:
    places = [rank_of(engine, result, picture_id) for result in lists]
    st.dataframe(
        pd.DataFrame(
            {
                "Prompt": [r.query.words for r in lists],
                "Model": [say_model(r.model) for r in lists],
                "Rank": [rank for rank, _ in places],
                "Score": [score for _, score in places],
            }
        ),
        hide_index=True,
        alt="Rank and score of this image in every list",
        column_config={"Score": st.column_config.NumberColumn(format="%.3f")},
    )
