"""One line of text over a wall of images, twice: what two models see in it, as it is typed, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.catalog.prompts import FIRST_TEXTS
from core.engine import Engine
from core.errors import EncoderWarming, NotHere, TMVError
from core.studies.pictures.agreement import agreement
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import compare_lists, label_of, rank_of, search
from core.studies.prompts.compose import with_article
from core.types import DatasetSpec, EmbeddingSet, Place
from core.words.names import say_dataset, say_model
from core.words.pictures import agreement_detail, agreement_finding, first_right
from pages.shared.grid import Tile, grid
from pages.shared.guard import errors_in_place
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.layout import conclusion
from pages.shared.picture import thumbnail
from pages.shared.several import gathered, tell_left_out
from pages.shared.texts import short_enough
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import LONGEST, set_choice
from pages.shared.warming import warming
from pages.shared.words import plain

LINE, SHOWN = "line", "wall-shown"
LARGE = """
.st-key-wall-line .stTextInput div[data-baseweb], .st-key-wall-line .stTextInput > div { min-height: 3.25rem; }
.st-key-wall-line .stTextInput input { font-size: 1.4rem; }
"""
"""The line in type that is read from the back of a room."""
SHOW, TILE, CLASSES = 24, 60, 4


def wall(engine: Engine, places: Sequence[Place]) -> None:
    """The line, and under it the first images of each model; runs alone while somebody types."""
    st.fragment(_wall)(engine, places)


def _wall(engine: Engine, places: Sequence[Place]) -> None:
    images = engine.vectors.require(places[0])
    first = first_texts(places[0].dataset, images)
    text = _line(first)
    with errors_in_place():
        results, waiting, lost = _ask(engine, places, text)
        if waiting is None:
            st.session_state[SHOWN] = text
        else:
            text = str(st.session_state.get(SHOWN) or first[0])
            results, still, lost = _ask(engine, places, text)
            if not results and still is not None:
                raise still
        tell_left_out(lost)
        _say(engine, results, waiting, text)
        _walls(engine, results)


def first_texts(dataset: DatasetSpec, images: EmbeddingSet) -> tuple[str, ...]:
    """What can be pressed before anything is typed: texts that fit these images."""
    if dataset.name == "demo-objects":
        return FIRST_TEXTS
    if images.captions:
        return tuple(sorted(set(images.captions[:50]), key=len)[:CLASSES])
    step = max(1, len(images.classnames) // CLASSES)
    return tuple(f"a photo of {with_article(name)}" for name in images.classnames[::step][:CLASSES])


def _line(first: Sequence[str]) -> str:
    def press() -> None:
        st.session_state[LINE] = st.session_state["wall-first"] or ""

    with st.container(key="wall-line", gap="xsmall"):
        st.html(f"<style>{LARGE}</style>")
        text = st.text_input(
            "Describe an image",
            key=LINE,
            type="search",
            live="300ms",
            placeholder=first[0],
            bind="query-params",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        with errors_in_place():
            short_enough(text or "", "The description")
        st.pills("Try one of these", first, key="wall-first", on_change=press, label_visibility="collapsed")
    asked = " ".join((text or "").split())
    return asked if asked and len(text or "") <= LONGEST else first[0]


def _ask(
    engine: Engine, places: Sequence[Place], text: str
) -> tuple[list[PicturesResult], EncoderWarming | None, tuple[NotHere, ...]]:
    return gathered(places, lambda place: search(engine, place, query=text, k=SHOW))


def _say(engine: Engine, results: Sequence[PicturesResult], waiting: EncoderWarming | None, text: str) -> None:
    """The finding and a line under it; while an encoder starts, that, in the same two lines."""
    if waiting is not None:
        warming(waiting, lambda said: conclusion(said))
        st.caption(plain(f"Shown until then: “{text}”."))
        return
    demo = results[0].dataset.startswith("demo-")  # its images are drawn as they are looked at: no remark is due
    if len(results) == 2:
        pair = compare_lists(engine, results[0], results[1])
        found = agreement(results[0], results[1], pair)
        conclusion(plain(agreement_finding(found)), results, remarks=not demo)
        furthest = found.furthest.id if found.furthest else ""
        label = next(iter(label_of(engine, results[0], furthest)), "") if furthest else ""
        st.caption(plain(agreement_detail(found, label)))
    else:
        conclusion(plain(first_right(results[0], SHOW)), results, remarks=not demo)


def _walls(engine: Engine, results: Sequence[PicturesResult]) -> None:
    for i, (column, result) in enumerate(zip(st.columns(len(results), gap="large"), results, strict=True)):
        with column:
            st.markdown(f"**{plain(say_model(result.model))}**")
            grid(
                [_tile(engine, result, i) for i in range(len(result.hits))],
                key=f"wall-{i}",
                tile=TILE,
                opened=_look,
                label=f"The first {len(result.hits)} images of {say_model(result.model)}",
                of=(result.dataset, result.split),
                tools=False,
            )
    if picture := one_of("look", results[0].ids, "", A_PICTURE, NONE_OPENED):
        _dialog(engine, results, picture)


def _tile(engine: Engine, result: PicturesResult, place: int) -> Tile:
    hit = result.hits[place]
    what = hit.label or next(iter(hit.captions), "") or hit.id
    return Tile(
        id=hit.id,
        thumbnail=thumbnail(engine, result.dataset, result.split, hit.id),
        alt=f"Rank {hit.rank}: {what}{', as the text says' if hit.relevant else ''}",
        right=bool(hit.relevant),
        label=hit.label,
    )


def _look(picture: str) -> None:
    set_choice("look", picture)


def _dialog(engine: Engine, results: Sequence[PicturesResult], picture: str) -> None:
    def beside() -> None:
        for line in label_of(engine, results[0], picture):
            st.markdown(plain(line))
        for result in results:
            rank, score = rank_of(engine, result, picture)
            st.markdown(plain(f"{say_model(result.model)}: rank {rank:,} of {result.n:,}, cosine {score:.3f}"))

    first = results[0]
    opened = OpenedImage(dataset=first.dataset, split=first.split, id=picture, choice="look", model=first.model)
    image_dialog(engine, opened, beside)


def what_is_shown(places: Sequence[Place], n: int) -> str:
    """ "Demo ResNet and Demo ViT on 1,000 images of Demo objects"."""
    models = " and ".join(say_model(place.model) for place in places)
    return f"{models} on {n:,} images of {say_dataset(places[0].dataset.name)}"


def wall_places(engine: Engine, models: Sequence[str], dataset: str) -> list[Place]:
    """Where the wall can be: the first two of these models that have vectors of the data set."""
    found = list[Place]()
    for model in models:
        try:
            if engine.embeddings(model, dataset) is not None:
                found.append(engine.place(model, dataset))
        except TMVError:
            continue
    return found[:2]
