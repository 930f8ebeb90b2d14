"""The encoder process of the worlds with captions: it answers at once, or never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.encoders.service.client import WarmEncoder
from core.errors import EncoderWarming
from core.images.decode import to_rgb
from core.types import FloatArray
from tests.worlds import captions_encoders


def answer_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The encoder process answers at once; returns the texts it was asked for, as they come."""
    known, asked = captions_encoders(), list[str]()

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
