"""The world of coloured squares with both halves embedded, so that classifiers can be trained on it."""

from __future__ import annotations

from pathlib import Path

from core.embedding.run import embed
from core.engine import Engine
from core.readers import open_dataset
from core.store import Store, TextStore
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from tests.app.making import Poor, fill, know_prompts
from tests.conftest import GOOD, POOR, World
from tests.fakes import FakeEncoder
from tests.worlds import run_study


def make(root: Path) -> tuple[World, ProbeResult]:
    """The world, and a probe of the poor model; the good one has none."""
    world = World(root / "cache", root / "data", root / "home")
    fill(world)
    store, texts = Store(world.cache), TextStore(world.cache)
    for encoder in (FakeEncoder(GOOD), Poor(POOR)):
        for split in ("train", "test"):
            rows = open_dataset(world.colours, split, world.data, world.cache)
            embed(encoder, rows, store, texts, memo_dir=world.cache / "digests")
            know_prompts(encoder, rows, texts)
    return world, run_study(Engine(world.cache, world.data, in_process=False), LinearProbe, POOR, world.colours)
