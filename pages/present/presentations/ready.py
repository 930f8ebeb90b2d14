"""Ready for the stage, with no network? One line that says so, or what is missing and the button that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import streamlit as st

from core.deck import scenes as story
from core.deck.needs import ViewNeeds, view_needs
from core.deck.scenes import Pairs
from core.deck.steps import STEPS
from core.deck.stories import OwnStep, OwnStory
from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.stats.numbers import count
from core.words.names import say_model
from pages.present.stage import STORY_PATH, StoryPosition
from pages.shared.own_data import page_dataset, page_model
from pages.shared.texts import written_out
from pages.shared.words import plain

PREPARED = "story-prepared"


def ready_line(engine: Engine, told: StoryPosition, pairs: Pairs) -> None:
    """Whether every step of the story in use can be shown offline."""
    if told.own is not None:
        own_ready_line(engine, told.own)
        return
    found = [story.readiness(engine, step, pairs) for step in STEPS]
    lacking = [(r.step.title, r.missing) for r in found if not r.ready]
    words, button = st.columns([6, 2], vertical_alignment="center")
    if not lacking:
        words.success(f"Ready, works offline: all {len(STEPS)} steps.", icon=":material/check:")
    else:
        words.info(
            f"{count(len(lacking), 'step')} of {len(STEPS)} not ready yet: {plain(_say_lacking(lacking))}",
            icon=":material/info:",
        )
    if button.button(
        "Load all steps",
        key="prepare-story",
        width="stretch",
        help="Encodes texts that are missing, draws small images, and keeps every answer in memory.",
    ):
        _load(
            (i / len(STEPS), f"Step {i + 1} of {len(STEPS)}: {step.title}", partial(story.prepare, engine, step, pairs))
            for i, step in enumerate(STEPS)
        )


def _say_lacking(lacking: Sequence[tuple[str, Sequence[str]]]) -> str:
    parts = [f"{title} lacks {', '.join(missing)}" for title, missing in lacking[:3]]
    return "; ".join(parts) + (f"; and {len(lacking) - 3} more." if len(lacking) > 3 else ".")


def _load(works: Iterable[tuple[float, str, Callable[[], object]]]) -> None:
    """One work after the other, with its share of the bar and its words while it lasts."""
    place = st.empty()
    for share, words, work in works:
        place.progress(share, text=plain(words))
        try:
            work()
        except EncoderWarming as waiting:
            place.info(plain(f"The encoder of {say_model(waiting.model)} is starting; load again in a moment."))
            return
        except TMVError as error:
            place.info(plain(str(error)))
            return
    place.empty()
    st.rerun()


# --- a story of one's own ---------------------------------------------------------------------------------

CLASSIFIED = ("", "accuracy", "errors_by_class", "compare", "check_my_number", "compare_templates", "better_prompt")
"""The pages that put class names into templates."""


def own_ready_line(engine: Engine, own: OwnStory) -> None:
    """Whether the vectors and texts that the steps name are here, and the button that encodes missing texts."""
    needs = [_needs(engine, step) for step in own.steps]
    lacking = [(step.title, found.missing) for step, found in zip(own.steps, needs, strict=True) if found.missing]
    if not lacking:
        st.success(
            f"Ready, works offline: the vectors and texts of all {len(needs)} steps are here.", icon=":material/check:"
        )
        return
    words, button = st.columns([6, 2], vertical_alignment="center")
    words.info(
        f"{count(len(lacking), 'step')} of {len(needs)} not ready yet: {plain(_say_lacking(lacking))}",
        icon=":material/info:",
    )
    texts = [pair for found in needs if found.missing for pair in found.texts]
    if texts and button.button("Load all steps", key="prepare-own", width="stretch", help="Encodes missing texts."):
        encode = engine.encoding.encode_texts
        _load(
            (0.0, f"Encoding {count(len(wanted), 'text')} with {say_model(model)}", partial(encode, model, wanted))
            for model, wanted in texts
        )


def _needs(engine: Engine, step: OwnStep) -> ViewNeeds:
    if step.page == STORY_PATH:
        return ViewNeeds()
    try:
        choices = {name: written_out(engine, tuple(values)) for name, values in step.choices.items()}
        # Whoever can write a story must not be able to look elsewhere on the server.
        choices["data"] = tuple(page_dataset(engine, name).name for name in choices.get("data", ()))
        choices["model"] = tuple(page_model(engine, name).name for name in choices.get("model", ()))
        return view_needs(engine, choices, classified=step.page in CLASSIFIED)
    except TMVError as error:
        return ViewNeeds(missing=(str(error).rstrip("."),))
