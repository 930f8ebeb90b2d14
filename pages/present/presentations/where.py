"""The zero-shot figures of the original study beside published ones and what checkpoints as good elsewhere get."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.deck.scenes import where_figures
from core.engine import Engine
from core.words.field import where_said
from pages.shared.beside_expected import PLACES, band, where_table
from pages.shared.save import save_rows
from pages.shared.words import plain

VERDICTS = {"fault": "fault", "warning": "warning", "ok": "nothing raised", "cannot tell": "nothing raised"}


def where_its_figures_are(engine: Engine) -> None:
    """A sentence, and a row for each figure."""
    frame = where_figures(engine)
    cells = list(frame[["model_title", "dataset_title", "place", "verdict"]].itertuples(index=False, name=None))
    st.markdown(f"**{plain(where_said(cells, 'the original study'))}**")
    shares = pd.DataFrame(
        {
            "Model": frame["model_title"],
            "Data set": frame["dataset_title"],
            "Value": 100 * frame["value"],
            "Published": 100 * frame["published"].astype(float),
            "Difference": (100 * frame["difference"].astype(float)).round(1) + 0.0,
            "Expected": [band(low, high) for low, high in zip(frame["low"], frame["high"], strict=True)],
            "It is": frame["place"].map(PLACES),
            "Checks": frame["verdict"].map(VERDICTS),
        }
    )
    where_table(shares, "Zero-shot figures of the original study beside published and expected ones")
    save_rows(frame, "original-study-among-published", key="where-csv")
