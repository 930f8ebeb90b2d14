"""Stand-ins for models and data: no torch, no downloads, the same numbers everywhere.

`FakeEncoder` sees colours: a picture's vector starts with its mean red, green and blue, a text's with the
colours it names, so classifying by colour works far above chance. The rest of a vector is a fixed mix of the
pixels (or noise seeded by the text), so any two pictures differ.
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import unknown
from core.types import Dataset, DatasetSpec, FloatArray, ModelCard, ModelSpec, Preprocessing

SIZE, WIDTH = 16, 32
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 70, 230), "white": (240, 240, 240)}
_MIX = np.random.default_rng(7).standard_normal((3 * SIZE * SIZE, WIDTH - 3)).astype(np.float32) / 50


class FakeEncoder:
    """An `Encoder` over plain arrays. `seconds` is slept for each picture; calls are counted."""

    def __init__(
        self, name: str = "fake/colours", *, seconds: float = 0.0, digest: str = "fake-weights", device: str = "cpu"
    ) -> None:
        self.spec = fake_model(name)
        self.card = ModelCard(
            name=name,
            model_digest=hashlib.sha256(f"{name} {digest}".encode()).hexdigest(),
            preprocessing=Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
            precision="float32",
            device=device,
            logit_scale=50.0,
            embed_dim=WIDTH,
            context_length=77,
            text_path="fake",
            versions={"fake": "1"},
        )
        self.seconds, self.images_seen, self.texts_seen, self._count = seconds, 0, 0, threading.Lock()

    @property
    def logit_scale(self) -> float:
        return self.card.logit_scale

    @property
    def device(self) -> str:
        return self.card.device

    @property
    def precision(self) -> str:
        return self.card.precision

    def preprocess(self, image: Image.Image) -> NDArray[np.float32]:
        pixels = np.asarray(image.convert("RGB").resize((SIZE, SIZE)), np.float32) / 255
        return np.ascontiguousarray((pixels.transpose(2, 0, 1) - 0.5) / 0.25)

    def encode_images(self, batch: NDArray[np.float32]) -> FloatArray:
        batch = np.asarray(batch, np.float32)
        if self.seconds:
            time.sleep(self.seconds * len(batch))
        with self._count:
            self.images_seen += len(batch)
        colours = batch.mean(axis=(2, 3))
        return np.concatenate([colours, batch.reshape(len(batch), -1) @ _MIX], axis=1).astype(np.float32)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        self.texts_seen += len(texts)
        return np.stack([_text_vector(text) for text in texts]).astype(np.float32)

    full_texts = encode_texts


def _text_vector(text: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(WIDTH) * 0.2
    named = [rgb for name, rgb in COLOURS.items() if name in text.lower()]
    vector[:3] = ((np.mean(named, axis=0) / 255 - 0.5) / 0.25) if named else 0
    return vector


@dataclass
class FakePictures:
    """Encoded pictures in memory; counts the reads, and `stamp` follows the content."""

    files: list[bytes]
    reads: int = 0
    seconds: float = 0.0
    errors: dict[int, Exception] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> bytes:
        self.reads += 1
        if index in self.errors:
            raise self.errors[index]
        return self.files[index]

    def stamp(self, index: int) -> str:
        return hashlib.sha256(self.files[index]).hexdigest()


def fake_model(name: str = "fake/colours") -> ModelSpec:
    architecture, _, pretrained = name.partition("/")
    return ModelSpec(
        name=name,
        title="A fake that sees colours",
        architecture=architecture,
        pretrained=pretrained,
        library="open_clip",
        embed_dim=WIDTH,
        image_size=SIZE,
        parameters=1,
    )


def png(colour: Sequence[int], seed: int = 0, size: int = 24) -> bytes:
    """A noisy square of one colour, as a PNG file."""
    noise = np.random.default_rng(seed).integers(-30, 31, (size, size, 3))
    pixels = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def fake_spec(kind: str = "classification", name: str = "fake-colours") -> DatasetSpec:
    captions = kind == "captions"
    return DatasetSpec(
        name=name,
        title="Fake colours",
        kind="captions" if captions else "classification",
        splits=("test",),
        classnames=() if captions else tuple(COLOURS),
        raw_classnames=() if captions else tuple(COLOURS),
    )


def fake_dataset(
    n: int = 12,
    kind: str = "classification",
    *,
    broken: Collection[int] = (),
    name: str = "fake-colours",
    seed: int = 0,
) -> Dataset:
    """n noisy squares, the colours in turn; those in `broken` are no pictures. Captions: two for each
    picture."""
    colours = list(COLOURS.items())
    labels = np.arange(n, dtype=np.int64) % len(colours)
    files = [b"not a picture" if i in broken else png(colours[labels[i]][1], seed * 100_003 + i) for i in range(n)]
    spec, ids = fake_spec(kind, name), tuple(f"{colours[c][0]}/{i:05d}.png" for i, c in enumerate(labels))
    if kind == "captions":
        captions = tuple(f"a {colours[c][0]} square, view {v} of {i}" for i, c in enumerate(labels) for v in (1, 2))
        return Dataset(
            spec=spec,
            split="test",
            ids=ids,
            pictures=FakePictures(files),
            captions=captions,
            image_index=np.repeat(np.arange(n, dtype=np.int64), 2),
        )
    return Dataset(
        spec=spec,
        split="test",
        ids=ids,
        pictures=FakePictures(files),
        labels=labels,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
    )


class FakeModels:
    """Models for the encoder process: `fake/...`; `fake/slow` takes a moment, `fake/broken` never loads."""

    def stamp(self, name: str) -> str:
        if not name.startswith("fake/"):
            raise unknown("model", name, ["fake/colours", "fake/slow"])
        return name

    def load(self, name: str) -> FakeEncoder:
        if name == "fake/slow":
            time.sleep(1.5)
        if name == "fake/broken":
            raise RuntimeError("no such layer")
        return FakeEncoder(name)
