"""What a prompt is held against on the Words page: one picture, or all pictures of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.deck.presets import picture_presets
from core.engine import Engine
from core.studies.pictures.search import PicturesResult
from core.studies.prompts.compose import classes_named
from core.types import DatasetSpec, EmbeddingSet
from pages.shared.example_texts import fitting_text
from pages.shared.grid import Tile, grid
from pages.shared.picture import thumbnail
from pages.shared.result_tiles import cosine
from pages.shared.url_choices import A_CLASS, one_of
from pages.shared.url_state import set_choice
from pages.shared.widgets import segments, select, widget_key

PICTURE, CLASS = "picture", "class"
KINDS = {PICTURE: "One image", CLASS: "A class"}
SOME = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTarget:
    """One of the two: the id of a picture, or the name of a class."""

    picture: str | None = None
    classname: str | None = None


def usual_text(dataset: DatasetSpec, images: EmbeddingSet | None) -> str:
    """The longest question meant for this data set: it has most words to leave out; for one that none is meant for, a
    text that fits its images."""
    presets = picture_presets(dataset.name)
    if dataset.name not in presets[0].datasets and (fitting := fitting_text(images)):
        return fitting
    texts = [t for preset in presets for t in preset.texts]
    return max(texts, key=lambda t: len(t.split()))


def word_target(images: EmbeddingSet, text: str, best: str) -> WordTarget:
    """What the address asks for; else the class that the text names, else the `best` picture (an id)."""
    instead = "what fits the text is used"
    if picture := one_of("target", images.ids, "", "the name of an image of this data set", instead):
        return WordTarget(picture=picture)
    if named := one_of("class", classes_with_pictures(images), "", A_CLASS + " with images", instead):
        return WordTarget(classname=named)
    found = classes_named(text, images.classnames) if images.pairs is not None else ()
    names = [images.classnames[c] for c in found if images.classnames[c] in classes_with_pictures(images)]
    return WordTarget(classname=names[0]) if names else WordTarget(picture=best)


def classes_with_pictures(images: EmbeddingSet) -> tuple[str, ...]:
    """Names of classes that have pictures, in label order; () without labels."""
    pairs = images.pairs
    if pairs is None or not images.classnames:
        return ()
    return tuple(dict.fromkeys(images.classnames[i] for i in np.unique(pairs[:, 1]) if i >= 0))


def pick_target(images: EmbeddingSet, now: WordTarget, best: str) -> None:
    """A picture or a class; which picture is chosen with a click below."""
    names = classes_with_pictures(images)
    if not names:
        return
    left, right = st.columns(2)
    with left:
        segments(
            "held",
            "Score against",
            KINDS,
            CLASS if now.classname else PICTURE,
            on_change=_switched,
            args=(names[0], best),
        )
    if now.classname:
        with right:
            select("class", "Class", names, now.classname, on_change=_picked_class)


def _switched(first: str, best: str) -> None:
    if st.session_state[widget_key("held")] == CLASS:
        set_choice("target", None)
        set_choice("class", first)
    else:
        set_choice("class", None)
        set_choice("target", best)


def _picked_class() -> None:
    set_choice("class", st.session_state[widget_key("class")])
    set_choice("target", None)


def hold_against(picture: str) -> None:
    """Callback: the words are held against this picture."""
    set_choice("class", None)
    set_choice("target", picture)


def pictures_to_choose(engine: Engine, result: PicturesResult, now: WordTarget) -> None:
    """The best pictures of the text; a click holds the words against one of them."""
    st.subheader("Score against another image", anchor=False)
    grid(
        [_tile(engine, result, place, now) for place in range(len(result.hits))],
        key="target-grid",
        tile=96,
        label="The best images of this text",
        opened=hold_against,
        of=(result.dataset, result.split),
    )


def _tile(engine: Engine, result: PicturesResult, place: int, now: WordTarget) -> Tile:
    hit = result.hits[place]
    said = hit.label or (hit.captions[0] if hit.captions else hit.id)
    return Tile(
        id=hit.id,
        thumbnail=thumbnail(engine, result.dataset, result.split, hit.id),
        alt=f"Rank {hit.rank}: {said}",
        label=hit.label,
        caption=said,
        rank=hit.rank,
        score_text=cosine(hit.score),
        right=hit.id == now.picture,
        mark="scored against" if hit.id == now.picture else "",
    )


def in_words(target: WordTarget, results_n: int) -> str:
    """ "the 25 pictures of bird"."""
    return f"the {results_n:,} images of {target.classname}" if target.classname else f"the image {target.picture}"


def kept_choices(target: WordTarget) -> dict[str, Sequence[str]]:
    """For a link."""
    return {
        "target": [target.picture] if target.picture else [],
        "class": [target.classname] if target.classname else [],
    }
