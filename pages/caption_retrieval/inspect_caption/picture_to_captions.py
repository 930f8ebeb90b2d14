"""The other way: a picture, and the captions that it finds."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from core.engine import Engine
from core.studies.captions.one_caption import CaptionHit, OnePictureResult
from core.studies.captions.study import one_picture
from core.tables.retrieval import captions_found_frame
from core.words.captions import own_captions_finding
from core.words.names import say_model
from pages.shared.layout import show_remarks
from pages.shared.save import save_rows
from pages.shared.words import plain

SHOWN = 10


def picture_to_captions(engine: Engine, models: Sequence[str], dataset: str, split: str, picture: str) -> None:
    """For each model the captions nearest to the picture, its own outlined."""
    results = [one_picture(engine, engine.place(m, dataset, split), picture=picture, k=SHOWN) for m in models]
    for start in range(0, len(results), 2):
        pair = results[start : start + 2]
        columns = st.columns(2, gap="large") if len(results) > 1 else [st.container()]
        for place, result in zip(columns[: len(pair)], pair, strict=True):
            with place, st.container(gap="xsmall"):
                st.markdown(f"**{plain(say_model(result.model))}**")
                st.caption(plain(own_captions_finding(result)))
                show_remarks(result.text_notes)
                st.html("".join(_line(hit, result) for hit in result.hits))
    save_rows(captions_found_frame(results), "captions-found", key="captions-found-csv")


def _line(hit: CaptionHit, result: OnePictureResult) -> str:
    """Rank, caption, score as a thin bar between the last and the first shown; its own outlined and named so."""
    outline = "currentColor" if hit.own else "transparent"
    word = " <strong>· its own</strong>" if hit.own else ""
    return (
        f'<div style="border: 2px solid {outline}; border-radius: 6px; padding: 0.25rem 0.5rem;">'
        '<div style="display: flex; justify-content: space-between; gap: 1rem;">'
        f"<span>{hit.rank} {escape(hit.text)}{word}</span>"
        f'<span style="font-variant-numeric: tabular-nums;">{hit.score:.3f}</span></div>'
        '<div style="height: 4px; background: rgba(128, 128, 128, 0.3); border-radius: 2px;">'
        f'<div style="height: 4px; width: {100 * float(np.clip(hit.score, 0, 1)):.1f}%; background: currentColor; '
        'border-radius: 2px;"></div></div></div>'
    )
