"""Embedding: order, batches, broken pictures, resuming, joining, cancelling, and never a stale vector."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.embedding import backends
from core.embedding.backends import LocalThreads
from core.embedding.run import embed
from core.encoders.stored_texts import encode_texts
from core.errors import BadImage, Cancelled, DiskFull, TMVError
from core.images.decode import to_rgb
from core.store import ChunkPlan, KeyParts, Store, TextStore, write_chunk
from core.store.verify import verify
from core.system.files import disk_guard
from core.types import Dataset
from tests.fakes import FakeEncoder, FakePictures, fake_dataset, png

ROOT = Path(__file__).parents[3]


class Kit:
    """A cache folder with one encoder."""

    def __init__(self, root: Path, encoder: Any = None) -> None:
        self.root, self.store, self.texts = root, Store(root), TextStore(root)
        self.encoder = encoder or FakeEncoder()

    def embed(self, data: Dataset, encoder: Any = None, **more: Any) -> Any:
        more = {"data_digest": "fake", "memo_dir": self.root / "digests", **more}
        return embed(encoder or self.encoder, data, self.store, self.texts, **more)

    def vectors(self, data: Dataset, **more: Any) -> np.ndarray:
        return np.array(self.store.load(self.embed(data, **more).key).image_embeddings)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def in_batches(data: Dataset, size: int) -> np.ndarray:
    """The slow obvious way: one batch after the other, in order."""
    encoder, rows = FakeEncoder(), range(len(data))
    batches = [
        np.stack([encoder.preprocess(to_rgb(data.pictures.read(row))) for row in rows[start : start + size]])
        for start in range(0, len(data), size)
    ]
    return np.concatenate([encoder.encode_images(batch) for batch in batches])


def stop_after(calls: int, kind: type[BaseException] = Cancelled) -> Callable[[int, int], None]:
    """A progress function that raises at its n-th call."""
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) >= calls:
            raise kind("stop")

    return progress


# --- what comes out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n, threads", [(1, 1), (7, 3), (8, 1), (33, 2), (100, 5)])
def test_vectors_equal_the_slow_way_to_the_bit_whatever_the_threads(kit: Kit, n: int, threads: int) -> None:
    data = fake_dataset(n)
    assert np.array_equal(kit.vectors(data, backend=LocalThreads(threads)), in_batches(data, 8))


def test_the_report_and_the_progress_count_every_row_once(kit: Kit) -> None:
    calls: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.get_ident())

    report = kit.embed(fake_dataset(50, broken=(4, 9)), progress=progress)
    assert (report.n, report.reused, len(report.skipped)) == (48, 0, 2)
    assert report.seconds > 0 and report.images_per_second > 0
    assert calls[0] == (0, 50) and calls[-1] == (50, 50)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert threads == {threading.get_ident()}


def test_a_second_call_reads_no_picture_and_loads_no_model(kit: Kit) -> None:
    data = fake_dataset(20, "captions", broken=(2,))
    first = kit.embed(data)
    reads = data.pictures.reads  # type: ignore[attr-defined]

    def never() -> FakeEncoder:
        raise AssertionError("the model was loaded")

    calls: list[tuple[int, int]] = []
    again = kit.embed(data, never, card=kit.encoder.card, progress=lambda d, t: calls.append((d, t)))
    assert (again.key, again.n, again.reused, again.skipped) == (first.key, 19, 19, first.skipped)
    assert again.images_per_second == 0 and calls == [(60, 60)]
    assert data.pictures.reads == reads  # type: ignore[attr-defined]


def test_a_model_that_loads_differently_than_its_card_said_gets_its_own_entry(kit: Kit) -> None:
    old_card = FakeEncoder(digest="old weights").card
    loads = []

    def load() -> FakeEncoder:
        loads.append(1)
        return FakeEncoder(digest="new weights")

    report = kit.embed(fake_dataset(5), load, card=old_card)
    digest = FakeEncoder(digest="new weights").card.model_digest
    assert kit.store.manifest(report.key).parts.model_digest == digest
    assert kit.store.find("fake/colours", "fake-colours", "test", old_card.model_digest) is None
    assert loads == [1]


def test_everything_anew_on_request(kit: Kit) -> None:
    data = fake_dataset(10)
    kit.embed(data)
    encoder = FakeEncoder()
    report = kit.embed(data, encoder, reuse=False)
    assert encoder.images_seen == 10 and report.reused == 0
    assert [e.complete for e in kit.store.entries()] == [True]


# --- broken pictures --------------------------------------------------------------------------------------


def test_unreadable_pictures_are_skipped_with_their_reason_and_the_rest_is_kept(kit: Kit) -> None:
    data = fake_dataset(12, broken=(1,))
    pictures = data.pictures
    assert isinstance(pictures, FakePictures)
    pictures.errors = {
        3: BadImage("torn in two"),
        5: PermissionError(errno.EACCES, "Permission denied"),
        6: FileNotFoundError(errno.ENOENT, "No such file or directory"),
        8: OSError(errno.EIO, "Input/output error"),
    }
    report = kit.embed(data)
    reasons = {skip.id: skip.reason for skip in report.skipped}
    assert list(reasons) == [data.ids[i] for i in (1, 3, 5, 6, 8)]
    assert reasons[data.ids[3]] == "torn in two"
    assert reasons[data.ids[5]] == "The file cannot be read: Permission denied."
    assert kit.store.load(report.key).ids == tuple(data.ids[i] for i in (0, 2, 4, 7, 9, 10, 11))


FAULTS = [OSError(errno.EMFILE, "Too many open files"), ValueError("a fault"), MemoryError()]


@pytest.mark.parametrize("error", FAULTS)
def test_errors_that_are_not_the_pictures_fault_end_the_run(kit: Kit, error: Exception) -> None:
    data = fake_dataset(12)
    data.pictures.errors = {5: error}  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        kit.embed(data)
    assert kit.store.find("fake/colours", "fake-colours", "test") is None


def test_vectors_that_are_no_numbers_count_as_broken(kit: Kit) -> None:
    class Flawed(FakeEncoder):
        def encode_images(self, batch: Any) -> Any:
            vectors = super().encode_images(batch)
            vectors[batch[:, 0].mean(axis=(1, 2)) > 1.0] = np.nan  # red ones
            vectors[batch[:, 2].mean(axis=(1, 2)) > 1.2] = 0  # blue and white ones
            return vectors

    data = fake_dataset(8)
    report = kit.embed(data, Flawed())
    assert [s.id.split("/")[0] for s in report.skipped] == ["red", "blue", "white"] * 2
    assert all("no usable vector" in s.reason for s in report.skipped)
    assert kit.store.load(report.key).ids == (data.ids[1], data.ids[5])


NOTHING = [(3, (0, 1, 2), "None of the 3 images.*red/00000.png"), (0, (), "no images")]


@pytest.mark.parametrize("n, broken, match", NOTHING)
def test_nothing_usable_is_an_error_and_never_an_empty_set(
    kit: Kit, n: int, broken: tuple[int, ...], match: str
) -> None:
    for _ in range(2):
        with pytest.raises(TMVError, match=match):
            kit.embed(fake_dataset(n, broken=broken))
        assert kit.store.find("fake/colours", "fake-colours", "test") is None


def test_an_encoder_that_loses_rows_is_an_error(kit: Kit) -> None:
    class Lossy(FakeEncoder):
        def encode_images(self, batch: Any) -> Any:
            return super().encode_images(batch)[:-1]

    with pytest.raises(TMVError, match="one vector for each image"):
        kit.embed(fake_dataset(8), Lossy())


# --- captions ---------------------------------------------------------------------------------------------


def test_captions_are_encoded_once_ever(kit: Kit) -> None:
    data = fake_dataset(300, "captions", broken=(7,))
    kit.embed(data)
    assert kit.encoder.texts_seen == 598
    encoder = FakeEncoder()
    report = kit.embed(data, encoder, data_digest="the same captions, other images")
    assert encoder.texts_seen == 0 and encoder.images_seen == 299
    found = kit.store.load(report.key)
    assert found.text_embeddings is not None
    assert np.array_equal(found.text_embeddings, FakeEncoder().encode_texts(found.captions))


def test_texts_known_and_unknown_keep_their_places(kit: Kit) -> None:
    encode_texts(kit.encoder, kit.texts, ["b", "d"])
    order = ["a", "b", "a", "c", "d", "b"]
    vectors = encode_texts(kit.encoder, kit.texts, order)
    assert np.array_equal(vectors, FakeEncoder().encode_texts(order)) and kit.encoder.texts_seen == 4


# --- stopping and going on --------------------------------------------------------------------------------


def plan_of(kit: Kit, n: int, chunk_rows: int = 8, kind: str = "classification") -> None:
    """Begin a run of small chunks, which later calls go on with."""
    parts = KeyParts.of(kit.encoder.card, "fake")
    kit.store.open_run(
        ChunkPlan(parts=parts, dataset="fake-colours", split="test", n=n, chunk_rows=chunk_rows, batch_rows=8)
    )


@pytest.mark.parametrize("kind", [Cancelled, KeyboardInterrupt])
def test_a_stopped_run_goes_on_where_it_was_with_the_same_vectors(
    kit: Kit, tmp_path: Path, kind: type[BaseException]
) -> None:
    data = fake_dataset(96, broken=(10, 50))
    undisturbed = Kit(tmp_path / "undisturbed").vectors(data)
    plan_of(kit, 96, chunk_rows=16)
    with pytest.raises(kind):  # at 0 and after each batch of 8; five batches are two chunks and a half
        kit.embed(data, progress=stop_after(6, kind), backend=LocalThreads(1))
    assert [(e.done, e.complete) for e in kit.store.entries()] == [(32, False)]
    with pytest.raises(kind):
        kit.embed(data, progress=stop_after(1, kind), backend=LocalThreads(1))
    encoder, calls = FakeEncoder(), list[int]()
    report = kit.embed(data, encoder, progress=lambda done, total: calls.append(done))
    assert report.reused == calls[0] == 32 and encoder.images_seen == 96 - 32 - 1
    assert [skip.id for skip in report.skipped] == [data.ids[10], data.ids[50]]
    assert np.array_equal(kit.store.load(report.key).image_embeddings, undisturbed)


def test_stopping_does_not_wait_for_a_slow_batch(kit: Kit) -> None:
    class Stuck(FakeEncoder):
        freed = threading.Event()

        def encode_images(self, batch: Any) -> Any:
            if self.images_seen and not self.freed.wait(60):  # the first batch passes
                raise AssertionError("nobody stopped the run")
            return super().encode_images(batch)

    encoder = Stuck()
    with pytest.raises(Cancelled):
        kit.embed(fake_dataset(64), encoder, progress=stop_after(4), backend=LocalThreads(1))
    assert not encoder.freed.is_set()
    encoder.freed.set()


def test_a_full_disk_keeps_the_finished_chunks(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    data, written = fake_dataset(64), list[int]()
    plan_of(kit, 64)

    def write_until_full(folder: Path, plan: ChunkPlan, index: int, chunk: Any) -> None:
        if len(written) == 3:
            with disk_guard(folder):
                raise OSError(errno.ENOSPC, "No space left on device")
        written.append(index)
        write_chunk(folder, plan, index, chunk)

    with monkeypatch.context() as patch:
        patch.setattr("core.store.chunks.write_chunk", write_until_full)
        with pytest.raises(DiskFull, match=r"no room left.*finished so far is kept"):
            kit.embed(data, backend=LocalThreads(1))
    encoder = FakeEncoder()
    report = kit.embed(data, encoder)
    assert report.reused == 24 and encoder.images_seen == 40
    assert np.array_equal(kit.store.load(report.key).image_embeddings, in_batches(data, 8))


@pytest.mark.parametrize("name", ["images.npy", "texts.npy", "rows.parquet", "manifest.json"])
def test_a_disk_that_fills_up_while_the_entry_is_completed_loses_nothing(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = fake_dataset(40, "captions")
    original = Path.replace

    def full(path: Path, target: Path) -> Path:
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(DiskFull):
            kit.embed(data)
    assert kit.store.find("fake/colours", "fake-colours", "test") is None
    encoder = FakeEncoder()
    assert kit.embed(data, encoder).reused == 40
    assert encoder.images_seen == encoder.texts_seen == 0
    assert verify(kit.store).damaged == ()


def test_a_chunk_gone_bad_on_the_disk_is_computed_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    data, spoilt = fake_dataset(64), list[int]()
    plan_of(kit, 64)

    def write_and_spoil(folder: Path, plan: ChunkPlan, index: int, chunk: Any) -> None:
        write_chunk(folder, plan, index, chunk)
        if index == 5 and not spoilt:
            spoilt.append(index)
            path = folder / "000005.chunk"
            path.write_bytes(path.read_bytes()[:-1] + b"?")

    monkeypatch.setattr("core.store.chunks.write_chunk", write_and_spoil)
    assert np.array_equal(kit.vectors(data), in_batches(data, 8)) and spoilt == [5]
    assert kit.encoder.images_seen == 72


# --- several at once --------------------------------------------------------------------------------------


def test_threads_that_want_the_same_key_join(kit: Kit) -> None:
    data, reports, watched = fake_dataset(60), list[Any](), list[int]()
    encoder = FakeEncoder(seconds=0.01)

    def work() -> None:
        reports.append(kit.embed(data, encoder, progress=lambda done, total: watched.append(done)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert encoder.images_seen == 60
    assert sorted(report.reused for report in reports) == [0, 60, 60, 60, 60, 60]
    assert len({report.key for report in reports}) == 1


WORK = """
import sys; from pathlib import Path
from core.embedding.run import embed; from core.store import Store, TextStore
from tests.fakes import FakeEncoder, fake_dataset
root = Path(sys.argv[1]); encoder = FakeEncoder(seconds=float(sys.argv[2]))
report = embed(encoder, fake_dataset(60), Store(root), TextStore(root), memo_dir=root, data_digest="fake",
               progress=lambda done, total: print("at", done, flush=True))
print("seen", encoder.images_seen, report.key.fingerprint, report.n, report.reused, flush=True)
"""


def start(root: Path, seconds: float = 0.01) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK, str(root), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_twelve_processes_start_the_same_key_and_one_computes(kit: Kit) -> None:
    processes = [start(kit.root) for _ in range(12)]
    last = [process.communicate()[0].splitlines()[-1].split() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    seen = [int(line[1]) for line in last]
    assert sorted(seen) == [0] * 11 + [60]
    assert len({line[2] for line in last}) == 1 and {line[3] for line in last} == {"60"}
    assert sorted(int(line[4]) for line in last) == [0] + [60] * 11


def test_whoever_waits_takes_over_when_the_other_is_killed(kit: Kit) -> None:
    plan_of(kit, 60)
    holder = start(kit.root, seconds=0.1)
    assert holder.stdout is not None
    while holder.stdout.readline().split() not in (["at", "16"], ["at", "24"], ["at", "32"]):
        assert holder.poll() is None
    watched: list[int] = []

    def watch(done: int, total: int) -> None:
        watched.append(done)
        if len(watched) == 2:
            holder.kill()

    encoder = FakeEncoder()
    report = kit.embed(fake_dataset(60), encoder, progress=watch)
    holder.wait()
    assert 0 < report.reused < 60 and encoder.images_seen == 60 - report.reused
    assert watched[0] > 0  # the other's progress, while waiting
    assert np.array_equal(kit.store.load(report.key).image_embeddings, in_batches(fake_dataset(60), 8))


# --- data that changes ------------------------------------------------------------------------------------


def test_pictures_that_change_while_they_are_read_are_noticed(kit: Kit) -> None:
    data = fake_dataset(24)

    def change(done: int, total: int) -> None:
        if done == 24:
            data.pictures.files[3] = png((1, 2, 3))  # type: ignore[attr-defined]

    with pytest.raises(TMVError, match="changed while they were read; embed it again"):
        kit.embed(data, data_digest=None, progress=change)
    assert kit.store.entries() == ()
    kit.embed(data, data_digest=None)
    np.testing.assert_array_equal(kit.vectors(data, data_digest=None), in_batches(data, 8))


def test_labels_and_captions_belong_to_the_key(kit: Kit) -> None:
    data = fake_dataset(8)
    assert data.labels is not None
    other = replace(data, labels=np.array(data.labels)[::-1].copy())
    keys = {kit.embed(d, data_digest=None).key.fingerprint for d in (data, other, data)}
    assert len(keys) == 2


# --- batches and accelerators -----------------------------------------------------------------------------


@pytest.mark.parametrize("n, broken", [(1, ()), (40, (0, 1, 2, 3, 9, 39)), (64, ())])
def test_the_accelerator_path_gives_the_same_vectors(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, broken: tuple[int, ...]
) -> None:
    data = fake_dataset(n, broken=broken)
    plain = Kit(tmp_path / "plain").vectors(data)
    monkeypatch.setattr(backends, "on_accelerator", lambda encoder: True)
    assert np.array_equal(kit.vectors(data, backend=LocalThreads(3)), plain)


def test_the_accelerator_path_with_torch_uses_pinned_buffers_again_and_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")

    class Torch(FakeEncoder):
        batch_size, buffers = 8, set[int]()

        def preprocess(self, image: Any) -> Any:
            return torch.from_numpy(super().preprocess(image))

        def encode_images(self, batch: Any) -> Any:
            self.buffers.add(batch.data_ptr())
            return super().encode_images(batch.numpy())

    data, encoder = fake_dataset(100, broken=(5, 6)), Torch()
    threads = torch.get_num_threads()
    on_cpu = kit.vectors(data, encoder=encoder)
    monkeypatch.setattr(backends, "on_accelerator", lambda e: True)
    encoder.buffers.clear()
    fed = kit.vectors(data, encoder=encoder, data_digest="other", backend=LocalThreads(2))
    assert np.array_equal(fed, on_cpu) and torch.get_num_threads() == threads
    assert 1 <= len(encoder.buffers - {0}) <= 2 + 3  # of 13 batches: two that are timed, then three feeders


def test_errors_and_stops_leave_the_accelerator_path_too(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "on_accelerator", lambda encoder: True)
    data = fake_dataset(200)
    plan_of(kit, 200)
    with pytest.raises(Cancelled):
        kit.embed(data, FakeEncoder(seconds=0.001), progress=stop_after(3))
    data.pictures.errors = {150: ValueError("a fault")}  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="a fault"):
        kit.embed(data)
    data.pictures.errors = {}  # type: ignore[attr-defined]
    assert np.array_equal(kit.vectors(data), in_batches(data, 8))
    deadline = time.monotonic() + 10
    while any(t.name.startswith(("embed", "decode")) for t in threading.enumerate()):
        assert time.monotonic() < deadline, "threads were left behind"
        time.sleep(0.01)
