"""The table of templates, and one picture under each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.stats.numbers import interval_text
from core.studies.prompts.accuracy import PromptStudyResult
from core.tables.columns import TEMPLATES
from core.words.names import say_model
from core.words.prompts import say_template
from pages.shared.columns import page_columns, percent_column
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.save import save_rows
from pages.shared.words import plain

Shown = Callable[[str, str, str], None]
SHARES = ("acc1", "acc5", "mean_per_class_recall", "deck_acc1")


def template_table(frame: pd.DataFrame, shown: Shown) -> None:
    """Every template of every study with its interval and its paired difference; a row leads to what it changes."""
    box = st.expander("All figures as a table", on_change="rerun", key="open-templates")
    if not box.open:
        return

    def clicked() -> None:
        row = frame.iloc[st.session_state["template-changes"].row]
        shown(row["model"], row["classnames"], row["template"])

    rows = frame.assign(
        **{c: 100 * frame[c].astype(float) for c in SHARES},
        interval=[interval_text(p) for p in zip(frame["acc1_low"], frame["acc1_high"], strict=True)],
        difference=100 * frame["difference"].astype(float),
        difference_95=[_difference_text(r) for _, r in frame.iterrows()],
        changes="What changes",
    )
    columns = ["model_title", "classnames", "template_title", "acc1", "interval", "difference", "difference_95"]
    columns += ["p_value", "p_holm", "gained", "lost", "acc5", "mean_per_class_recall", "deck_acc1", "changes"]
    with box:
        st.dataframe(
            rows[columns].dropna(axis="columns", how="all"),
            hide_index=True,
            key="template-table",
            alt="Accuracy and paired difference of each template",
            column_config=_columns(clicked),
        )
        save_rows(frame, "templates", key="template-table-csv")


def _difference_text(row: pd.Series) -> str:
    if pd.isna(row["difference"]):
        return ""
    return f"{100 * row['difference_low']:+.1f} to {100 * row['difference_high']:+.1f}".replace("-", "−")


def _columns(clicked: Callable[[], None]) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        **page_columns(TEMPLATES),
        "classnames": "Class names",
        "template_title": st.column_config.TextColumn("Template", width="medium"),
        "interval": "95 %",
        "difference_95": "95 % of points",
        "gained": number("Gained", format="localized"),
        "lost": number("Lost", format="localized"),
        "mean_per_class_recall": percent_column("Mean recall", help="Mean per-class recall"),
        "changes": st.column_config.ButtonColumn("Changes", key="template-changes", on_click=clicked),
    }


# --- one picture ------------------------------------------------------------------------------------------


def template_dialog(engine: Engine, study: PromptStudyResult, picture_id: str, choice: str) -> None:
    """The whole picture over the page, with what each template names it."""
    row = study.ids.index(picture_id)
    opened = OpenedImage(dataset=study.dataset, split=study.split, id=picture_id, choice=choice, model=study.model)
    image_dialog(engine, opened, lambda: _named_by_each(study, row))


def _named_by_each(study: PromptStudyResult, row: int) -> None:
    true = study.classnames[study.labels[row]]
    st.markdown(f"**{plain(say_model(study.model))}** · true class **{plain(true)}**")
    named = [study.classnames[t.answers.predicted[row]] for t in study.every]
    right = [bool(t.answers.correct[row]) for t in study.every]
    st.dataframe(
        pd.DataFrame(
            {
                "Template": [say_template(t.name) for t in study.every],
                "Prediction": [
                    f"{name} · correct" if is_right else name for name, is_right in zip(named, right, strict=True)
                ],
                "Score": [float(t.answers.best[row]) for t in study.every],
            }
        ),
        hide_index=True,
        alt="Prediction of each template for this image",
        column_config={"Score": st.column_config.NumberColumn(format="%.3f", help="Cosine with that class")},
    )
    st.caption(f"{sum(right)} of {len(right)} templates classify it correctly.")
