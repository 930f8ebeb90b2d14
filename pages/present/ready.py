"""Ready for the stage, with no network? One line that says so, or what is missing and the button that mends it."""

from __future__ import annotations

import streamlit as st

from core import engine_story as story
from core.catalog.story import STEPS
from core.engine import Engine
from core.engine_story import Pairs, Readiness
from core.frames import say_model
from core.types import EncoderWarming, TMVError
from pages.present.shell import Telling
from pages.shared.words import count, plain

PREPARED = "story-prepared"


def ready_line(engine: Engine, told: Telling, pairs: Pairs) -> None:
    """Whether every step of the deck's story can be shown offline."""
    if told.own is not None:
        return
    found = [story.readiness(engine, step, pairs) for step in STEPS]
    lacking = [r for r in found if not r.ready]
    words, button = st.columns([6, 2], vertical_alignment="center")
    if not lacking:
        words.success(f"Ready, works offline: all {len(STEPS)} steps.", icon=":material/check:")
    else:
        words.info(
            f"{count(len(lacking), 'step')} of {len(STEPS)} not ready yet: {plain(_said(lacking))}",
            icon=":material/info:",
        )
    if button.button("Load all steps", key="prepare-story", width="stretch",
                     help="Encodes texts that are missing, draws small pictures, and keeps every answer in memory."):
        _prepare(engine, pairs)  # fmt: skip


def _said(lacking: list[Readiness]) -> str:
    parts = [f"{r.step.title} lacks {', '.join(r.missing)}" for r in lacking[:3]]
    return "; ".join(parts) + (f"; and {len(lacking) - 3} more." if len(lacking) > 3 else ".")


def _prepare(engine: Engine, pairs: Pairs) -> None:
    """Every step once, with words and numbers while it lasts."""
    place = st.empty()
    for i, step in enumerate(STEPS):
        place.progress(i / len(STEPS), text=plain(f"Step {i + 1} of {len(STEPS)}: {step.title}"))
        try:
            story.prepare(engine, step, pairs)
        except EncoderWarming as waiting:
            place.info(plain(f"The encoder of {say_model(waiting.model)} is starting; load again in a moment."))
            return
        except TMVError as error:
            place.info(plain(str(error)))
            return
    place.empty()
    st.rerun()
