"""One caption: its picture's rank for each model, what came first instead, and why; and the other way round."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.engine import Engine
from core.errors import EncoderWarming, NotHere
from core.stats.numbers import lower_first
from core.studies.captions.one_caption import OneCaptionResult
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import one_caption
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import search
from core.types import DatasetSpec, EmbeddingSet, ModelSpec
from core.words.names import say_model
from pages.caption_retrieval.current import CurrentCaption, current_caption
from pages.caption_retrieval.inspect_caption.by_word import by_word, wordings
from pages.caption_retrieval.inspect_caption.by_word import study as study_words
from pages.caption_retrieval.inspect_caption.choosing import DRAWS, find_one, pick_draw, pick_preset
from pages.caption_retrieval.inspect_caption.found_lists import look_alikes, ten_first
from pages.caption_retrieval.inspect_caption.one_picture import picture_dialog
from pages.caption_retrieval.inspect_caption.picture_to_captions import picture_to_captions
from pages.caption_retrieval.inspect_caption.rank_header import edit, original, rank_header
from pages.shared.captions_used import CaptionsUsed, captions_used, pick_split, ranked
from pages.shared.encode import encode
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title, provenance_footer, sources
from pages.shared.missing import Pair, offer
from pages.shared.pickers import choice_row, note_problems, pick_dataset, pick_models
from pages.shared.theme import on_stage
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import bind, get_choice, set_choice
from pages.shared.warming import warming
from pages.shared.words import plain

MOST_MODELS, OPENS, FIRST = 4, 2, 10
ASK = "pages/search/page.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarked:
    """The models that have vectors of the set, each with its rows and its benchmark."""

    sets: tuple[EmbeddingSet, ...]
    results: tuple[RetrievalResult, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Exact names, in the order chosen."""
        return tuple(r.model for r in self.results)


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    presets = st.container()
    left, middle, right = choice_row([4, 4, 3])
    with middle:
        dataset = pick_dataset(engine, "captions")
    if dataset is None:
        return
    with left:
        models = pick_models(engine, [dataset], most=MOST_MODELS, opens=OPENS)
    how = CaptionsUsed(
        split=captions_used(engine, dataset).split
    )  # every caption may be looked at, however many the benchmark uses
    if len(engine.data.splits(dataset.name)) > 1:
        with st.columns([4, 4, 3])[1]:
            pick_split(engine, dataset, how.split)
    there, missing = study(engine, models, dataset, how)
    now = current_caption(engine, there.sets[0], there.results[0]) if there.sets else None
    with presets:
        pick_preset(engine, dataset.name, now)
    offer(engine, missing)
    if now is None:
        return
    with right:
        pick_draw(there.results)
    with errors_in_place():
        find_one(engine, there.results, there.sets)
    note_problems([p for p in (now.problem, drawn(now, there)) if p])
    opened = one_of("open", there.sets[0].ids, "", A_PICTURE, NONE_OPENED)
    show_results(engine, there, now)
    footer(there, how, now)
    if opened:
        picture_dialog(engine, there.sets, opened, "open")


def study(
    engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, how: CaptionsUsed
) -> tuple[Benchmarked, list[Pair]]:
    """What the cache has of these models, and the pairs that are not embedded."""
    sets, results, missing = list[EmbeddingSet](), list[RetrievalResult](), list[Pair]()
    for model in models:
        try:
            results.append(ranked(engine, model.name, dataset.name, how))
            sets.append(engine.vectors.require(engine.place(model.name, dataset.name, how.split)))
        except NotHere:
            missing.append((model, dataset, how.split))
    return Benchmarked(sets=tuple(sets), results=tuple(results)), missing


def drawn(now: CurrentCaption, there: Benchmarked) -> str:
    """How the caption was chosen, where it was drawn."""
    if not now.drawn:
        return ""
    what = next(what for kind, (_, what) in DRAWS.items() if kind == now.drawn)
    return f"Drawn at random: {lower_first(what)}, with {say_model(there.models[0])}."


# --- the answer -------------------------------------------------------------------------------------------


def show_results(engine: Engine, there: Benchmarked, now: CurrentCaption) -> None:
    """The original and its rank; what came first; word by word; look-alikes; the other way."""
    found, lists, worded = list[OneCaptionResult](), list[PicturesResult](), list[OneCaptionResult]()
    waiting: EncoderWarming | None = None
    with errors_in_place():
        found, lists, waiting = ask(engine, there, now)
    if not now.picture:
        stranger(now, there.sets[0])
        if waiting is not None:
            warming(waiting)
    else:
        left, right = st.columns([1, 4] if on_stage() else [2, 5], gap="large")
        with left:
            original(engine, there.sets[0], there.results, now)
        with right:
            if on_stage() and not now.beside:
                st.header(plain(f"“{now.text}”"), anchor=False)
            if found:
                rank_header(found, as_written(engine, there, now), now)
            edit(now)
            with errors_in_place():
                worded, later = study_words(engine, found, now)
                if waiting := waiting or later:
                    warming(waiting)
                # On a slide the caption alone, unless others were laid beside it.
                if worded and (now.beside or not on_stage()):
                    wordings(worded)
    if not lists:
        return
    with errors_in_place():
        ten_first(engine, lists, now, open_picture)
    if found and not on_stage():
        behind(engine, found, lists, worded, now)


def behind(
    engine: Engine,
    found: Sequence[OneCaptionResult],
    lists: Sequence[PicturesResult],
    worded: Sequence[OneCaptionResult],
    now: CurrentCaption,
) -> None:
    """Why the caption is found or not, a tab each: its words, its image's look-alikes, the other direction."""
    by, alike, back = st.tabs(["Which word matters most?", "Look-alikes", "Image to captions"])
    with by, errors_in_place():
        if worded:
            by_word(worded, now)
        else:
            st.caption("Results appear when the text encoder has started.")
    with alike, errors_in_place():
        look_alikes(engine, found, lists, open_picture)
    with back, errors_in_place():
        picture_to_captions(engine, [f.model for f in found], found[0].dataset, found[0].split, now.picture)


def ask(
    engine: Engine, there: Benchmarked, now: CurrentCaption
) -> tuple[list[OneCaptionResult], list[PicturesResult], EncoderWarming | None]:
    """The rank of the picture and the first pictures, for each model whose encoder is up where it is needed."""
    found, lists, waiting = list[OneCaptionResult](), list[PicturesResult](), None
    for images in there.sets:
        key = images.key
        try:
            encode(engine, key.model, [now.text])
            lists.append(search(engine, engine.place(key.model, key.dataset, key.split), query=now.text, k=FIRST))
            if now.picture in images.ids:
                found.append(_one(engine, images, now.picture, now.text))
        except EncoderWarming as error:
            waiting = waiting or error
    return found, lists, waiting


def as_written(engine: Engine, there: Benchmarked, now: CurrentCaption) -> list[OneCaptionResult]:
    """The same for the caption that was edited; nothing where none was."""
    if not now.edited:
        return []
    return [_one(engine, images, now.picture, now.original_text) for images in there.sets if now.picture in images.ids]


def _one(engine: Engine, images: EmbeddingSet, picture: str, text: str) -> OneCaptionResult:
    key = images.key
    return one_caption(
        engine, engine.place(key.model, key.dataset, key.split), picture=picture, text=text, by_word=False
    )


def stranger(now: CurrentCaption, images: EmbeddingSet) -> None:
    """A text that is no picture's caption here: it can be asked, but there is no rank to tell."""
    st.info(
        f"No image of this data set has the caption “{plain(now.text)}”, so it has no rank. Below is what it finds.",
        icon=":material/info:",
    )
    for note in images.provenance.beside:
        st.caption(plain(note))
    edit(now)


def open_picture(picture: str) -> None:
    """Callback: look at one picture."""
    set_choice("open", picture)


def footer(there: Benchmarked, how: CaptionsUsed, now: CurrentCaption) -> None:
    """Where the numbers come from, and the link."""
    provenance_footer(
        sources(there.results),
        {
            "model": there.models,
            "data": [there.results[0].dataset],
            "split": how.choices["split"],
            **now.choices,
            **{name: get_choice(name) for name in ("asked", "listed", "by", "ranks", "words", "open")},
        },
    )


bind("caption", "original", "written", "draw", "beside", "asked", "listed", "by", "ranks", "words", "open")
page_title("Does this caption find its own image, and what ranks above it?")
with errors_in_place():
    page(engine())
