"""What the product begins with belongs to the weights and images that it comes with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core import ZeroShot
from core.bundle.start import DATASET, MODELS, begin
from core.catalog.prompts import FIRST_TEXTS
from core.demo.plans import draw_one, pictures
from core.encoders.encoder import load_encoder
from core.engine import Engine


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("begun")
    report = begin(root / "cache")
    assert len(report.entries) == len(MODELS)
    return Engine(root / "cache", root / "none", in_process=False)


def test_first_texts_and_the_first_figure_need_no_encoder(begun: Engine) -> None:
    for model in MODELS:
        assert begun.encoding.missing_texts(model, FIRST_TEXTS) == ()
        assert begun.run(ZeroShot.at(begun, model, DATASET)).acc1 > 0.4
    assert not (begun.cache_dir / "demo").exists(), "nothing was drawn"


def test_vectors_are_those_of_the_weights_and_of_the_images_as_they_are_drawn(begun: Engine) -> None:
    for model in MODELS:
        encoder = load_encoder(model, "cpu")
        assert begun.encoding.model_digest(model) == encoder.card.model_digest, (
            "make it anew: python -m core.bundle.start"
        )
        images = begun.vectors.require(begun.place(model, DATASET))
        rows = [0, 321, len(images) - 1]
        drawn = [draw_one(DATASET, "test", images.ids[row]) for row in rows]
        batch = torch.stack([encoder.preprocess(image) for image in drawn if image is not None])
        found = encoder.encode_images(batch)
        kept = images.image_embeddings[rows]
        unit = found / np.linalg.norm(found, axis=1, keepdims=True)
        assert np.abs(unit - kept / np.linalg.norm(kept, axis=1, keepdims=True)).max() < 2e-3


def test_an_image_that_is_nowhere_on_the_disk_is_drawn_and_kept(begun: Engine) -> None:
    planned = next(p for p in pictures(DATASET) if p.path.startswith("test/"))
    picture = planned.path.removeprefix("test/")
    first = begun.thumbnail(DATASET, None, picture)
    assert first.startswith(b"RIFF") and begun.thumbnail(DATASET, None, picture) == first
    assert any((begun.cache_dir / "thumbnails").rglob("*.webp"))
    assert draw_one(DATASET, "test", "nothing.png") is None


def test_beginning_twice_changes_nothing(begun: Engine, tmp_path: Path) -> None:
    again = begin(begun.cache_dir)
    assert again.entries == () and len(again.there) == len(MODELS)
