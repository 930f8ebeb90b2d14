"""Indexes on disk: whole or not there, and gone with the vectors that they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.errors import Cancelled, Damaged
from core.store.indexes import FILE, RECORD, IndexRecord
from core.store.verify import verify
from core.types import EmbeddingSet
from tests.slow_index import a_record
from tests.worlds import GOOD, paint, point, squares


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, EmbeddingSet]:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    engine = Engine()
    return engine, engine.vectors.ensure(engine.place(GOOD, squares(tmp_path)))


def keep(engine: Engine, images: EmbeddingSet, content: bytes = b"rows") -> IndexRecord:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return engine.store.indexes.keep(lambda file: a_record(images, file), write)


def test_it_is_found_by_the_vectors_and_gives_back_what_was_kept(made: tuple[Engine, EmbeddingSet]) -> None:
    engine, images = made
    indexes = engine.store.indexes
    assert indexes.find(images.key) is None and indexes.names() == ()
    record = keep(engine, images)
    assert indexes.find(images.key) == record and indexes.of_split(images.key) == (record,)
    assert indexes.require_whole(record).read_bytes() == b"rows"
    assert keep(engine, images, b"others") != record
    assert indexes.file(images.key).read_bytes() == b"others" and len(list(indexes.folder.iterdir())) == 1
    assert indexes.of_split(replace(images.key, split="train")) == ()


def test_what_is_stopped_leaves_nothing(made: tuple[Engine, EmbeddingSet]) -> None:
    engine, images = made

    def write(path: Path) -> None:
        path.write_bytes(b"half")
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        engine.store.indexes.keep(lambda file: a_record(images, file), write)
    assert list(engine.store.indexes.folder.iterdir()) == []


@pytest.mark.parametrize("name", [FILE, RECORD])
def test_damage_is_seen_named_and_mended(name: str, made: tuple[Engine, EmbeddingSet]) -> None:
    engine, images = made
    record = keep(engine, images)
    assert verify(engine.store).damaged == ()
    path = engine.store.indexes.file(images.key).with_name(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged):
        engine.store.indexes.require_whole(engine.store.indexes.find(images.key) or record)
    assert len(verify(engine.store, mend=False).damaged) == 1 and path.exists()
    report = verify(engine.store)
    assert report.damaged[0].startswith(f"indexes/{images.key.fingerprint}") and len(report.mended) == 1
    assert engine.store.indexes.names() == () and verify(engine.store).damaged == ()


def test_a_record_of_another_version_does_not_answer(made: tuple[Engine, EmbeddingSet]) -> None:
    from core.system.files import read_checked_json, write_checked_json

    engine, images = made
    keep(engine, images)
    path = engine.store.indexes.file(images.key).with_name(RECORD)
    write_checked_json(path, read_checked_json(path) | {"format": 2})
    with pytest.raises(Damaged):
        engine.store.indexes.find(images.key)
    assert engine.store.indexes.of_split(images.key) == ()


def test_it_goes_with_its_vectors(made: tuple[Engine, EmbeddingSet]) -> None:
    engine, images = made
    keep(engine, images)
    engine.store.remove(images.key)
    assert engine.store.indexes.names() == ()


def test_one_of_vectors_that_are_gone_is_removed(made: tuple[Engine, EmbeddingSet]) -> None:
    engine, images = made
    gone = replace(images, key=replace(images.key, fingerprint="0" * 16))
    keep(engine, gone)
    assert "not here" in verify(engine.store).damaged[0] and engine.store.indexes.names() == ()


def test_drafts_of_killed_processes_are_swept_after_an_hour(made: tuple[Engine, EmbeddingSet]) -> None:
    import os
    import time

    engine, images = made
    keep(engine, images)
    old, new = (engine.store.indexes.folder / name for name in ("draft-old", "draft-new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / FILE).write_bytes(b"half")
    for path in (old / FILE, old):
        os.utime(path, (time.time() - 7200,) * 2)
    assert verify(engine.store).damaged == ()
    assert not old.exists() and new.exists() and np.array_equal(engine.store.indexes.names(), [images.key.fingerprint])
