"""The captions behind a number: those of some ranks, those that hold some words, a page at a time, the hardest first.

In the other direction the rows are pictures, each with the rank of the first of its captions.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.errors import NotHere
from core.stats.numbers import count
from core.studies.captions.one_caption import find_captions
from core.studies.captions.retrieval import RetrievalResult
from core.tables.retrieval import ranks_frame
from core.words.captions import Side
from core.words.names import say_model, short_names
from core.words.shorter import middle_out
from pages.shared.file_models import public_name
from pages.shared.guard import open_box, safe_callback, show_form_error
from pages.shared.paging import paged
from pages.shared.save import save_rows
from pages.shared.texts import short_enough
from pages.shared.url_choices import one_of, such_as
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import pills, segments, select, widget_key, write_back
from pages.shared.words import plain

PAGE, PAGE_KEY, ROW = 8, "captions-page", 60
CLOSER = "look-closer-at"
RANK_WIDTH, NAME_IN_HEADING = 112, 18
"""Pixels of a column of ranks, and characters of the model's name over it."""
KINDS = {"": "Any rank", "1-1": "First", "2-10": "2 to 10", "11-": "Beyond ten"}
_SPAN = re.compile(r"^(\d{1,9})-(\d{1,9})?$")
LISTED = {"image": "Captions", "text": "Images"}
Opened = Callable[[str, str], None]
"""Called with a picture's id and the caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """Which rows: `side`, the `span` of ranks with `model` as in the address ("" any, "11-" beyond ten), `words`."""

    side: Side
    model: str
    span: str
    words: str

    @property
    def ends(self) -> tuple[int, int | None]:
        """First and last rank; None: no end."""
        found = _SPAN.match(self.span)
        if found is None:
            return 1, None
        return int(found[1]), int(found[2]) if found[2] else None


def list_filter(results: Sequence[RetrievalResult]) -> ListFilter:
    """What the address asks for, checked."""
    known = [r.model for r in results]
    return ListFilter(
        side="text" if one_of("listed", list(LISTED), "image") == "text" else "image",
        model=one_of("by", known, known[0]),
        span=such_as("ranks", _is_span, "two ranks as 2-10, or 11- without an end", "", "any rank is shown"),
        words=" ".join(next(iter(get_choice("words")), "").split()),
    )


def _is_span(text: str) -> bool:
    """Whether these are ranks from a first to a last one."""
    found = _SPAN.match(text)
    return found is not None and 1 <= int(found[1]) <= int(found[2] or found[1])


def show_ranks(side: Side, model: str, low: int, high: int | None) -> None:
    """Callback: list what stands at these ranks with this model."""
    set_choice("listed", side if side == "text" else None)
    set_choice("by", model)
    set_choice("ranks", f"{low}-{high or ''}")
    _first_page()


def _first_page() -> None:
    st.session_state[PAGE_KEY] = 1


def _moved(name: str) -> None:
    write_back(name)
    _first_page()


def _wrote_words() -> None:
    short_enough(st.session_state[widget_key("words")], "The filter")
    _moved("words")


# --- choosing ---------------------------------------------------------------------------------------------


def pick_list_filter(results: Sequence[RetrievalResult], *, sides: bool) -> ListFilter:
    """Ranks, whose ranks, and words; `sides` says whether pictures may be listed too."""
    now = list_filter(results)
    if not sides:
        now = ListFilter(side="image", model=now.model, span=now.span, words=now.words)
    kinds = KINDS if now.span in KINDS else {**KINDS, now.span: _span_title(now)}
    places = iter(st.columns([4, 3, 3, *([2] if sides else [])]))
    with next(places):
        pills("ranks", "Rank", kinds, now.span, required=True, on_change=_moved, args=("ranks",))
    with next(places):
        select(
            "by", "Model", [r.model for r in results], now.model, format_func=say_model, on_change=_moved, args=("by",)
        )
    with next(places):
        open_box(widget_key("words"), now.words, "words")
        st.text_input(
            "Words in the caption",
            key=widget_key("words"),
            on_change=safe_callback(_wrote_words, at="words"),
            placeholder="Any",
            icon=":material/search:",
        )
        show_form_error("words")
    if sides:
        with next(places):
            segments(
                "listed",
                "List",
                ["image", "text"],
                now.side,
                format_func=LISTED.__getitem__,
                on_change=_moved,
                args=("listed",),
            )
    return now


def _span_title(look: ListFilter) -> str:
    low, high = look.ends
    return f"Beyond {low - 1:,}" if high is None else f"{low:,}" if low == high else f"{low:,} to {high:,}"


# --- the rows ---------------------------------------------------------------------------------------------


def rows_of(results: Sequence[RetrievalResult], captions: Sequence[Sequence[str]], look: ListFilter) -> pd.DataFrame:
    """The rows asked for, the hardest first."""
    frame = ranks_frame(results, captions, look.side)
    (low, high), rank = look.ends, frame[f"rank:{look.model}"]
    keep = rank.between(low, high or rank.max())
    if look.words:
        keep &= frame.index.isin(find_captions(frame["caption"].tolist(), look.words, len(frame)))
    order = [c for c in (f"rank:{look.model}", f"margin:{look.model}") if c in frame]
    return frame[keep].sort_values(order, ascending=[False, True][: len(order)], kind="stable")


def caption_list(
    engine: Engine,
    results: Sequence[RetrievalResult],
    captions: Sequence[Sequence[str]],
    opened: Opened,
    *,
    sides: bool = True,
) -> None:
    """The choices, the table, its pages, and the rows as a file."""
    look = pick_list_filter(results, sides=sides)
    rows = rows_of(results, captions, look)
    if rows.empty:
        st.caption("No captions match. Choose other ranks or words.")
        return
    place, on_page = paged(len(rows), PAGE, PAGE_KEY)
    with place:
        _table(engine, results, rows.iloc[on_page], look, opened)
    things = count(len(rows), "caption" if look.side == "image" else "image")
    st.caption(f"{things}, the hardest for {plain(say_model(look.model))} first.")
    save_rows(rows, "captions" if look.side == "image" else "pictures", key="captions-csv")


def _table(
    engine: Engine, results: Sequence[RetrievalResult], part: pd.DataFrame, look: ListFilter, opened: Opened
) -> None:
    thumbs = _thumbnails(engine, results[0], part["picture"].tolist())
    ranks = {f"rank:{r.model}": name for r, name in zip(results, short_names([r.model for r in results]), strict=True)}
    margin = f"margin:{look.model}"
    columns_seen = {key: public_name(engine, key) for key in ranks}
    margins = {"lost_by": (-part[margin]).clip(lower=0)} if margin in part else {}
    shown_rows = part.rename(columns=columns_seen).assign(
        thumb=pd.Series(thumbs, part.index, dtype=object), open="Inspect", **margins
    )

    def clicked() -> None:
        row = part.iloc[st.session_state["look-closer"].row]
        opened(str(row["picture"]), str(row["caption"]))

    number = st.column_config.NumberColumn
    # Headings of many models, each as wide as its name, would leave no room for the captions.
    width = RANK_WIDTH if len(ranks) > 2 or any(len(name) > NAME_IN_HEADING for name in ranks.values()) else None
    columns = ["thumb", "caption", *columns_seen.values(), *margins, "open"]
    st.dataframe(
        shown_rows[columns].dropna(axis="columns", how="all"),
        hide_index=True,
        row_height=ROW,
        height=ROW * len(part) + 38,
        key="captions-table",
        alt="Captions with the rank of their image for each model",
        column_config={
            "thumb": st.column_config.ImageColumn("Image", width="small", pinned=True),
            "caption": st.column_config.TextColumn(
                "Caption" if look.side == "image" else "First of its captions", width=170 if width is None else 260
            ),
            **{
                columns_seen[key]: number(
                    middle_out(name, NAME_IN_HEADING), format="localized", help=f"Rank with {name}", width=width
                )
                for key, name in ranks.items()
            },
            "lost_by": number(
                "Behind by",
                format="%.3f",
                help=f"Score of the best other image above its own, with {say_model(look.model)}",
            ),
            "open": st.column_config.ButtonColumn("Inspect", key="look-closer", on_click=clicked),
        },
    )
    _pick_closer(part, opened)


def _pick_closer(part: pd.DataFrame, opened: Opened) -> None:
    """The same way on for who has no mouse or a narrow screen: the buttons in the table are drawn, not reachable by
    key, and stand far to the right."""

    def picked() -> None:
        place = st.session_state[CLOSER]
        st.session_state[CLOSER] = None
        if place is not None and place < len(part):
            opened(str(part.iloc[place]["picture"]), str(part.iloc[place]["caption"]))

    captions = part["caption"].tolist()
    st.selectbox(
        "Inspect",
        list(range(len(part))),
        index=None,
        key=CLOSER,
        format_func=lambda place: captions[place] if place < len(captions) else "",
        placeholder="One of these",
        on_change=picked,
        width=480,
    )


def _thumbnails(engine: Engine, result: RetrievalResult, pictures: Sequence[str]) -> list[str | None]:
    """Data addresses of small pictures; None where they are not on this machine."""
    try:
        found = [engine.thumbnail(result.dataset, result.split, p) for p in pictures]
    except NotHere:
        return [None] * len(pictures)
    return ["data:image/webp;base64," + base64.b64encode(f).decode() for f in found]
