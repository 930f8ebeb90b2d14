"""One run by many hands: in any order, again, on other machines, and the same to the bit as by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.embedding import parts
from core.embedding.backends import LocalThreads
from core.embedding.run import EmbeddingRun, content_parts, silent
from core.errors import BadArgument, Cancelled, NotHere, TMVError
from core.store.manifest import entry_folder
from core.types import Dataset
from tests.fakes import FakeEncoder, FakePictures, fake_dataset, png
from tests.unit.embedding.test_embed import Kit, in_batches, stop_after

N, BROKEN = 300, (0, 70, 299)


class Machine:
    """One of many that see the same cache folder; what it knows of pictures is its own."""

    def __init__(self, root: Path, name: str, encoder: FakeEncoder | None = None) -> None:
        self.kit, self.memo, self.encoder = Kit(root), root / "digests" / name, encoder or FakeEncoder()

    def run(self, data: Dataset, progress: Any = silent) -> EmbeddingRun:
        card = self.encoder.card
        return EmbeddingRun(
            dataset=data,
            store=self.kit.store,
            texts=self.kit.texts,
            card=card,
            parts=content_parts(card, data, self.kit.store, self.memo),
            progress=progress,
            backend=LocalThreads(1),
            memo_dir=self.memo,
        )

    def part(self, data: Dataset, part: int, of: int, progress: Any = silent) -> parts.PartReport:
        return parts.compute_part(self.run(data, progress), lambda: self.encoder, part, of)

    def finish(self, data: Dataset) -> Any:
        return parts.finish(self.run(data), lambda: self.encoder)


def files(kit: Kit, key: Any) -> dict[str, Any]:
    """The files of an entry by name, each with size and checksum."""
    return dict(kit.store.manifest(key).files)


@pytest.mark.parametrize("kind", ["classification", "captions"])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 2, 3, 1, 1)])
def test_whatever_the_order_the_entry_is_that_of_one_run(tmp_path: Path, kind: Any, order: tuple[int, ...]) -> None:
    alone = Kit(tmp_path / "alone")
    whole = alone.embed(fake_dataset(N, kind, broken=BROKEN), data_digest=None)
    for number, part in enumerate(order):
        report = Machine(tmp_path / "many", str(number)).part(fake_dataset(N, kind, broken=BROKEN), part, 3)
        assert (report.part, report.parts) == (part, 3)
    assert report.missing == 0
    last = Machine(tmp_path / "many", "last")
    made = last.finish(fake_dataset(N, kind, broken=BROKEN))
    assert (made.key, made.n, made.skipped) == (whole.key, whole.n, whole.skipped)
    assert files(last.kit, made.key) == files(alone, whole.key)
    assert [entry.complete for entry in last.kit.store.entries()] == [True]
    assert last.finish(fake_dataset(N, kind, broken=BROKEN)).reused == made.n  # nothing to do


@pytest.mark.parametrize("of", [1, 2, 5, 7, 1000])
def test_parts_cover_every_chunk_once(of: int) -> None:
    for chunks in (1, 5, 6, 100):
        mine = [chunk for part in range(1, of + 1) for chunk in parts.own_chunks(chunks, part, of)]
        assert mine == list(range(chunks))


def test_a_plan_is_made_once_and_says_how_far_it_is(tmp_path: Path) -> None:
    data = fake_dataset(N)
    first = parts.plan(Machine(tmp_path, "a").run(data))
    assert (first.n, first.chunks, first.missing, first.complete) == (N, 5, 5, False)
    Machine(tmp_path, "b").part(data, 2, 5)
    assert parts.plan(Machine(tmp_path, "c").run(data)) == replace(first, missing=4)
    last = Machine(tmp_path, "d")
    for part in range(1, 6):
        last.part(data, part, 5)
    key = last.finish(data).key
    assert parts.plan(last.run(data)) == replace(first, key=key, missing=0, complete=True)
    assert last.part(data, 1, 5).computed == 0


def test_a_part_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    machine, data = Machine(tmp_path, "a"), fake_dataset(N)
    with pytest.raises(Cancelled):
        machine.part(data, 1, 1, stop_after(20))
    before = machine.encoder.images_seen
    report = machine.part(data, 1, 1)
    assert report.chunks == 5 and 0 < report.computed < 5 and report.images == N - 64 * (5 - report.computed)
    assert machine.encoder.images_seen == before + report.images
    vectors = machine.kit.store.load(machine.finish(data).key).image_embeddings
    np.testing.assert_array_equal(vectors, in_batches(data, 8))


def test_finishing_needs_every_part_and_says_which_rows_are_missing(tmp_path: Path) -> None:
    machine, data = Machine(tmp_path, "a"), fake_dataset(N)
    with pytest.raises(NotHere, match="embed plan"):
        machine.finish(data)
    machine.part(data, 1, 5)
    machine.part(data, 3, 5)
    with pytest.raises(TMVError, match=r"3 of the 5 chunks .* are missing, the first has rows 64 to 127"):
        machine.finish(data)
    report = Kit(tmp_path).embed(data, data_digest=None)  # a plain embed goes on with what they left
    assert report.reused == 128
    np.testing.assert_array_equal(machine.kit.store.load(report.key).image_embeddings, in_batches(data, 8))


def test_a_chunk_that_went_bad_is_named_and_its_part_is_computed_again(tmp_path: Path) -> None:
    machine, data = Machine(tmp_path, "a"), fake_dataset(N)
    report = machine.part(data, 1, 1)
    path = entry_folder(tmp_path, report.key) / "run/000002.chunk"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(TMVError, match=r"1 of the 5 chunks .* rows 128 to 191"):
        machine.finish(data)
    assert machine.part(data, 1, 1).images == 64
    np.testing.assert_array_equal(
        machine.kit.store.load(machine.finish(data).key).image_embeddings, in_batches(data, 8)
    )


def test_another_precision_or_weights_are_refused_by_name(tmp_path: Path) -> None:
    data = fake_dataset(N)
    parts.plan(Machine(tmp_path, "a").run(data))
    other = FakeEncoder()
    other.card = replace(other.card, precision="bf16")
    with pytest.raises(BadArgument, match="precision float32 where this machine has bf16"):
        Machine(tmp_path, "b", other).part(data, 1, 2)
    with pytest.raises(BadArgument, match=r"weights .* where this machine has"):
        Machine(tmp_path, "b", FakeEncoder(digest="others")).part(data, 1, 2)


def test_a_picture_that_was_replaced_is_never_in_an_old_run(tmp_path: Path) -> None:
    machine, data = Machine(tmp_path, "a"), fake_dataset(N)
    machine.part(data, 1, 2)
    assert isinstance(data.pictures, FakePictures)
    data.pictures.files[3] = png((1, 2, 3))
    with pytest.raises(NotHere):
        machine.finish(data)
    for part in (1, 2):
        machine.part(data, part, 2)
    np.testing.assert_array_equal(
        machine.kit.store.load(machine.finish(data).key).image_embeddings, in_batches(data, 8)
    )


# --- how often a picture is read ----------------------------------------------------------------------------


def reads(data: Dataset) -> int:
    assert isinstance(data.pictures, FakePictures)
    return data.pictures.reads


def test_every_picture_is_read_once(tmp_path: Path) -> None:
    kit, data = Kit(tmp_path), fake_dataset(N)
    first = kit.embed(data, data_digest=None)
    assert reads(data) == N
    assert kit.embed(data, data_digest=None).key == first.key and reads(data) == N


def test_a_copy_of_stored_pictures_is_read_to_be_known_and_not_embedded_again(tmp_path: Path) -> None:
    kit, data = Kit(tmp_path), fake_dataset(N)
    first, encoder = kit.embed(data, data_digest=None), FakeEncoder()
    report = kit.embed(fake_dataset(N), encoder, data_digest=None, memo_dir=tmp_path / "another machine")
    assert (report.key, report.reused, encoder.images_seen) == (first.key, N, 0)


def test_a_stopped_run_of_unread_pictures_goes_on(tmp_path: Path) -> None:
    kit, data = Kit(tmp_path), fake_dataset(N)
    with pytest.raises(Cancelled):
        kit.embed(data, data_digest=None, progress=stop_after(20), backend=LocalThreads(1))
    assert [entry.complete for entry in kit.store.entries()] == [False]
    report = kit.embed(data, data_digest=None)
    assert 0 < report.reused < N
    assert [entry.complete for entry in kit.store.entries()] == [True]
    np.testing.assert_array_equal(kit.store.load(report.key).image_embeddings, in_batches(data, 8))
    assert len(list((tmp_path / "embeddings").glob("*/*/*"))) == 1
