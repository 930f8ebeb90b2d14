"""The original picture, where each model puts it for the caption, and the form that edits the caption."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.studies.captions.one_caption import OneCaptionResult
from core.studies.captions.retrieval import RetrievalResult
from core.types import EmbeddingSet
from core.words.captions import rank_facts, rank_finding
from core.words.names import say_dataset, say_model
from pages.caption_retrieval.current import MOST_BESIDE, CurrentCaption, edit_caption, look_at_caption, ranks_of
from pages.shared.guard import errors_in_place, safe_callback, show_form_error
from pages.shared.layout import conclusion, exact_help
from pages.shared.picture import picture
from pages.shared.texts import box_key, lines, short_enough
from pages.shared.url_state import set_choice
from pages.shared.widgets import radio, widget_key
from pages.shared.words import plain

# --- the picture ------------------------------------------------------------------------------------------


def original(engine: Engine, images: EmbeddingSet, results: Sequence[RetrievalResult], now: CurrentCaption) -> None:
    """The picture that the caption should find, and its captions to choose from."""
    key = images.key
    with errors_in_place():
        picture(engine.picture(key.dataset, key.split, now.picture), f"The original: {now.original_text}")
    st.caption(plain(f"{say_dataset(key.dataset)} · {key.split} · {now.picture}"))
    # Caption -> the caption and its rank with each model
    ranks = [ranks_of(result, images, now.picture) for result in results if now.picture in result.ids]
    titles = {}
    for caption in dict.fromkeys(now.written):
        places = [f"{found[caption]:,}" for found in ranks if caption in found]
        titles[caption] = plain(caption) + (f" — rank {' and '.join(places)}" if places else "")
    radio(
        "written",
        "Its captions",
        titles,
        now.text if now.text in titles else None,
        index=None,
        on_change=_chose_caption,
        args=(now.picture,),
    )


def _chose_caption(picture_id: str) -> None:
    if (caption := st.session_state[widget_key("written")]) is not None:
        look_at_caption(picture_id, caption)


# --- the ranks --------------------------------------------------------------------------------------------


def rank_header(found: Sequence[OneCaptionResult], as_written: Sequence[OneCaptionResult], now: CurrentCaption) -> None:
    """The rank of the picture for each model, by how much it lost, and the sentence that says so."""
    for place, result in zip(st.columns(max(2, len(found)))[: len(found)], found, strict=True):
        with place, st.container(gap="xxsmall"):
            st.metric(
                plain(say_model(result.model)),
                f"{result.caption.rank:,} of {result.n:,}",
                help=exact_help(result.model),
            )
            before = next((w.caption.rank for w in as_written if w.model == result.model), None)
            st.caption(plain(" · ".join(rank_facts(result, before))))
    conclusion(plain(" ".join(rank_finding(result) for result in found)), found)
    if now.same:
        st.markdown(
            f"{count(len(now.same) + 1, 'image')} have this very caption, and only one can come first: this looks at "
            "one of them, and the others are marked below."
        )


# --- editing ----------------------------------------------------------------------------------------------


def edit(now: CurrentCaption) -> None:
    """The caption to edit, other wordings to lay beside it, and the one button."""
    first, second = box_key("caption", [now.picture, now.text]), box_key("beside", [now.picture, *now.beside])
    with st.form("edit-caption", border=False):
        left, right = st.columns([3, 2])
        left.text_area("Caption", now.text, key=first, height=100)
        right.text_area(
            "Other wordings to compare, one per line",
            "\n".join(now.beside),
            key=second,
            height=100,
            help="For example the noun alone. Every model gets the same texts.",
        )
        wrote = safe_callback(_wrote, at="caption")
        st.form_submit_button("Find", type="primary", on_click=wrote, args=(now, first, second))
    show_form_error("caption")
    if now.edited:
        st.button(
            "Back to the original caption",
            type="tertiary",
            icon=":material/undo:",
            key="as-written",
            on_click=edit_caption,
            args=(now.picture, now.original_text, None),
        )


def _wrote(now: CurrentCaption, first: str, second: str) -> None:
    text = short_enough(" ".join(st.session_state[first].split()), "The caption")
    beside = [short_enough(line, "A wording to compare") for line in lines(st.session_state[second])]
    if not text:
        raise TMVError("The caption is empty; describe the image.")
    if len(beside) > MOST_BESIDE:
        raise TMVError(f"At most {MOST_BESIDE} wordings can be compared with a caption, got {len(beside)}.")
    edit_caption(now.picture or None, text, now.original_text if now.written and text not in now.written else None)
    set_choice("beside", beside)
