"""The three questions, each with an answer from what is here and the way to its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import interval_text, percent
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import CUT_CAPTIONS, Retrieval
from core.studies.prompts.study import PromptStudy
from core.studies.zero_shot.study import ZeroShot
from core.types import Place
from core.words.accuracy import protocol_line
from core.words.captions import retrieval_line
from core.words.names import say_dataset, say_model, say_pair
from core.words.notes import INFO, Noted
from core.words.prompts import templates_finding
from pages.shared.layout import show_notes, show_remarks
from pages.shared.several import gathered
from pages.shared.stored import default_datasets, default_models, stored_pairs
from pages.shared.words import plain

PAGES = (
    "pages/classification/accuracy",
    "pages/prompt_study/compare_templates",
    "pages/caption_retrieval/retrieval_scores",
)
Answer = tuple[str, str, Noted]
"""What was found, the protocol in a line, and the result, whose faults and warnings stand beside it."""
AT_ONCE = 10_000
"""Images whose captions are ranked while the page is drawn; of more, only what was kept is shown."""


def questions(engine: Engine) -> None:
    """Three columns: question, answer, page."""
    classes, captions = (f"no data set with {what} is embedded" for what in ("classes", "captions"))
    asked: tuple[tuple[str, Callable[[Engine], Answer | None], str, str, str], ...] = (
        ("How well does it label images?", _labels, PAGES[0], "Accuracy", classes),
        ("What does the wording change?", _wording, PAGES[1], "Compare templates", classes),
        ("Does a caption find its own image?", _captions, PAGES[2], "Retrieval scores", captions),
    )
    for column, (title, answer, page, label, nothing) in zip(st.columns(3, gap="large"), asked, strict=True):
        with column:
            st.header(title, anchor=False)
            _say(engine, answer, nothing)
            st.page_link(f"{page}/page.py", label=label, icon=":material/arrow_forward:")


def _say(engine: Engine, answer: Callable[[Engine], Answer | None], nothing: str) -> None:
    try:
        found = answer(engine)
    except TMVError:  # texts that are not encoded yet, or vectors of other weights: the page says which
        st.markdown("No answer yet: the images are embedded; open the page, and it computes the rest.")
        return
    if found is None:
        st.markdown(f"No answer yet: {nothing}.")
        return
    st.markdown(f"**{plain(found[0])}**")
    st.caption(plain(found[1]))
    show_notes([found[2]], remarks=False)
    show_remarks([note for note in found[2].notes if note.code == CUT_CAPTIONS and note.level == INFO])


def _places(engine: Engine, kind: str) -> Sequence[Place]:
    stored = stored_pairs(engine)
    return [
        engine.place(model, dataset)
        for dataset in default_datasets(engine, kind, 1)
        for model in default_models(engine, (dataset,), 2)
        if (model, dataset) in stored.pairs
    ]


def _labels(engine: Engine) -> Answer | None:
    places = _places(engine, "classification")
    if not places:
        return None
    results, waiting, _ = gathered(places, lambda place: engine.run(ZeroShot(place=place)))
    if waiting is not None:
        raise waiting
    best = max(results, key=lambda r: r.acc1)
    said = f"{say_model(best.model)} labels {percent(best.acc1)} of {say_dataset(best.dataset)} correctly."
    return said, f"95 %: {interval_text(best.acc1_ci95)} · {protocol_line(best)}", best


def _wording(engine: Engine) -> Answer | None:
    places = _places(engine, "classification")
    if not places:
        return None
    found, waiting, _ = gathered(places, lambda place: engine.run(PromptStudy(place=place, prompt_set="deck")))
    if waiting is not None:
        raise waiting
    result = found[0]
    return templates_finding([result]), say_pair(result.model, result.dataset), result


def _captions(engine: Engine) -> Answer | None:
    results = [r for place in _places(engine, "captions") if (r := _ranks(engine, place)) is not None]
    if not results:
        return None
    best = max(results, key=lambda r: r.image.recall[1])
    said = f"With {say_model(best.model)}, {percent(best.image.recall[1])} of captions rank their own image first."
    return (
        said,
        f"95 %: {interval_text(best.image.recall_ci95[1])} · {say_dataset(best.dataset)} · {retrieval_line(best)}",
        best,
    )


def _ranks(engine: Engine, place: Place) -> RetrievalResult | None:
    study = Retrieval(place=place)
    found = engine.kept(study)
    if found is None and len(engine.vectors.require(place).ids) <= AT_ONCE:
        return engine.run(study)
    return found
