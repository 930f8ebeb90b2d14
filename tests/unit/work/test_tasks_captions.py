"""What embedding a captioned set leaves behind, so that its pages open without an encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.deck.presets import caption_presets
from core.engine import Engine
from core.studies.captions.study import Retrieval, ranks_key
from core.studies.prompts.compose import leave_one_out
from core.work.tasks import TASKS
from tests.worlds import GOOD, paint, point, told


def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    engine = Engine()
    TASKS["embed"](engine, {"model": GOOD, "dataset": told(tmp_path), "split": "all"}, lambda done, total: None)
    return engine


def test_the_ranks_and_the_offered_captions_are_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = embedded(tmp_path, monkeypatch)
    key = engine.vectors.require(engine.place(GOOD, told(tmp_path))).key
    assert isinstance(engine.results.get(ranks_key(key, None)), bytes)
    preset = caption_presets(told(tmp_path))[0]
    wanted = [preset.caption, *preset.beside, *(s.without for s in leave_one_out(preset.caption))]
    digest = engine.encoding.model_digest(GOOD)
    assert digest and engine.encoding.texts.get(digest, wanted)[1].all()


def test_ranking_that_would_take_long_is_left_for_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.work.tasks.QUICK_PAIRS", 20 * 40 - 1)
    engine = embedded(tmp_path, monkeypatch)
    key = engine.vectors.require(engine.place(GOOD, told(tmp_path))).key
    assert engine.results.get(ranks_key(key, None)) is None
    assert engine.run(Retrieval.at(engine, GOOD, told(tmp_path))).n_texts == 40
