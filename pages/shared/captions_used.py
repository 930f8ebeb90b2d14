"""Which captions are used: the split, and how many of each picture. One button in words; what can change it inside."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.captions.retrieval import ALL_CAPTIONS, RetrievalResult
from core.studies.captions.study import Retrieval
from core.types import DatasetSpec
from core.words.names import say_dataset
from pages.shared.url_choices import one_of
from pages.shared.widgets import choice_button, segments, select

ALL = "all"
CAPS = ("1", "2", "3", "4", "5", ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionsUsed:
    """`split` None: the one that the data set is measured on; `cap` how many captions of a picture, or
    `ALL_CAPTIONS`."""

    split: str | None = None
    cap: int = ALL_CAPTIONS

    @property
    def words(self) -> str:
        """ "All captions · train split"."""
        first = f"First {count(self.cap, 'caption')} of each" if self.cap else "All captions"
        return " · ".join([first, *([f"{self.split} split"] if self.split else [])])

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """For a link to this page."""
        return {"split": (self.split,) if self.split else (), "each": (str(self.cap or ALL),)}


def captions_used(engine: Engine, dataset: DatasetSpec) -> CaptionsUsed:
    """What the address says, checked; else as the data set is measured. Says what is wrong with it."""
    splits = engine.data.splits(dataset.name)
    split = one_of("split", splits, "", instead=f"the one that {say_dataset(dataset.name)} is measured on is used")
    each = one_of("each", CAPS, str(dataset.captions_per_picture or ALL))
    return CaptionsUsed(split=split or None, cap=ALL_CAPTIONS if each == ALL else int(each))


def pick_captions_used(engine: Engine, dataset: DatasetSpec) -> CaptionsUsed:
    """A button that says which captions are used, and opens the ways to change it."""
    now = captions_used(engine, dataset)
    with choice_button("Captions, split", now.words, key="captions"):
        segments(
            "each",
            "Captions per image",
            CAPS,
            str(now.cap or ALL),
            format_func=str.capitalize,
            help="With more captions per image is found by one of them more easily. COCO's protocol has five.",
        )
        pick_split(engine, dataset, now.split)
    return now


def pick_split(engine: Engine, dataset: DatasetSpec, now: str | None) -> None:
    """The splits that are here, where there are several."""
    splits = engine.data.splits(dataset.name)
    if len(splits) < 2:
        return
    titles = {"": "Default split", **{s: s for s in splits}}
    select("split", "Split", titles, now or "")


def ranked(engine: Engine, model: str, dataset: str, how: CaptionsUsed) -> RetrievalResult:
    """The benchmark of one model; says how far it is where there is much to rank. Raises what
    `Retrieval.run` raises."""
    place = st.empty()

    def progress(done: int, total: int) -> None:
        if total > MANY:
            place.progress(done / total, text=f"Ranking captions and images: {done:,} of {total:,} blocks")

    try:
        return engine.run(Retrieval.at(engine, model, dataset, how.split, captions_per_picture=how.cap), progress)
    finally:
        place.empty()


MANY = 20
"""So few blocks are a blink: no bar for them."""
