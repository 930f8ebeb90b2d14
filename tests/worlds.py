"""A small cache for tests of the engine's studies and their commands: coloured squares and fakes that see
colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.encoders.service.local import Encoding
from core.engine import Engine
from core.store import write_card
from core.studies.base import Study
from core.types import FloatArray
from tests.fakes import COLOURS, FakeEncoder, png

GOOD, POOR = "ViT-B-32/random", "RN50/random"
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


class Poor(Wordy):
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
    encoders: dict[str, FakeEncoder] = {GOOD: Wordy(GOOD), POOR: Poor(POOR)}

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
