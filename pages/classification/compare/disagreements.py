"""The pictures on which two sides part, both ways, as grids that open a picture with both sides' answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.result import Answered
from core.tables.compare import disagreements_frame
from pages.classification.compare.paired import AnsweredPair, SideNames
from pages.shared.answered_dialog import answered_dialog
from pages.shared.grid import Tile, grid
from pages.shared.guard import errors_in_place
from pages.shared.paging import paged
from pages.shared.picture import thumbnail
from pages.shared.save import save_rows
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import set_choice
from pages.shared.words import plain

PAGE = 10


def disagreements(engine: Engine, pair: AnsweredPair, names: SideNames, short: SideNames) -> None:
    """What exactly one side names right, the surest mistakes of the other first."""
    frame = disagreements_frame(*pair)
    st.header("Where do they disagree?", anchor=False)
    if frame.empty:
        st.caption("Nowhere: both classify the same images correctly.")
        return
    frame = frame.assign(sure=_surety(pair, frame))
    for place, side, name, other in zip(st.columns(2, gap="large"), "ab", short, short[::-1], strict=True):
        rows = frame[frame["right"] == side].sort_values("sure", ascending=False, kind="stable")
        with place, errors_in_place():
            _column(engine, pair[0], rows, side, name, other)
    save_rows(frame, "parted", key="csv-parted")
    both = set(pair[0].ids) & set(pair[1].ids)
    if picture := one_of("parted", both, "", A_PICTURE, NONE_OPENED):
        answered_dialog(engine, pair, picture, "parted", names)


def _surety(pair: AnsweredPair, frame: pd.DataFrame) -> np.ndarray:
    """Probability of the wrong answer, for each picture that one side names wrong."""
    places = [{picture: i for i, picture in enumerate(result.ids)} for result in pair]
    wrong = np.where(frame["right"] == "a", 1, 0)
    return np.array(
        [
            pair[side].top5_probability[places[side][picture], 0]
            for side, picture in zip(wrong, frame["id"], strict=True)
        ]
    )


def _column(engine: Engine, result: Answered, rows: pd.DataFrame, side: str, name: str, other: str) -> None:
    st.markdown(f"**{plain(name)}** is correct, **{plain(other)}** is not: {count(len(rows), 'image')}")
    if rows.empty:
        st.caption("No images.")
        return
    place, on_page = paged(len(rows), PAGE, f"page_{side}")
    wrong = "b" if side == "a" else "a"
    with place:
        grid(
            [_tile(engine, result, row, wrong) for _, row in rows.iloc[on_page].iterrows()],
            key=f"parted-{side}",
            label=f"Images that only {name} classifies correctly",
            tile=104,
            opened=lambda picture: set_choice("parted", picture),
            of=(result.dataset, result.split),
        )
    if len(rows) > PAGE:
        st.caption("Most confident errors first.")


def _tile(engine: Engine, result: Answered, row: pd.Series, wrong: str) -> Tile:
    true, named, rank = str(row["true_name"]), str(row[f"answer_{wrong}"]), int(row[f"rank_{wrong}"])
    return Tile(
        id=str(row["id"]),
        thumbnail=thumbnail(engine, result.dataset, result.split, str(row["id"])),
        alt=f"{true}, misclassified as {named}; the correct class is at rank {rank}",
        caption=f"not {named}",
        mark=true,
        label=true,
        score=float(row["sure"]),
        score_text=f"{row['sure']:.2f}",
    )
