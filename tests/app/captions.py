"""A world with captions: squares told in words that count, an own data set with faults, and a part of COCO without
its pictures; encoders that see colours and whose texts are mixes of their words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.deck.presets import CAPTIONS
from core.embedding.run import embed
from core.encoders.service.client import WarmEncoder
from core.errors import EncoderWarming
from core.images.decode import to_rgb
from core.readers import open_dataset
from core.readers.datasets import find_dataset
from core.store import Store, TextStore, write_card
from core.studies.prompts.compose import leave_one_out
from core.types import Dataset, FloatArray, Note
from tests.app.making import paint_squares
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, FakeEncoder, FakePictures, png
from tests.worlds import Poor, Wordy

TOLD = 24
SHARED = "A square."
BARE, LOST = "0-bare.png", "gone.png"
COCO_PICTURES = 16
PEOPLE = next(p for p in CAPTIONS if p.name == "deck-people").caption


def encoders() -> dict[str, FakeEncoder]:
    """Both fakes by their names."""
    return {GOOD: Wordy(GOOD), POOR: Poor(POOR)}


def told(world: World) -> str:
    """The data set of told squares."""
    return f"captions:{world.data / 'told'}"


def make(root: Path) -> World:
    """Pictures, vectors, text vectors and model cards."""
    made = World(root / "cache", root / "data", root / "home")
    paint_squares(made.data / "colours")
    tell(made.data / "told")
    made.home.mkdir(parents=True)
    store, texts = Store(made.cache), TextStore(made.cache)
    sets = [open_dataset(name, None, made.data, made.cache) for name in (told(made), made.colours)] + [coco()]
    for encoder in encoders().values():
        write_card(made.cache, encoder.card)
        for rows in sets:
            embed(encoder, rows, store, texts, memo_dir=made.cache / "digests")
        know(encoder, texts, sets)
    return made


def tell(folder: Path) -> None:
    """TOLD squares with three captions each, the last shared by all; one caption without a picture, one picture
    without a caption, one caption that stands there twice."""
    folder.mkdir(parents=True)
    rows = ["image,caption"]
    for i in range(TOLD):
        colour = list(COLOURS)[i % 4]
        (folder / f"{i}.png").write_bytes(png(COLOURS[colour], 100 + i))
        rows += [
            f"{i}.png,A {colour} square number {i}.",
            f"{i}.png,one more {colour} thing of {i}",
            f"{i}.png,{SHARED}",
        ]
    (folder / BARE).write_bytes(png((9, 9, 9), 1))
    rows += [f"{LOST},a caption without its picture", rows[1]]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def coco() -> Dataset:
    """A few pictures under the name of COCO, five captions each and the first a sixth, not on this disk; one has a
    caption of the deck."""
    colours = list(COLOURS)
    files = [png(COLOURS[colours[i % 4]], 500 + i) for i in range(COCO_PICTURES)]
    captions = [f"view {v} of a {colours[i % 4]} thing {i}" for i in range(COCO_PICTURES) for v in range(5)]
    captions[7] = PEOPLE
    captions.append("a sixth view, of red thing 0")
    return Dataset(
        spec=find_dataset("coco"),
        split="val",
        ids=tuple(f"{i:012d}.jpg" for i in range(COCO_PICTURES)),
        pictures=FakePictures(files),
        captions=tuple(captions),
        image_index=np.append(np.repeat(np.arange(COCO_PICTURES, dtype=np.int64), 5), 0),
        notes=(Note("This is a part: 16 of the 5,000 pictures of COCO captions val.", "part"),),
    )


def know(encoder: FakeEncoder, texts: TextStore, sets: Sequence[Dataset]) -> None:
    """Vectors of all captions without each of their words, as the library's own work leaves those it offers."""
    asked = [span.without for rows in sets for caption in rows.captions for span in leave_one_out(caption)]
    asked += [f"a photo of a {name}." for rows in sets for name in rows.classnames]
    wanted = list(dict.fromkeys(asked))
    texts.put(encoder.card.model_digest, wanted, encoder.encode_texts(wanted))


def answer_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The encoder process answers at once; returns the texts it was asked for, as they come."""
    known, asked = encoders(), list[str]()

    def encode(self: WarmEncoder, model: str, texts: Sequence[str], progress: object = None) -> FloatArray:
        asked.extend(texts)
        return known[model].encode_texts(list(texts))

    def image(self: WarmEncoder, model: str, data: bytes) -> Any:
        return known[model].encode_images(known[model].preprocess(to_rgb(data))[None])[0]

    monkeypatch.setattr(WarmEncoder, "encode_texts", encode)
    monkeypatch.setattr(WarmEncoder, "encode_image", image)
    return asked


def never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder process is always starting."""

    def encode(self: WarmEncoder, model: str, *_: object) -> FloatArray:
        raise EncoderWarming(model, 3.0)

    monkeypatch.setattr(WarmEncoder, "encode_texts", encode)
    monkeypatch.setattr(WarmEncoder, "encode_image", encode)
