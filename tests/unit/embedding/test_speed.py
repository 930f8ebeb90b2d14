"""What embedding took is remembered with the vectors, and only where it says something."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.embedding.run import EmbedReport, embed
from core.embedding.speed import FEWEST, Speed, remember_speed, speed
from core.engine import Engine
from core.readers import open_dataset
from core.store import Store, TextStore
from core.types import EmbeddingKey
from tests.conftest import GOOD
from tests.fakes import FakeEncoder
from tests.worlds import paint_colours


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Engine, str, EmbeddingKey]:
    """An engine on a few embedded squares."""
    paint_colours(tmp_path / "data" / "colours")
    name = f"folder:{tmp_path / 'data' / 'colours'}"
    engine = Engine(tmp_path / "cache", tmp_path / "data", in_process=False)
    rows = open_dataset(name, None, engine.data.folder, engine.cache_dir)
    report = embed(FakeEncoder(GOOD), rows, Store(engine.cache_dir), TextStore(engine.cache_dir), memo_dir=tmp_path)
    return engine, name, report.key


def test_a_speed_is_found_with_its_vectors(stored: tuple[Engine, str, EmbeddingKey]) -> None:
    engine, _, key = stored
    assert speed(engine.results, key) is None
    remember_speed(
        engine.results, EmbedReport(key=key, n=200, seconds=4.0, images_per_second=50.0, reused=72, skipped=()), "cuda"
    )
    assert speed(engine.results, key) == Speed(seconds_per_picture=0.02, n=128, device="cuda")
    assert speed(engine.results, replace(key, fingerprint="other")) is None, "its vectors are not here"


@pytest.mark.parametrize(("n", "rate", "reused"), [(FEWEST - 1, 50.0, 0), (5000, 0.0, 5000), (5000, 50.0, 4990)])
def test_too_few_pictures_say_nothing(
    stored: tuple[Engine, str, EmbeddingKey], n: int, rate: float, reused: int
) -> None:
    engine, _, key = stored
    remember_speed(
        engine.results, EmbedReport(key=key, n=n, seconds=1.0, images_per_second=rate, reused=reused, skipped=()), "cpu"
    )
    assert speed(engine.results, key) is None
