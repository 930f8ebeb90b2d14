"""Plans and chunk files: who computes does not matter, and what is damaged is noticed."""

from __future__ import annotations

import errno
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Damaged, DiskFull, TMVError
from core.store import Chunk, ChunkPlan, ChunkRun, KeyParts, Store, read_chunk, write_chunk
from core.store.chunks import LEFT_OVER_SECONDS, MOST_CHUNKS, RECORD, chunk_path, chunk_rows, read_head, rows_done
from core.store.finish import write_images
from core.store.rows import kept_rows
from core.types import Skipped
from tests.fakes import FakeEncoder, fake_dataset


def make_plan(n: int = 25, rows: int = 10, batch: int = 5, digest: str = "pictures") -> ChunkPlan:
    return ChunkPlan(
        parts=KeyParts.of(FakeEncoder().card, digest),
        dataset="fake-colours",
        split="test",
        n=n,
        chunk_rows=rows,
        batch_rows=batch,
    )


def make_chunk(plan: ChunkPlan, index: int, gaps: tuple[int, ...] = ()) -> Chunk:
    rows = [row for row in plan.rows(index) if row not in gaps]
    vectors = np.array([[row, row + 0.5, -row] for row in rows], np.float32).reshape(-1, 3)
    return Chunk(vectors=vectors, skipped=tuple((row, Skipped(id=f"row {row}", reason="torn")) for row in gaps))


@pytest.mark.parametrize("n", [1, 4, 5, 6, 10, 24, 25, 30])
def test_chunks_and_batches_cover_every_row_once(n: int) -> None:
    plan = make_plan(n)
    rows = [row for chunk in range(plan.chunks) for batch in plan.batches(chunk) for row in batch]
    assert rows == list(range(n))
    assert all(len(batch) <= 5 for chunk in range(plan.chunks) for batch in plan.batches(chunk))


@pytest.mark.parametrize("n, rows, batch", [(0, 10, 5), (5, 0, 5), (5, 10, 0), (5, 7, 5)])
def test_a_plan_of_nothing_or_of_broken_batches_is_refused(n: int, rows: int, batch: int) -> None:
    with pytest.raises(TMVError, match="whole batches"):
        make_plan(n, rows, batch)


def test_the_same_chunks_on_every_machine_and_not_too_many() -> None:
    assert chunk_rows(10_000, 16) == 128
    assert chunk_rows(10_000, 128, accelerator=True) == 2048
    assert chunk_rows(3_000_000, 16) == 160  # 128 rows would be 23,438 files
    assert make_plan(3_000_000, chunk_rows(3_000_000, 16), 16).chunks <= MOST_CHUNKS
    assert chunk_rows(10**9, 16) == 8192  # memory goes before the number of files
    assert chunk_rows(10, 10_000) == 10_000


def test_very_many_chunks_lie_a_thousand_to_a_folder(tmp_path: Path) -> None:
    plan = make_plan(MOST_CHUNKS + 1, 1, 1)
    assert chunk_path(tmp_path, make_plan(MOST_CHUNKS, 1, 1), 1234) == tmp_path / "001234.chunk"
    assert chunk_path(tmp_path, plan, 1234) == tmp_path / "001/001234.chunk"
    write_chunk(tmp_path, plan, 20_000, make_chunk(plan, 20_000))
    assert read_chunk(tmp_path, plan, 20_000).vectors[0, 0] == 20_000 and rows_done(tmp_path, plan) == 1
    assert ChunkRun(tmp_path, plan).missing(range(19_998, 20_001)) == (19_998, 19_999)


def test_a_chunk_comes_back_as_it_was(tmp_path: Path) -> None:
    plan = make_plan()
    for index, gaps in ((0, ()), (1, (10, 17)), (2, tuple(range(20, 25)))):
        for records in (b"", bytes(range(256)) * len(plan.rows(index))):
            written = replace(make_chunk(plan, index, gaps), records=records[: len(plan.rows(index)) * RECORD])
            write_chunk(tmp_path, plan, index, written)
            found = read_chunk(tmp_path, plan, index)
            assert np.array_equal(found.vectors, written.vectors) and found.skipped == written.skipped
            assert found.records == written.records
            head = read_head(tmp_path, plan, index)
            assert (head.kept, head.d) == found.vectors.shape
            assert (head.skipped, head.records) == (found.skipped, found.records)
            after = chunk_path(tmp_path, plan, index).read_bytes()[head.offset :]
            assert after == found.vectors.tobytes()


def test_every_single_changed_byte_of_a_chunk_is_noticed(tmp_path: Path) -> None:
    plan = make_plan(4, 5)
    write_chunk(tmp_path, plan, 0, make_chunk(plan, 0, (2,)))
    path = chunk_path(tmp_path, plan, 0)
    content = path.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x10
        path.write_bytes(bytes(changed))
        with pytest.raises(Damaged):
            read_chunk(tmp_path, plan, 0)
    for end in range(len(content)):
        path.write_bytes(content[:end])
        with pytest.raises(Damaged):
            read_chunk(tmp_path, plan, 0)


def test_a_chunk_of_another_run_or_place_is_refused(tmp_path: Path) -> None:
    plan = make_plan()
    write_chunk(tmp_path, plan, 0, make_chunk(plan, 0))
    with pytest.raises(Damaged, match="another run"):
        read_chunk(tmp_path, make_plan(digest="other"), 0)
    with pytest.raises(Damaged, match="another run"):
        read_chunk(tmp_path, make_plan(rows=5), 0)
    chunk_path(tmp_path, plan, 0).rename(chunk_path(tmp_path, plan, 1))
    with pytest.raises(Damaged, match="another run"):
        read_chunk(tmp_path, plan, 1)


def test_wrong_sizes_and_numbers_that_are_none_are_not_written(tmp_path: Path) -> None:
    plan = make_plan()
    with pytest.raises(TMVError, match="must be"):
        write_chunk(tmp_path, plan, 0, Chunk(vectors=np.zeros((9, 3), np.float32)))
    with pytest.raises(TMVError, match="not finite"):
        write_chunk(tmp_path, plan, 0, Chunk(vectors=np.full((10, 3), np.nan, np.float32)))
    assert list(tmp_path.iterdir()) == []


def test_a_run_goes_on_with_its_own_plan_and_only_computes_what_is_missing(tmp_path: Path) -> None:
    run = ChunkRun.open(tmp_path, make_plan())
    for index in (0, 2):
        run.write(index, make_chunk(run.plan, index))
    for name, age in (("left", 2 * LEFT_OVER_SECONDS), ("being-written", 0)):  # by a killed process, by another machine
        (tmp_path / f".000001.chunk.{name}.tmp").write_bytes(b"half")
        os.utime(tmp_path / f".000001.chunk.{name}.tmp", (time.time() - age,) * 2)
    again = ChunkRun.open(tmp_path, make_plan(rows=5))
    assert again.plan == run.plan and again.missing() == (1,)
    assert rows_done(tmp_path, run.plan) == 15 and again.rows_in([0, 2]) == 15
    assert [path.name for path in tmp_path.glob(".*")] == [".000001.chunk.being-written.tmp"]
    path = chunk_path(tmp_path, run.plan, 2)
    path.write_bytes(path.read_bytes()[:-1])
    assert again.missing() == (1, 2) and not path.exists()


def test_what_a_disk_changed_without_a_sign_is_found_when_it_is_read(tmp_path: Path) -> None:
    run = ChunkRun.open(tmp_path, make_plan())
    for index in range(3):
        run.write(index, make_chunk(run.plan, index))
    path = chunk_path(tmp_path, run.plan, 2)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert run.missing() == ()  # by names and sizes
    with pytest.raises(Damaged):
        write_images(tmp_path, run)
    run.drop_damaged()
    assert run.missing() == (2,)


def test_a_run_of_other_parts_or_rows_or_with_a_damaged_plan_starts_over(tmp_path: Path) -> None:
    for other in (make_plan(digest="other"), make_plan(n=24)):
        run = ChunkRun.open(tmp_path, make_plan())
        run.write(0, make_chunk(run.plan, 0))
        assert ChunkRun.open(tmp_path, other).missing() == tuple(range(other.chunks))
    run = ChunkRun.open(tmp_path, make_plan())
    run.write(0, make_chunk(run.plan, 0))
    text = (tmp_path / "plan.json").read_text()
    (tmp_path / "plan.json").write_text(text.replace('"n": 25', '"n": 26'))
    assert ChunkRun.open(tmp_path, make_plan()).missing() == (0, 1, 2)


def test_the_plan_is_a_plain_file_that_another_program_can_follow(tmp_path: Path) -> None:
    ChunkRun.open(tmp_path, make_plan())
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert (plan["n"], plan["chunk_rows"], plan["batch_rows"], plan["split"]) == (25, 10, 5, "test")
    assert set(plan["parts"]) == {"model", "model_digest", "preprocessing", "precision", "data_digest"}


def test_whoever_writes_the_chunks_in_whatever_order_the_entry_is_the_same(tmp_path: Path) -> None:
    data, card = fake_dataset(25), FakeEncoder().card
    arrays = []
    for place, order in (("a", (0, 1, 2)), ("b", (2, 0, 1))):
        store = Store(tmp_path / place)
        run = store.open_run(make_plan())
        for index in order:  # as three machines would, knowing nothing but folder, plan and index
            write_chunk(run.folder, run.plan, index, make_chunk(run.plan, index, (13,) if index == 1 else ()))
        store.complete(run, kept_rows(data, {13}), card)
        found = store.load(run.plan.parts.key("fake-colours", "test"))
        assert not run.folder.exists()
        arrays.append(np.array(found.image_embeddings))
        assert found.ids == tuple(i for row, i in enumerate(data.ids) if row != 13)
    expected = [[row, row + 0.5, -row] for row in range(25) if row != 13]
    assert np.array_equal(arrays[0], np.array(expected, np.float32)) and np.array_equal(arrays[0], arrays[1])


def test_completing_needs_every_chunk_and_keeps_them_otherwise(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.open_run(make_plan())
    for index in (0, 2):
        run.write(index, make_chunk(run.plan, index))
    with pytest.raises(FileNotFoundError):
        store.complete(run, kept_rows(fake_dataset(25), ()), FakeEncoder().card)
    assert run.missing() == (1,) and store.entries()[0].complete is False


def test_only_one_chunk_is_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    from core.store import chunks

    run = ChunkRun.open(tmp_path / "run", make_plan(50, 5))
    for index in range(run.plan.chunks):
        run.write(index, make_chunk(run.plan, index))
    alive, most = list[Any](), 0
    original = chunks.read_chunk

    def counted(folder: Path, plan: ChunkPlan, index: int) -> Chunk:
        nonlocal most
        chunk = original(folder, plan, index)
        alive.append(weakref.ref(chunk.vectors))
        most = max(most, sum(ref() is not None for ref in alive))
        return chunk

    monkeypatch.setattr(chunks, "read_chunk", counted)
    write_images(tmp_path, run)
    assert len(alive) >= 10 and most <= 2  # the one being written and the one just read


def test_a_full_disk_loses_no_finished_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ChunkRun.open(tmp_path, make_plan())
    run.write(0, make_chunk(run.plan, 0))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull, match="no room left"):
            run.write(1, make_chunk(run.plan, 1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000.chunk", "plan.json"]
    assert run.missing() == (1, 2)
