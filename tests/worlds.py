"""The worlds that tests share: coloured squares, told and untold, and fakes that see colours.

`paint` and `point` make a small one for tests of the engine and its commands; `fill_colours`, `captions_world` and
`trained_world` make those of the dashboard's tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.catalog.prompts import find_prompt_set
from core.deck.presets import CAPTIONS
from core.embedding.run import embed
from core.encoders.service.local import Encoding
from core.engine import Engine
from core.readers import open_dataset
from core.readers.datasets import find_dataset
from core.store import Store, TextStore, write_card
from core.studies.base import Study
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.prompts.compose import leave_one_out
from core.studies.zero_shot.classify import fill as filled
from core.types import Dataset, FloatArray, Note
from tests.fakes import COLOURS, FakeEncoder, FakePictures, png

GOOD, POOR = "ViT-B-32/random", "RN50/random"
OPENAI_GOOD, OPENAI_POOR = "ViT-B-32/openai", "RN50/openai"
"""Models with published figures, for the dashboard."""
COLOURS_EACH = 8
EACH = 10


class Wordy(FakeEncoder):
    """A text's vector is a mix of its words', so that leaving one out matters a little."""

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        seen = self.texts_seen + len(texts)
        vectors = np.stack([self._text(t) for t in texts]).astype(np.float32)
        self.texts_seen = seen
        return vectors

    def _text(self, text: str) -> FloatArray:
        words = "".join(ch if ch.isalnum() else " " for ch in text.lower()).split() or [""]
        return np.asarray(np.mean([FakeEncoder.encode_texts(self, [word])[0] for word in words], axis=0))


class NoisyWordy(Wordy):
    """Sees colours through noise, always in the same way."""

    def encode_images(self, batch: FloatArray) -> FloatArray:
        vectors = super().encode_images(batch)
        sums = np.abs(batch.reshape(len(batch), -1).sum(axis=1)).astype(np.int64) % 4096
        vectors[:, :3] += 2.5 * np.random.default_rng(5).standard_normal((4096, 3))[sums]
        return vectors.astype(np.float32)


def paint(folder: Path) -> None:
    """Class folders of squares, and a captions file with two sentences for each of ten squares."""
    for colour, rgb in COLOURS.items():
        (folder / "squares" / colour).mkdir(parents=True)
        for i in range(EACH):
            (folder / "squares" / colour / f"{i}.png").write_bytes(png(rgb, i))
    (folder / "told").mkdir()
    rows = ["image,caption"]
    for i in range(20):
        colour = list(COLOURS)[i % 4]
        (folder / "told" / f"{i}.png").write_bytes(png(COLOURS[colour], 100 + i))
        rows += [f"{i}.png,a {colour} square number {i}", f"{i}.png,one more {colour} thing"]
    (folder / "told" / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def point(monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, FakeEncoder]:
    """Make every engine of this process use the fakes and this folder; returns the encoders by name."""
    encoders: dict[str, FakeEncoder] = {GOOD: Wordy(GOOD), POOR: NoisyWordy(POOR)}

    def encoder(self: Encoding, model: str, progress: object = None) -> FakeEncoder:
        write_card(folder / "cache", encoders[model].card)
        return encoders[model]

    monkeypatch.setattr(Encoding, "encoder", encoder)
    monkeypatch.setenv("TMV_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMV_DATA", str(folder))
    return encoders


def squares(folder: Path) -> str:
    """The name of the classification set."""
    return f"folder:{folder / 'squares'}"


def told(folder: Path) -> str:
    """The name of the set with captions."""
    return f"captions:{folder / 'told' / 'captions.csv'}"


def run_study(engine: Engine, study: type[Study[Any]], *names: Any, **parameters: Any) -> Any:
    """The answer of an engine to a study by names."""
    return engine.run(study.at(engine, *names, **parameters))


def kept_study(engine: Engine, study: type[Study[Any]], *names: Any, **parameters: Any) -> Any:
    """What an engine has kept of it."""
    return engine.kept(study.at(engine, *names, **parameters))


# --- worlds of the dashboard ---


@dataclass(frozen=True)
class World:
    """A cache folder with vectors of two models on two data sets; the pictures of one of them are in `data`."""

    cache: Path
    data: Path
    home: Path

    @property
    def colours(self) -> str:
        """The name of the data set of coloured squares, whose pictures are there."""
        return "folder:colours"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point the product at this world, and away from weights that this machine may have."""
        return {
            "TMV_CACHE": str(self.cache),
            "TMV_DATA": str(self.data),
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "hub"),
            "HF_HUB_CACHE": str(self.home / "hub"),
            "HF_HUB_OFFLINE": "1",
        }


class Noisy(FakeEncoder):
    """Sees colours through noise, so that it is worse than the other one, always in the same way."""

    def encode_images(self, batch: NDArray[np.float32]) -> FloatArray:
        vectors = super().encode_images(batch)
        sums = np.abs(batch.reshape(len(batch), -1).sum(axis=1)).astype(np.int64) % 4096
        vectors[:, :3] += 2.0 * np.random.default_rng(5).standard_normal((4096, 3))[sums]
        return vectors.astype(np.float32)


def fill_colours(world: World) -> None:
    """Coloured squares and a part of EuroSAT without its pictures: vectors, text vectors and model cards."""
    paint_colours(world.data / "colours")
    world.home.mkdir(parents=True)
    store, texts = Store(world.cache), TextStore(world.cache)
    rows = open_dataset(world.colours, None, world.data, world.cache)
    for encoder in (FakeEncoder(OPENAI_GOOD), Noisy(OPENAI_POOR)):
        write_card(world.cache, encoder.card)
        embed(encoder, rows, store, texts, memo_dir=world.cache / "digests")
        embed(encoder, satellite(), store, texts, memo_dir=world.cache / "digests")
        for dataset in (rows, satellite()):
            know_prompts(encoder, dataset, texts)


def paint_colours(folder: Path) -> None:
    """COLOURS_EACH noisy squares of every colour, in a folder for each."""
    for colour, rgb in COLOURS.items():
        (folder / colour).mkdir(parents=True)
        for i in range(COLOURS_EACH):
            (folder / colour / f"{i}.png").write_bytes(png(rgb, i))


def satellite() -> Dataset:
    """Twenty pictures under the name of a catalog set that is not on this machine: published figures exist."""
    spec = find_dataset("eurosat")
    labels = np.arange(20, dtype=np.int64) % len(spec.classnames)
    files = [png((10 * i, 200 - 9 * i, 90), i) for i in range(20)]
    ids = tuple(f"{spec.raw_classnames[label]}/{i}.jpg" for i, label in enumerate(labels))
    return Dataset(
        spec=spec,
        split="test",
        ids=ids,
        pictures=FakePictures(files),
        labels=labels,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
    )


def know_prompts(encoder: FakeEncoder, dataset: Dataset, texts: TextStore) -> None:
    """Store the text vectors of the prompts that pages open with."""
    for name in dict.fromkeys((dataset.spec.prompt_set, "photo", "deck")):
        for names in (dataset.classnames, dataset.raw_classnames):
            asked = list(dict.fromkeys(filled(find_prompt_set(name).templates, names)))
            texts.put(encoder.card.model_digest, asked, encoder.encode_texts(asked))


def trained_world(root: Path) -> tuple[World, ProbeResult]:
    """The world of colours with both halves embedded, and a probe of the poor model; the good one has none."""
    world = World(root / "cache", root / "data", root / "home")
    fill_colours(world)
    store, texts = Store(world.cache), TextStore(world.cache)
    for encoder in (FakeEncoder(OPENAI_GOOD), Noisy(OPENAI_POOR)):
        for split in ("train", "test"):
            rows = open_dataset(world.colours, split, world.data, world.cache)
            embed(encoder, rows, store, texts, memo_dir=world.cache / "digests")
            know_prompts(encoder, rows, texts)
    return world, run_study(Engine(world.cache, world.data, in_process=False), LinearProbe, OPENAI_POOR, world.colours)


# --- captions ---

TOLD = 24
SHARED = "A square."
BARE, LOST = "0-bare.png", "gone.png"
COCO_PICTURES = 16
PEOPLE = next(p for p in CAPTIONS if p.name == "deck-people").caption


def captions_encoders() -> dict[str, FakeEncoder]:
    """Both fakes by their names."""
    return {OPENAI_GOOD: Wordy(OPENAI_GOOD), OPENAI_POOR: NoisyWordy(OPENAI_POOR)}


def told_set(world: World) -> str:
    """The data set of told squares."""
    return "captions:told"


def captions_world(root: Path) -> World:
    """Squares told in words that count, an own data set with faults, and a part of COCO without its pictures."""
    made = World(root / "cache", root / "data", root / "home")
    paint_colours(made.data / "colours")
    tell_squares(made.data / "told")
    made.home.mkdir(parents=True)
    store, texts = Store(made.cache), TextStore(made.cache)
    sets = [open_dataset(name, None, made.data, made.cache) for name in (told_set(made), made.colours)] + [coco()]
    for encoder in captions_encoders().values():
        write_card(made.cache, encoder.card)
        for rows in sets:
            embed(encoder, rows, store, texts, memo_dir=made.cache / "digests")
        know_words(encoder, texts, sets)
    return made


def tell_squares(folder: Path) -> None:
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
    rows += [f"{LOST},a caption without its image", rows[1]]
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
        notes=(Note("This is a part: 16 of the 5,000 images of COCO captions val.", "part"),),
    )


def know_words(encoder: FakeEncoder, texts: TextStore, sets: Sequence[Dataset]) -> None:
    """Vectors of all captions without each of their words, as the library's own work leaves those it offers."""
    asked = [span.without for rows in sets for caption in rows.captions for span in leave_one_out(caption)]
    asked += [f"a photo of a {name}." for rows in sets for name in rows.classnames]
    wanted = list(dict.fromkeys(asked))
    texts.put(encoder.card.model_digest, wanted, encoder.encode_texts(wanted))
