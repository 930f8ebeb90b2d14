"""Ready for the stage, with no network? What is missing in one sentence, and the button that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from core.deck import scenes as story
from core.deck.needs import STUDIED, ViewNeeds, study_needs, view_needs
from core.deck.scenes import Pairs, stories_folder
from core.deck.steps import STEPS
from core.deck.stories import OwnStep, OwnStory, load_story
from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.stats.numbers import count
from core.studies.base import LongStudy
from core.words.deck import slides_missing, study_starts
from core.words.names import say_model
from pages.present.stage import STORY_PATH
from pages.shared.guard import public
from pages.shared.jobs import watch
from pages.shared.own_data import page_dataset, page_model
from pages.shared.texts import written_out
from pages.shared.words import plain


def status_of(engine: Engine, name: str, pairs: Pairs) -> str:
    """Whether a presentation can be shown without a network, in words; "" is the original study."""
    own = load_story(stories_folder(engine), name, list(st.session_state.get("page-files", {}))) if name else None
    lacking, of = _lacking(engine, own, pairs), len(own.steps) if own else len(STEPS)
    return _said(lacking, of) if lacking else "Yes"


def prepare(engine: Engine, own: OwnStory | None, pairs: Pairs) -> None:
    """What is missing in one sentence, and the button that mends what can be mended."""
    lacking, of = _lacking(engine, own, pairs), len(own.steps) if own else len(STEPS)
    if not lacking:
        return
    words, button = st.columns([6, 2], vertical_alignment="center")
    words.info(plain(_said(lacking, of)), icon=":material/info:")
    jobs = [engine.job(study) for need in lacking for study in need.studies]
    if running := [job.key for job in jobs if job is not None]:
        watch(engine, running)
    if not any(need.texts or need.pictures for need in lacking) and all(job and job.live for job in jobs):
        return
    if button.button(
        "Prepare the slides",
        key="prepare-own" if own else "prepare-story",
        width="stretch",
        help="Encodes texts, loads images, trains and searches.",
    ):
        _load(_own_works(engine, lacking) if own else _works(engine, pairs))


def own_lacking(engine: Engine, own: OwnStory) -> dict[int, str]:
    """What the slides of one's own presentation lack, by their place."""
    needs = {place: _needs(engine, step) for place, step in enumerate(own.steps, 1)}
    return {place: f"Missing: {', '.join(found.missing)}." for place, found in needs.items() if found.missing}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lacks:
    """What one slide lacks: images to load, texts to encode by model, studies to run, and whatever else, in words."""

    pictures: int = 0
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    studies: tuple[LongStudy[Any], ...] = ()
    other: tuple[str, ...] = ()


def _lacking(engine: Engine, own: OwnStory | None, pairs: Pairs) -> list[_Lacks]:
    if own is None:
        found = (story.readiness(engine, step, pairs) for step in STEPS)
        return [
            _Lacks(pictures=len(r.pictures), texts=r.texts, other=() if r.texts or r.pictures else r.missing)
            for r in found
            if not r.ready
        ]
    needs = (_needs(engine, step) for step in own.steps)
    return [_Lacks(texts=n.texts, studies=n.studies, other=n.other) for n in needs if n.missing]


def _said(lacking: Sequence[_Lacks], of: int) -> str:
    texts = {(model, text) for need in lacking for model, found in need.texts for text in found}
    other = dict.fromkeys(said for need in lacking for said in need.other)
    return slides_missing(len(lacking), of, sum(need.pictures for need in lacking), len(texts), tuple(other))


Works = Iterable[tuple[float, str, Callable[[], object]]]


def _works(engine: Engine, pairs: Pairs) -> Works:
    return (
        (i / len(STEPS), f"Slide {i + 1} of {len(STEPS)}: {step.title}", partial(story.prepare, engine, step, pairs))
        for i, step in enumerate(STEPS)
    )


def _own_works(engine: Engine, lacking: Sequence[_Lacks]) -> Works:
    encode = engine.encoding.encode_texts
    for need in lacking:
        for study in need.studies:
            yield 0.0, study_starts(study.kind, study.place.model.name), partial(engine.submit, study)
    for need in lacking:
        for model, wanted in need.texts:
            yield 0.0, f"Encoding {count(len(wanted), 'text')} with {say_model(model)}", partial(encode, model, wanted)


def _load(works: Works) -> None:
    """One work after the other, with its share of the bar and its words while it lasts."""
    place = st.empty()
    for share, words, work in works:
        place.progress(share, text=plain(words))
        try:
            work()
        except EncoderWarming as waiting:
            place.info(plain(f"The encoder of {say_model(waiting.model)} is starting; press again in a moment."))
            return
        except TMVError as error:
            place.info(plain(str(error)))
            return
    place.empty()
    st.rerun()


CLASSIFIED = ("", "accuracy", "errors_by_class", "compare", "check_my_number", "compare_templates")
"""The pages that put class names into templates."""


def _needs(engine: Engine, step: OwnStep) -> ViewNeeds:
    if step.page == STORY_PATH:
        return ViewNeeds()
    try:
        choices = {name: written_out(engine, tuple(values)) for name, values in step.choices.items()}
        # Whoever can write a story must not be able to look elsewhere on the server.
        choices["data"] = tuple(page_dataset(engine, name).name for name in choices.get("data", ()))
        choices["model"] = tuple(page_model(engine, name).name for name in choices.get("model", ()))
        if step.page in STUDIED:
            return study_needs(engine, step.page, choices)
        return view_needs(engine, choices, classified=step.page in CLASSIFIED)
    except TMVError as error:
        said = public(str(error)).rstrip(".")
        return ViewNeeds(missing=(said,), other=(said,))
