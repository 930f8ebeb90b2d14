"""Labels that are likely wrong, as a grid of images with the given and the suggested label."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.studies.data_quality.label_errors import LabelErrorsResult, LikelyLabelErrors
from core.tables.data_quality import label_errors_frame
from core.types import Place
from core.words.data_quality import label_errors_finding, label_errors_line, suspect_line
from pages.shared.grid import Tile, grid
from pages.shared.paging import paged
from pages.shared.picture import thumbnail
from pages.shared.prompt_picker import PromptChoice
from pages.shared.save import save_rows
from pages.shared.url_state import set_choice
from pages.shared.words import plain

PAGE = 16


def label_errors(engine: Engine, place: Place, how: PromptChoice) -> None:
    """The count with its estimate, and the images."""
    st.header("Likely label errors", anchor=False, help=label_errors_line())
    result = engine.run(LikelyLabelErrors(place=place, **how.prompts))
    st.markdown(plain(label_errors_finding(result)))
    rows = result.found.rows
    if not len(rows):
        return
    where, on_page = paged(len(rows), PAGE, "suspects")
    with where:
        grid(
            [_tile(engine, result, i) for i in range(len(rows))[on_page]],
            key="label-errors",
            tile=138,
            label="Images whose label is likely wrong",
            opened=lambda picture: set_choice("picture", picture),
            of=(result.dataset, result.split),
        )
    save_rows(label_errors_frame(result), "label-errors", key="csv-label-errors")


def _tile(engine: Engine, result: LabelErrorsResult, i: int) -> Tile:
    row, suggested = int(result.found.rows[i]), result.classnames[result.found.suggested[i]]
    label, name = result.classnames[result.labels[row]], result.ids[row]
    return Tile(
        id=name,
        thumbnail=thumbnail(engine, result.dataset, result.split, name),
        alt=suspect_line(label, suggested),
        caption=f"label: {label}",
        mark=f"suggested: {suggested}",
        label=label,
    )
