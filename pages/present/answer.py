"""What a step and the audience's prompt share: quiet lines where something fails, images found as strips, and the
answer to a prompt, over any slide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from core.deck.scenes import Pairs, beside, scene_of
from core.deck.steps import TEN, Step
from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.studies.pictures.search import Hit, PicturesResult
from core.studies.pictures.study import compare_lists, search
from core.words.names import say_dataset, say_model
from core.words.pictures import models_finding
from pages.present import stage_html
from pages.present.stage_html import Shown, Strip
from pages.shared.guard import UNEXPECTED, log
from pages.shared.picture import thumbnail
from pages.shared.stored import ANY_KIND, default_datasets
from pages.shared.url_state import get_choice
from pages.shared.warming import warming_sentence
from pages.shared.words import plain

PLAIN_KINDS = ("bars", "claims", "faults")
"""Steps of the original study that show no images of one data set."""


@contextmanager
def quietly() -> Iterator[None]:
    """What fails is one quiet line; an encoder that is starting is asked again until it is up."""
    try:
        yield
    except EncoderWarming as waiting:
        _again(warming_sentence(waiting))
    except TMVError as error:
        st.caption(plain(str(error)))
    except Exception:
        log.exception("a slide failed")
        st.caption(UNEXPECTED)


def _again(said: str) -> None:
    shown = False

    def poll() -> None:
        nonlocal shown
        if shown:
            st.rerun()
        shown = True
        st.caption(said)

    st.fragment(poll, run_every=1.5)()


def strip_of(engine: Engine, result: PicturesResult, right: Callable[[Hit], bool] | None = None) -> Strip:
    """The images that one model found, as they are shown in a row."""
    shown = tuple(
        Shown(
            thumbnail=thumbnail(engine, result.dataset, result.split, hit.id),
            alt=f"Rank {hit.rank}: {hit.label or next(iter(hit.captions), hit.id)}",
            under=f"{hit.score:.2f}",
            named=hit.label,
            right=bool(hit.relevant) if right is None else right(hit),
        )
        for hit in result.hits
    )
    return Strip(title=say_model(result.model), pictures=shown)


def answer(engine: Engine, pairs: Pairs, step: Step | None, text: str) -> None:
    """What the audience asked for, in place of the slide: the best images of the data set that it shows, `step` of the
    original study or, None, a view."""
    dataset, models = _asked_of(pairs, step, default_datasets(engine, ANY_KIND, len(pairs)))
    with st.container(key="stage-answer", gap="xsmall"):
        st.title(plain(f"“{text}”"), anchor=False)
        if not dataset:
            st.caption("There are no images to search yet; compute embeddings under Data & models.")
            return
        st.markdown(plain(f"A prompt from the audience: the {TEN} best images of {say_dataset(dataset)}"))
        with quietly():
            lists = [search(engine, engine.place(m, dataset), query=text, k=TEN) for m in models]
            stage_html.answer([strip_of(engine, found) for found in lists])
            if len(lists) > 1:
                st.markdown(plain(models_finding(compare_lists(engine, lists[0], lists[1]))))


def _asked_of(pairs: Pairs, step: Step | None, usual: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The data set that a prompt is asked of, and the models side by side: those of the slide where they have vectors,
    else what pages open with."""
    there = {d for _, d in pairs}
    if step is None:
        wanted = get_choice("data")
    else:
        scene = scene_of(step, pairs)
        wanted = step.datasets if step.kind in PLAIN_KINDS else (scene.dataset,)
    dataset = next((d for d in (*wanted, *usual, *sorted(there)) if d in there), "")
    having = tuple(m for m, d in pairs if d == dataset)
    of_view = tuple(m for m in get_choice("model") if m in having) if step is None else ()
    return dataset, beside(of_view or having)
