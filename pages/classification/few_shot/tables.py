"""Behind the few-shot curves: every point with its spread and settings, and how settings are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.stats.numbers import count, listed
from core.studies.few_shot.result import FewShotResult
from core.tables.columns import FEW_SHOT, FEW_SHOT_SETTINGS
from core.tables.few_shot import draws_frame, few_shot_frame
from core.words.names import say_dataset
from pages.shared.columns import page_columns, source_column
from pages.shared.paging import paged
from pages.shared.save import save_rows
from pages.shared.words import plain

SHOWN = ("model_title", "method_title", "shots", "acc1_mean", "acc1_std", "published", "published_url")
"""The rest is one press away, in the menu of columns."""
TABLE = (*SHOWN, "lowest", "highest", "draws", *FEW_SHOT_SETTINGS)
ROWS = 48
SHARES = ("acc1_mean", "acc1_std", "lowest", "highest", "published")


def few_shot_tables(results: Sequence[FewShotResult]) -> None:
    """Every point with its spread and settings; every single draw as a file; how the settings came about."""
    box = st.expander("Every point as a table", on_change="rerun", key="open-points")
    if box.open:
        with box:
            _points(few_shot_frame(results))
    save_rows(draws_frame(results), "few-shot-draws", key="csv-draws", label="CSV of every draw")
    box = st.expander("How settings are chosen", on_change="rerun", key="open-settings")
    if box.open:
        with box:
            _settings(results[0])


def _points(frame: pd.DataFrame) -> None:
    """A page of the points at a time, each page whole."""
    shown = frame.assign(**{name: 100 * frame[name].astype(float) for name in SHARES})
    shown["published_difference"] = 100 * frame["published_difference"].astype(float)
    shown = shown[list(TABLE)].replace("", None).dropna(axis="columns", how="all")
    place, rows = paged(len(shown), ROWS, "points-page")
    place.dataframe(
        shown.iloc[rows],
        hide_index=True,
        key="few-shot-table",
        height="content",
        alt="Accuracy of each method with each number of images per class",
        placeholder="",
        column_order=[name for name in SHOWN if name in shown],
        column_config={**page_columns(FEW_SHOT | FEW_SHOT_SETTINGS), "published_url": source_column()},
    )
    save_rows(frame, "few-shot", key="csv-points")


def _settings(result: FewShotResult) -> None:
    details = result.protocol.details
    rows = {
        "Trained on": str(details["shots"]),
        "Fewer images": str(details["fewer"]),
        "Chosen on": f"{details['validation']}; here {listed([f'{n:,}' for n in details['n_validation']])} images",
        "Linear probe": str(details["probe"]),
        "Tip-Adapter": str(details["tip"]),
        "Tip-Adapter-F": str(details["tip-f"]),
        "Spread": str(details["spread"]),
        "Clearly ahead": "by more than the spread over the draws, and the 95 % interval of the mean over the draws "
        "minus zero-shot, paired over the test images, excludes zero",
        "Prompts": " | ".join(result.zero_shot.templates[:6]),
        "Tested on": f"{count(result.n, 'image')} of {say_dataset(result.dataset)}, {result.split} split",
        "Training embeddings": f"{result.train_key.split} split, embeddings {result.train_key.fingerprint}",
    }
    st.table({k: plain(v) for k, v in rows.items()}, border="horizontal", alt="How few-shot settings are chosen")
