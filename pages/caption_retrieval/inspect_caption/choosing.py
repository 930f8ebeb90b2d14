"""Ways to choose a caption: the presets, one at random, or one that holds some words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.deck.presets import CAPTIONS, CaptionPreset
from core.engine import Engine
from core.studies.captions.one_caption import Difficulty
from core.studies.captions.retrieval import RetrievalResult
from core.types import EmbeddingSet
from core.words.names import say_model
from pages.caption_retrieval.caption_list import caption_list
from pages.caption_retrieval.current import CurrentCaption, draw_one, look_at_caption, take_preset
from pages.shared.stored import stored_pairs
from pages.shared.words import plain

DRAWS: dict[Difficulty, tuple[str, str]] = {
    "easy": ("Easy", "A caption that finds its image first"),
    "hard": ("Hard", "A caption that finds its image at rank 2 to 10"),
    "lost": ("Lost", "A caption whose image ranks below the top ten"),
    "any": ("Any", "Any caption of the data set"),
}


def offered_presets(engine: Engine) -> tuple[CaptionPreset, ...]:
    """The deck's captions where COCO is here, the demo's always."""
    stored = stored_pairs(engine).datasets
    coco = "coco" in stored or engine.data.state("coco").state == "ready"
    return tuple(p for p in CAPTIONS if "coco" not in p.datasets or coco)


def pick_preset(engine: Engine, dataset: str, now: CurrentCaption | None) -> None:
    """The deck's captions and the demo's equivalents, one click away."""
    presets = offered_presets(engine)
    several = len({p.source for p in presets}) > 1
    titles = {p.name: p.title + (_where(p) if several else "") for p in presets}
    current = next((p.name for p in presets if now and p.caption == now.text and dataset in p.datasets), None)
    st.session_state["caption-preset"] = current
    st.pills(
        "The original study's captions",
        list(titles),
        key="caption-preset",
        format_func=lambda name: titles.get(name, name),
        on_change=_took_preset,
        args=(presets,),
        wrap=True,
    )


def _where(preset: CaptionPreset) -> str:
    return " (COCO)" if "coco" in preset.datasets else " (demo)"


def _took_preset(presets: Sequence[CaptionPreset]) -> None:
    preset = next((p for p in presets if p.name == st.session_state["caption-preset"]), None)
    if preset is not None:
        take_preset(preset)


def pick_draw(results: Sequence[RetrievalResult]) -> None:
    """Buttons that draw a caption at random, by how it fares with the first model."""
    name = say_model(results[0].model)
    st.markdown(":small[Pick one at random]", help=plain(f"Difficulty is judged by {name}."))
    with st.container(horizontal=True, gap="small"):
        for kind, (label, what) in DRAWS.items():
            st.button(label, key=f"draw-{kind}", on_click=draw_one, args=(kind,), help=what)


def find_one(engine: Engine, results: Sequence[RetrievalResult], sets: Sequence[EmbeddingSet]) -> None:
    """Search among all captions; a row is looked at."""
    box = st.expander("Find a caption", on_change="rerun", key="find-caption")
    if not box.open:
        return
    with box:
        caption_list(engine, results, [images.captions for images in sets], look_at_caption, sides=False)
