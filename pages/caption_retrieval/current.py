"""Which caption is looked at: what the address says, drawn at random, or the first preset.

`caption` in the address is the text that is asked, `original` the picture it should find, `draw` a caption drawn
at random ("lost:17" is the same one every time). A text alone belongs to the first picture that has it as its
caption.
"""

from __future__ import annotations

import difflib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from core.deck.presets import CaptionPreset, caption_presets
from core.engine import Engine
from core.studies.captions.one_caption import Difficulty, draw
from core.studies.captions.retrieval import RetrievalResult
from core.studies.pictures.search import captions_of_row
from core.types import EmbeddingSet
from pages.shared.url_choices import one_of, such_as
from pages.shared.url_state import get_choice, set_choice

KINDS: tuple[Difficulty, ...] = get_args(Difficulty)
DRAWS = 1_000_000
MOST_BESIDE = 8
_DRAW = re.compile(rf"^({'|'.join(KINDS)}):(\d{{1,9}})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentCaption:
    """`text` is asked and should find `picture` ("" where no picture of the set has this caption), whose own
    captions are `written`; `same` are other pictures with the very same caption. `drawn` says how it was chosen,
    `source` which caption it was edited from, `beside` has other wordings, and `problem` why none could be drawn."""

    text: str
    picture: str = ""
    written: tuple[str, ...] = ()
    same: frozenset[str] = frozenset()
    drawn: str = ""
    source: str = ""
    beside: tuple[str, ...] = ()
    problem: str = ""

    @property
    def edited(self) -> bool:
        """Whether the text is none of the picture's captions."""
        return bool(self.written) and self.text not in self.written

    @property
    def original_text(self) -> str:
        """The caption that the text was edited from: the one that is known, else the most similar one."""
        if not self.edited or self.source in self.written:
            return self.source if self.edited else self.text
        return max(self.written, key=lambda c: difflib.SequenceMatcher(None, c.lower(), self.text.lower()).ratio())

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """For a link to this page."""
        return {
            "caption": (self.text,),
            "original": (self.picture,) if self.picture else (),
            "written": (self.original_text,) if self.edited else (),
            "beside": self.beside,
        }


def current_caption(engine: Engine, images: EmbeddingSet, result: RetrievalResult) -> CurrentCaption:
    """What is looked at in this set; `result` has the ranks by which one is drawn."""
    text = next(iter(get_choice("caption")), "").strip()
    instead = "the caption tells which one is meant" if text else "another caption is shown"
    picture = one_of("original", images.ids, "", "the name of an image of this data set", instead)
    asked = bool(text or picture)
    found = _as_asked(engine, images, text, picture) if asked else _drawn(engine, images, result)
    source, beside = next(iter(get_choice("written")), ""), _beside(found.text, images.key.dataset)
    return replace(found, source=source, beside=beside)


def _as_asked(engine: Engine, images: EmbeddingSet, text: str, picture: str) -> CurrentCaption:
    rows = by_text(engine, images).get(fold(text), ())
    if not picture and rows:
        picture = images.ids[_owner(images, rows[0])]
    if not picture:
        return CurrentCaption(text=text)
    written = captions_of_row(images, images.ids.index(picture))
    return _known(images, text or next(iter(written), ""), picture, written, rows)


def _known(
    images: EmbeddingSet, text: str, picture: str, written: tuple[str, ...], rows: Sequence[int]
) -> CurrentCaption:
    same = frozenset(images.ids[_owner(images, row)] for row in rows) - {picture}
    return CurrentCaption(text=text, picture=picture, written=written, same=same)


def _drawn(engine: Engine, images: EmbeddingSet, result: RetrievalResult) -> CurrentCaption:
    expected = f"a draw as lost:17, with {', '.join(KINDS[:-1])} or {KINDS[-1]}"
    wanted = such_as("draw", lambda text: bool(_DRAW.match(text)), expected, "", "another caption is shown")
    asked = _DRAW.match(wanted)
    if asked is None:
        return _first(engine, images, result)
    kind: Difficulty = next(k for k in KINDS if k == asked[1])
    row = draw(result, kind, int(asked[2]))
    if row is None:
        found = _first(engine, images, result)
        return replace(found, problem=f"No caption here is {SAID[kind]}, so none can be picked.")
    return replace(_of_row(engine, images, row), drawn=kind)


SAID: Mapping[Difficulty, str] = {
    "any": "of any kind",
    "easy": "easy (found first)",
    "hard": "hard (found at rank 2 to 10)",
    "lost": "lost (found beyond rank ten)",
}


def _first(engine: Engine, images: EmbeddingSet, result: RetrievalResult) -> CurrentCaption:
    """What the page opens with: the first preset whose caption is here, else a hard caption."""
    for preset in caption_presets(images.key.dataset):
        if rows := by_text(engine, images).get(fold(preset.caption), ()):
            return _of_row(engine, images, rows[0])
    kinds: tuple[Difficulty, ...] = ("hard", "lost", "any")
    for kind in kinds:
        if (row := draw(result, kind)) is not None:
            return _of_row(engine, images, row)
    return CurrentCaption(text="")


def _of_row(engine: Engine, images: EmbeddingSet, row: int) -> CurrentCaption:
    owner, text = _owner(images, row), images.captions[row]
    rows = by_text(engine, images).get(fold(text), ())
    return _known(images, text, images.ids[owner], captions_of_row(images, owner), rows)


def _owner(images: EmbeddingSet, caption: int) -> int:
    assert images.image_index is not None
    return int(images.image_index[caption])


def fold(text: str) -> str:
    """A caption as compared with another: small letters, single spaces, no full stop at its end."""
    return " ".join(text.lower().split()).rstrip(" .")


def by_text(engine: Engine, images: EmbeddingSet) -> Mapping[str, Sequence[int]]:
    """The rows of each caption, by its folded text; made once for a stored set."""

    def make() -> dict[str, list[int]]:
        rows = dict[str, list[int]]()
        for row, caption in enumerate(images.captions):
            rows.setdefault(fold(caption), []).append(row)
        return rows

    found: Mapping[str, Sequence[int]] = engine.memory.studies.get(("captions-by-text", images.key), make)
    return found


def _beside(text: str, dataset: str) -> tuple[str, ...]:
    """Other wordings: those of the address, else those that the preset lays beside its caption."""
    if asked := get_choice("beside", MOST_BESIDE):
        return asked
    preset = next((p for p in caption_presets(dataset) if p.caption == text), None)
    return preset.beside if preset else ()


def ranks_of(result: RetrievalResult, images: EmbeddingSet, picture: str) -> dict[str, int]:
    """Where each caption of a picture finds it, for those captions that the benchmark used."""
    row = images.ids.index(picture)
    mine = np.flatnonzero(result.image_index == row)
    return {images.captions[int(result.captions[i])]: int(result.image.ranks[i]) for i in mine}


# --- callbacks --------------------------------------------------------------------------------------------


def look_at_caption(picture: str | None, caption: str | None) -> None:
    """Callback: look at this caption of this picture."""
    edit_caption(picture, caption, None)
    set_choice("beside", None)


def edit_caption(picture: str | None, caption: str | None, source: str | None) -> None:
    """Callback: ask another text for the same picture; `source` is the caption that it was edited from."""
    set_choice("original", picture)
    set_choice("caption", caption)
    set_choice("written", source)
    for name in ("draw", "asked"):
        set_choice(name, None)


def draw_one(kind: Difficulty) -> None:
    """Callback: draw a caption; the address names the draw, so that it can be shown to others."""
    look_at_caption(None, None)
    set_choice("draw", f"{kind}:{secrets.randbelow(DRAWS)}")


def take_preset(preset: CaptionPreset) -> None:
    """Callback: look at a preset, on the data set it is meant for."""
    look_at_caption(None, preset.caption)
    set_choice("data", [preset.datasets[0], *(d for d in get_choice("data") if d != preset.datasets[0])])
