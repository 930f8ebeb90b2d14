"""All that the field knows of one checkpoint, over the page: what it is, and its figures beside what to expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pandas as pd
import streamlit as st

from core.catalog.field import Checkpoint, checkpoints, field_sets, find_checkpoint
from core.engine import Engine
from core.stats.numbers import percent
from core.studies.field.own import OwnFigure
from core.studies.field.ranking import standings
from core.tables.field import card_frame
from core.words.field import card_said
from core.words.names import say_model, shown_together
from pages.shared.layout import table_height
from pages.shared.navigation import all_to_library
from pages.shared.save import save_rows
from pages.shared.url_choices import one_of
from pages.shared.url_state import set_choice
from pages.shared.words import plain

CARD = "card"
MOST_ROWS = 12
PLACES = {"below": "below", "inside": "as expected", "above": "above"}


@cache
def model_titles() -> Mapping[str, str]:
    """Exact name -> the name on the page, of every checkpoint."""
    names = [each.name for each in checkpoints()]
    with shown_together(models=names):
        return {name: say_model(name) for name in names}


def picked_card(point: Sequence[object]) -> None:
    """Callback: open the card of the checkpoint whose mark or cell was clicked; one's own model may have none."""
    if point and find_checkpoint(str(point[0])) is not None:
        set_choice(CARD, str(point[0]))


def open_card(engine: Engine, own: Sequence[OwnFigure]) -> None:
    """The card that the address names, if any."""
    name = one_of(CARD, list(model_titles()), "", "a checkpoint of the field")
    if name:
        _dialog(checkpoints()[list(model_titles()).index(name)], own)


def _closed() -> None:
    set_choice(CARD, None)


def _dialog(checkpoint: Checkpoint, own: Sequence[OwnFigure]) -> None:
    @st.dialog(plain(model_titles()[checkpoint.name]), width="large", on_dismiss=_closed)
    def show() -> None:
        frame = card_frame(checkpoint, own)
        board = standings(field_sets())
        rank = int(board.place[board.checkpoints.index(checkpoint)])
        above, below = (int((frame["place"] == side).sum()) for side in ("above", "below"))
        said = card_said(above, below, len(frame), rank, len(board.rows))
        st.markdown(f"**{plain(said)}**")
        st.caption(plain(_about(checkpoint)))
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Highlight it", key="card-mark", icon=":material/my_location:", on_click=_mark, args=(checkpoint,)
            )
            st.button(
                "Measure it here",
                key="card-embed",
                icon=":material/arrow_forward:",
                on_click=_embed,
                args=(checkpoint,),
            )
        _figures(frame)
        save_rows(frame, f"field-{checkpoint.name}", key="card-csv")

    show()


def _mark(checkpoint: Checkpoint) -> None:
    set_choice("mark", checkpoint.name)
    set_choice(CARD, None)


def _embed(checkpoint: Checkpoint) -> None:
    set_choice(CARD, None)
    all_to_library([checkpoint.name], [])


def _about(checkpoint: Checkpoint) -> str:
    samples = f"{checkpoint.samples:g} billion image-text pairs seen" if checkpoint.samples is not None else ""
    license_said = checkpoint.licence or "not recorded"
    parts = (
        checkpoint.name,
        f"{checkpoint.family} family",
        f"trained on {checkpoint.training_data}" if checkpoint.training_data else "",
        samples,
        f"{checkpoint.parameters:,.0f} million parameters ({checkpoint.image_parameters:,.0f} image, "
        f"{checkpoint.text_parameters:,.0f} text)",
        f"{checkpoint.gflops:,.0f} GFLOPs for one image and one text",
        f"{checkpoint.image_size} pixels",
        f"vectors of {checkpoint.width:,}",
        f"license: {license_said}, commercial use {checkpoint.commercial_use}",
    )
    return " · ".join(filter(None, parts))


def _figures(frame: pd.DataFrame) -> None:
    here = frame["here"].notna().any()
    shown = pd.DataFrame(
        {
            "Data set": frame["set_title"],
            "Published": 100 * frame["value"],
            "Rank": frame["rank"],
            "Expected": [
                f"{percent(low)} to {percent(high)}" for low, high in zip(frame["low"], frame["high"], strict=True)
            ],
            "It is": frame["place"].map(PLACES),
            **({"Here": 100 * frame["here"]} if here else {}),
        }
    )
    share = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        shown,
        hide_index=True,
        height=table_height(len(shown), MOST_ROWS),
        placeholder="–",
        alt="Published figures of this checkpoint and what to expect of it",
        column_config={
            "Published": share,
            "Here": share,
            "Expected": st.column_config.TextColumn(
                help="Where 95 % of checkpoints as good on the other data sets are"
            ),
            "Rank": st.column_config.NumberColumn(help="Overlapping 95 % intervals share a rank"),
        },
    )
