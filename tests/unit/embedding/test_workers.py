"""Processes that compute: the vectors are those of one process, and a picture that ends one is skipped."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.embedding.careful import CarefulPictures
from core.encoders.asked import asked_devices
from core.engine import Engine
from core.errors import BadImage
from tests.fakes import png

MODEL = "demo-rn/demo"


def folder_of(data: Path, n: int = 150) -> str:
    """A folder of n squares of two colours; 150 are three chunks."""
    for index in range(n):
        name = ("red", "blue")[index % 2]
        path = data / "many" / name / f"{index:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png((index, 40, 200 - index)))
    return "folder:many"


def vectors(cache: Path, data: Path, name: str) -> np.ndarray:
    engine = Engine(cache, data)
    return np.asarray(engine.vectors.ensure(engine.place(MODEL, name)).image_embeddings)


def test_a_process_for_each_device_gives_the_vectors_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = folder_of(tmp_path)
    plain = vectors(tmp_path / "one", tmp_path, name)
    monkeypatch.setenv("TMV_DEVICE", "cpu,cpu")
    np.testing.assert_array_equal(vectors(tmp_path / "two", tmp_path, name), plain)


def test_several_devices_are_those_named_or_all_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMV_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("core.encoders.asked._cards", lambda: 3)
    assert asked_devices() == asked_devices("cuda") == ("cuda:0", "cuda:1", "cuda:2")
    assert asked_devices("cuda:1") == asked_devices("cpu") == ()
    assert asked_devices("cuda:2, cuda:0") == ("cuda:2", "cuda:0")
    monkeypatch.setattr("core.encoders.asked._cards", lambda: 1)
    assert asked_devices() == ()


HANG, END = png((5, 5, 5)) + b"hang", png((5, 5, 5)) + b"ends"


class Odd:
    """Pictures of which the second hangs, the third ends its process, and the fourth cannot be read."""

    def __len__(self) -> int:
        return 5

    def read(self, index: int) -> bytes:
        if index == 3:
            raise BadImage("torn")
        return (png((1, 2, 3)), HANG, END, b"", png((9, 9, 9)))[index]

    def stamp(self, index: int) -> str:
        return str(index)


HANGS = """
import os, time
from PIL.PngImagePlugin import PngImageFile
original = PngImageFile._open
def opened(self):
    here = self.fp.tell(); self.fp.seek(-4, 2); last = self.fp.read(); self.fp.seek(here)
    if last == b"hang": time.sleep(600)
    if last == b"ends": os._exit(9)
    return original(self)
PngImageFile._open = opened
"""


def test_one_that_hangs_or_ends_the_process_is_a_broken_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS)  # for the process that reads carefully, not for this one
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    pictures, start = CarefulPictures(Odd(), seconds=8.0), time.monotonic()
    assert pictures.read(0) == png((1, 2, 3))
    for index, reason, content in ((1, "longer than", HANG), (2, "ends the process", END), (3, "torn", None)):
        with pytest.raises(BadImage, match=reason) as error:
            pictures.read(index)
        assert error.value.content == content
    assert pictures.read(4) == png((9, 9, 9)) and len(pictures) == 5 and pictures.stamp(2) == "2"
    pictures.close()
    assert time.monotonic() - start < 300
