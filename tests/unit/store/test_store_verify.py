"""`verify` finds every flipped byte and mends: what was good is kept, the rest is computed again."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from core.embedding.run import embed
from core.errors import NotHere
from core.store import Chunk, ChunkPlan, KeyParts, Results, Store, TextStore, write_card
from core.store.manifest import entry_folder
from core.store.verify import verify
from core.types import EmbeddingKey
from tests.fakes import FakeEncoder, fake_dataset

N = 40
FILES = ("images.npy", "texts.npy", "rows.parquet", "captions.parquet", "manifest.json")


def make(root: Path, encoder: FakeEncoder | None = None) -> EmbeddingKey:
    data = fake_dataset(N, "captions", broken=(3, 21))
    encoder = encoder or FakeEncoder()
    return embed(encoder, data, Store(root), TextStore(root), memo_dir=root, data_digest="fake").key


def flip(path: Path, position: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if position is None else position] ^= 0x04
    path.write_bytes(bytes(content))


def in_small_chunks(root: Path) -> EmbeddingKey:
    """The same entry from a plan of ten chunks."""
    encoder = FakeEncoder()
    plan = ChunkPlan(
        parts=KeyParts.of(encoder.card, "fake"), dataset="fake-colours", split="test", n=N, chunk_rows=4, batch_rows=4
    )
    Store(root).open_run(plan)
    return make(root, encoder)


def test_a_whole_cache_has_nothing_to_mend(tmp_path: Path) -> None:
    make(tmp_path)
    write_card(tmp_path, FakeEncoder().card)
    results = Results(tmp_path)
    results.put("a", [1])
    results.close()
    report = verify(Store(tmp_path))
    assert (report.checked, report.damaged, report.mended) == (4, (), ())  # vectors, texts, results, card
    assert verify(Store(tmp_path / "nothing here")).checked == 0


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_anywhere_is_found_taken_out_of_service_and_mended(tmp_path: Path, name: str) -> None:
    key = make(tmp_path)
    store, folder = Store(tmp_path), entry_folder(tmp_path, key)
    good = np.array(store.load(key).image_embeddings)
    size = (folder / name).stat().st_size
    for position in (0, size // 3, size - 2):
        flip(folder / name, position)
        only_looked = verify(store, mend=False)
        assert len(only_looked.damaged) == 1 and only_looked.mended == ()
        assert key.fingerprint in only_looked.damaged[0]
        report = verify(store)
        assert len(report.damaged) == len(report.mended) == 1
        assert store.find("fake/colours", "fake-colours", "test") is None
        assert verify(store).damaged == ()
        encoder = FakeEncoder()
        assert make(tmp_path, encoder) == key
        assert np.array_equal(store.load(key).image_embeddings, good)
        # Only lost vectors are computed again: byte 0 of the array is its header.
        lost = name == "manifest.json" or (name == "images.npy" and position > 0)
        assert encoder.images_seen == (N - 2 if lost else 0)


def test_of_a_damaged_array_only_the_damaged_part_is_computed_again(tmp_path: Path) -> None:
    key = in_small_chunks(tmp_path)
    store, folder = Store(tmp_path), entry_folder(tmp_path, key)
    good, manifest = np.array(store.load(key).image_embeddings), store.manifest(key)
    flip(folder / "images.npy", (folder / "images.npy").stat().st_size - 1)  # the last of ten chunks
    report = verify(store)
    assert "9 of 10 chunks are good and kept" in report.mended[0]
    assert [e.done for e in store.entries()] == [36]
    encoder = FakeEncoder()
    make(tmp_path, encoder)
    assert encoder.images_seen == 4
    assert np.array_equal(store.load(key).image_embeddings, good)
    assert store.manifest(key).files["images.npy"] == manifest.files["images.npy"]
    assert store.load(key).skipped == manifest.skipped


def test_embedding_again_mends_a_cut_file_without_verify(tmp_path: Path) -> None:
    key = in_small_chunks(tmp_path)
    path = entry_folder(tmp_path, key) / "images.npy"
    path.write_bytes(path.read_bytes()[: -5 * 32 * 4])  # five rows of the 38 are gone: two chunks
    encoder = FakeEncoder()
    assert make(tmp_path, encoder) == key and encoder.images_seen == 8
    assert verify(Store(tmp_path)).damaged == ()


def test_an_entry_under_another_name_is_foreign(tmp_path: Path) -> None:
    key = make(tmp_path)
    folder, store = entry_folder(tmp_path, key), Store(tmp_path)
    for other in (folder.parent / ("0" * 16), folder.parents[1] / "other-test" / folder.name):
        shutil.copytree(folder, other)
        assert len(store.entries()) == 1
        report = verify(store)
        assert len(report.damaged) == 1 and "belongs to another" in report.damaged[0]
        assert not other.exists() and store.is_whole(key)


def test_what_does_not_belong_in_an_entry_goes_and_the_entry_stays(tmp_path: Path) -> None:
    key = make(tmp_path)
    folder, store = entry_folder(tmp_path, key), Store(tmp_path)
    (folder / "notes.txt").write_text("mine")
    (folder.parent / "stray").write_text("no folder")
    report = verify(store)
    assert len(report.damaged) == 2 and store.is_whole(key)
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    assert verify(store).damaged == ()


def test_an_interrupted_run_is_kept_but_its_damaged_chunks_are_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.open_run(
        ChunkPlan(
            parts=KeyParts.of(FakeEncoder().card, "fake"),
            dataset="fake-colours",
            split="test",
            n=10,
            chunk_rows=5,
            batch_rows=5,
        )
    )
    for index in (0, 1):
        run.write(index, Chunk(vectors=np.ones((5, 3), np.float32)))
    assert verify(store).damaged == ()
    flip(run.folder / "000001.chunk")
    report = verify(store)
    assert "1 damaged chunks of an interrupted run" in report.damaged[0]
    assert "1 of 2 chunks is kept" in report.mended[0] and run.missing() == (1,)
    flip(run.folder / "plan.json")
    assert "lost its plan" in verify(store).damaged[0]
    assert not run.folder.exists() and store.entries() == ()


HALF = ".manifest.json.1a2b3c4d.tmp"


def test_what_a_killed_writer_left_half_written_is_no_damage_and_goes(tmp_path: Path) -> None:
    key = make(tmp_path)
    folder, store = entry_folder(tmp_path, key), Store(tmp_path)
    (folder / HALF).write_bytes(b"half")
    assert verify(store, mend=False).damaged == () and (folder / HALF).exists()
    assert verify(store).damaged == () and not (folder / HALF).exists() and store.is_whole(key)


def test_making_an_entry_sweeps_what_a_killed_writer_left_in_it(tmp_path: Path) -> None:
    folder = entry_folder(tmp_path / "again", in_small_chunks(tmp_path / "like it"))
    folder.mkdir(parents=True)
    (folder / HALF).write_bytes(b"half")
    assert in_small_chunks(tmp_path / "again").fingerprint == folder.name
    assert not (folder / HALF).exists()


def test_a_run_killed_before_its_plan_was_written_is_no_damage(tmp_path: Path) -> None:
    plan = ChunkPlan(
        parts=KeyParts.of(FakeEncoder().card, "fake"),
        dataset="fake-colours",
        split="test",
        n=10,
        chunk_rows=5,
        batch_rows=5,
    )
    run = Store(tmp_path).open_run(plan).folder
    (run / "plan.json").rename(run / ".plan.json.1a2b3c4d.tmp")
    assert verify(Store(tmp_path), mend=False).damaged == ()
    (run / ".plan.json.1a2b3c4d.tmp").unlink()
    run.rmdir()
    assert verify(Store(tmp_path)).damaged == () and Store(tmp_path).entries() == ()


def test_vectors_that_were_never_finished_are_swept(tmp_path: Path) -> None:
    key = make(tmp_path)
    (entry_folder(tmp_path, key) / "manifest.json").unlink()
    report = verify(Store(tmp_path))
    assert "never finished" in report.damaged[0] and not entry_folder(tmp_path, key).exists()


def test_what_is_being_made_is_left_alone(tmp_path: Path) -> None:
    key = make(tmp_path)
    store = Store(tmp_path)
    flip(entry_folder(tmp_path, key) / "images.npy")
    lock = store.lock(key)
    assert lock.try_hold()
    assert verify(store).damaged == ()
    lock.release()
    assert len(verify(store).damaged) == 1


def test_damaged_cards_texts_and_results_are_dropped(tmp_path: Path) -> None:
    key = make(tmp_path)
    store, texts, results = Store(tmp_path), TextStore(tmp_path), Results(tmp_path)
    digest = store.manifest(key).parts.model_digest
    write_card(tmp_path, FakeEncoder().card)
    results.put("a", {"acc1": 0.5})
    results.close()
    flip(tmp_path / "models" / "fake%2Fcolours.json")
    flip(tmp_path / "results" / "cache.db", 20)
    with texts.path(digest).open("r+b") as file:
        file.truncate(5000)
    report = verify(store)
    assert len(report.damaged) == len(report.mended) == 3, report
    assert verify(store).damaged == () and store.is_whole(key)
    texts.put(digest, ["again"], np.ones((1, 3), np.float32))
    assert texts.get(digest, ["again"])[1].all()
    fresh = Results(tmp_path)
    assert fresh.get("a") is None
    fresh.put("a", 2)
    assert fresh.get("a") == 2


def test_half_written_files_of_killed_processes_are_swept_after_an_hour(tmp_path: Path) -> None:
    old, young = (tmp_path / "models" / f".card.json.{name}.tmp" for name in ("old", "young"))
    old.parent.mkdir()
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    verify(Store(tmp_path), mend=False)
    assert old.exists()
    verify(Store(tmp_path))
    assert not old.exists() and young.exists()


def test_after_mending_nothing_wrong_can_be_loaded(tmp_path: Path) -> None:
    key = make(tmp_path)
    store = Store(tmp_path)
    store.load(key)
    flip(entry_folder(tmp_path, key) / "images.npy")
    verify(store)
    with pytest.raises(NotHere):
        store.load(key)
