"""Images that look nearly the same to the model, side by side, and the number without them."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Mapping
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.studies.data_quality.near import NearDuplicates, NearResult
from core.studies.probe.splits import TRAIN
from core.tables.data_quality import near_frame
from core.types import Place
from core.words.data_quality import near_finding, near_line, pair_line
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch
from pages.shared.paging import paged
from pages.shared.picture import thumbnail
from pages.shared.save import save_rows
from pages.shared.words import plain

PAGE = 9
KINDS = {"within": "both in this split", "training": "the second one is a training image"}
TITLE = "Images that look nearly the same"


def near_duplicates(engine: Engine, place: Place) -> None:
    """What was found, at once where that is quick, else as a job."""
    st.header(TITLE, anchor=False)
    study = NearDuplicates(place=place)
    result = engine.run(study) if study.quick(engine) else engine.kept(study)
    if result is None:
        _offer(engine, study)
        return
    st.markdown(plain(near_finding(result)))
    st.caption(plain(near_line(result)))
    frame = near_frame(result)
    if frame.empty:
        return
    where, on_page = paged(len(frame), PAGE, "near")
    with where:
        st.html(_pairs(engine, result, frame.iloc[on_page]))
    save_rows(frame, "near-duplicates", key="csv-near")


def _offer(engine: Engine, study: NearDuplicates) -> None:
    """A button that starts the job, and its progress."""
    if any(job.live for job in watch(engine, [study.job_key()])):
        return
    st.button(
        "Find near-duplicates",
        key="find-near",
        icon=":material/difference:",
        on_click=safe_callback(engine.submit),
        args=(study,),
        help="Compares the stored vectors of all images with each other and with those of the training split.",
    )


def _pairs(engine: Engine, result: NearResult, rows: pd.DataFrame) -> str:
    tiles = "".join(_pair(engine, result, row) for row in rows.to_dict("records"))
    columns = "repeat(auto-fill, minmax(min(100%, 16rem), 1fr))"
    return f'<div style="display: grid; gap: 1rem; grid-template-columns: {columns};">{tiles}</div>'


def _pair(engine: Engine, result: NearResult, row: Mapping[Hashable, Any]) -> str:
    kind, same = str(row["kind"]), row["same"]
    split = TRAIN if kind == "training" else result.split
    images = _image(engine, result, result.split, str(row["id"])) + _image(engine, result, split, str(row["other"]))
    line = pair_line(float(row["cosine"]), None if same is None or pd.isna(same) else bool(same))
    return (
        f'<figure style="margin: 0; min-width: 0;"><div style="display: flex; gap: 2px;">{images}</div>'
        f'<figcaption style="font-size: 0.875rem; overflow-wrap: anywhere;">{escape(line)}<br>'
        f'<span style="opacity: 0.75;">{escape(KINDS[kind])}: {escape(str(row["id"]))}, {escape(str(row["other"]))}'
        "</span></figcaption></figure>"
    )


def _image(engine: Engine, result: NearResult, split: str, name: str) -> str:
    box = "width: 50%; aspect-ratio: 1; object-fit: cover; border-radius: 6px;"
    content = thumbnail(engine, result.dataset, split, name)
    if not content:
        return f'<div style="{box} outline: 1px solid; opacity: 0.5; padding: 0.5rem;">not on this machine</div>'
    source = "data:image/webp;base64," + base64.b64encode(content).decode()
    return f'<img src="{source}" alt="{escape(name, quote=True)}" style="{box}">'
