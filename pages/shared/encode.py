"""Texts that have no vectors yet are encoded before a study asks for them, with words and numbers while it lasts."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.stats.numbers import duration
from core.studies.zero_shot.classify import fill
from core.words.names import say_model
from pages.shared.words import plain

QUIETLY = 64
"""So few texts are a blink: no bar for them."""
STEP = 256


def encode(engine: Engine, model: str, texts: Sequence[str]) -> None:
    """Have the vectors of these texts in the store; raises what `Encoding.encode_texts` raises.

    What is encoded stays, so a reader who leaves half way loses nothing.
    """
    # Sorted, because the encoder computes what neighbours have in common only once.
    missing = sorted(engine.encoding.missing_texts(model, texts))
    if len(missing) <= QUIETLY:
        if missing:
            engine.encoding.encode_texts(model, missing)
        return
    place, start = st.empty(), time.monotonic()
    for done in range(0, len(missing), STEP):
        place.progress(done / len(missing), text=plain(_words(model, done, len(missing), time.monotonic() - start)))
        engine.encoding.encode_texts(model, missing[done : done + STEP])
    place.empty()


def encode_filled(engine: Engine, model: str, templates: Sequence[str], names: Sequence[str]) -> None:
    """`encode` for templates with class names put in; looked at once for each combination, not on every run."""

    def make() -> bool:
        encode(engine, model, fill(templates, names))
        return True

    engine.memory.studies.get(
        ("encoded", model, engine.encoding.model_digest(model), tuple(templates), tuple(names)), make
    )


def _words(model: str, done: int, total: int, seconds: float) -> str:
    """ "Encoding texts with ViT-B/32 · OpenAI: 512 of 8,000 · 310 a second · 24 s left"."""
    said = f"Encoding texts with {say_model(model)}: {done:,} of {total:,}"
    if not done or seconds <= 0:
        return said
    rate = done / seconds
    return f"{said} · {rate:,.0f} a second · {duration((total - done) / rate)} left"
