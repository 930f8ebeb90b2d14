"""The worker process: killed again and again it still gives the same vectors; what its progress tells."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.embedding.run import embed
from core.errors import Cancelled
from core.jobs.jobs import Jobs
from core.jobs.table import JobTable
from core.store import ChunkPlan, KeyParts, Store, TextStore
from core.store.verify import verify
from core.work.worker import JobProgress
from tests.fakes import FakeEncoder, fake_dataset

ROOT = Path(__file__).parents[3]
TASKS = "tests.fake_tasks"
N = 320


def worker_process(root: Path, job_id: str) -> int | None:
    """The process id of a job's worker, from its command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"core.work.worker" in command and job_id.encode() in command:
            return int(folder.name)
    return None


def begin_with_small_chunks(store: Store) -> None:
    parts = KeyParts.of(FakeEncoder().card, "fake")
    store.open_run(ChunkPlan(parts=parts, dataset="fake-colours", split="test", n=N, chunk_rows=8, batch_rows=8))


def kill_at_a_random_moment(jobs: Jobs, root: Path, job_id: str, chance: random.Random) -> bool:
    """Somewhere between the start of the process and a while into its work; whether there was one to kill."""
    deadline = time.monotonic() + 60
    while (worker := worker_process(root, job_id)) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    early = chance.random() < 0.2
    while not early and jobs.get(job_id).state == "queued" and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 1.2))
    if worker is None or not jobs.get(job_id).live:
        return False
    os.kill(worker, signal.SIGKILL)
    return True


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc")
def test_killed_at_a_random_moment_ten_times_in_a_row_the_vectors_are_the_same(tmp_path: Path) -> None:
    data, quiet, root = fake_dataset(N, "captions", broken={5}), tmp_path / "quiet", tmp_path / "killed"
    key = embed(FakeEncoder(), data, Store(quiet), TextStore(quiet), memo_dir=quiet, data_digest="fake").key
    store, jobs = Store(root), Jobs(root, tasks=TASKS)
    begin_with_small_chunks(store)
    params, seed = {"n": N, "kind": "captions", "seconds": 0.02}, random.randrange(2**32)
    chance, kills, done = random.Random(seed), 0, list[int]()
    while kills < 10:
        job = jobs.submit("embed", "key", "Embed", params)
        kills += kill_at_a_random_moment(jobs, root, job.id, chance)
        state = jobs.wait(job.id, 60).state
        done.append(store.rows_done(key)[0])
        assert verify(store, mend=False).damaged == (), f"seed {seed}"
        if state == "done":  # quicker than the kills: begin again, to have been killed ten times
            store.remove(key)
            begin_with_small_chunks(store)
    print(f"seed {seed}: rows that were finished after each kill: {done}")
    assert any(0 < rows < N for rows in done)
    last = jobs.wait(jobs.submit("embed", "key", "Embed", {**params, "seconds": 0}).id, 120)
    assert last.state == "done", last.message
    ours, theirs = store.load(key), Store(quiet).load(key)
    assert np.array_equal(ours.image_embeddings, theirs.image_embeddings), f"seed {seed}"
    assert ours.text_embeddings is not None and theirs.text_embeddings is not None
    assert np.array_equal(ours.text_embeddings, theirs.text_embeddings)
    assert (ours.ids, ours.captions, ours.skipped) == (theirs.ids, theirs.captions, theirs.skipped)
    assert store.manifest(key).files["images.npy"] == Store(quiet).manifest(key).files["images.npy"]


def test_a_job_that_was_killed_goes_on_instead_of_starting_over(tmp_path: Path) -> None:
    store, jobs = Store(tmp_path), Jobs(tmp_path, tasks=TASKS)
    parts = KeyParts.of(FakeEncoder().card, "fake")
    store.open_run(ChunkPlan(parts=parts, dataset="fake-colours", split="test", n=200, chunk_rows=8, batch_rows=8))
    job = jobs.submit("embed", "key", "Embed", {"n": 200, "seconds": 0.05})
    deadline = time.monotonic() + 60
    while jobs.get(job.id).done < 40:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker = worker_process(tmp_path, job.id)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    assert jobs.wait(job.id, 60).state == "failed"
    kept, _ = store.rows_done(parts.key("fake-colours", "test"))
    assert kept >= 24
    again = jobs.submit("embed", "key", "Embed", {"n": 200, "seconds": 0.05})
    lowest = 200
    while (now := jobs.get(again.id)).live:
        lowest = min(lowest, now.done or 200)
        time.sleep(0.02)
    assert now.state == "done" and lowest >= kept


def progress_of(root: Path) -> tuple[JobTable, str, JobProgress]:
    table = JobTable(root)
    job, _ = table.insert("count", "key", "Count", {})
    return table, job.id, JobProgress(table, job.id)


def test_the_rate_is_of_the_last_seconds_and_leaves_out_what_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, _, progress = progress_of(tmp_path)
    clock = [100.0]
    monkeypatch.setattr("core.work.worker.time.monotonic", lambda: clock[0])
    rates = []
    for done in (500, 510, 520, 530):  # 500 were in the cache; ten in each of the next seconds
        progress(done, 1000)
        rates.append(table.newest(1)[0].rate)
        clock[0] += 1
    assert rates == [0, 10, 10, 10]
    for done in range(540, 700, 2):  # slower from now on: after a while the rate says so
        progress(done, 1000)
        clock[0] += 1
    assert table.newest(1)[0].rate == pytest.approx(2)
    progress(0, 77)  # another stage
    job = table.newest(1)[0]
    assert (job.done, job.total, job.rate) == (0, 77, 0)


def test_progress_is_written_now_and_then_and_always_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, _, progress = progress_of(tmp_path)
    written: list[int] = []
    monkeypatch.setattr(table, "report", lambda job, done, total, rate: written.append(done))
    for done in range(10_001):
        progress(done, 10_000)
    assert written[-1] == 10_000 and len(written) < 1000


def test_progress_raises_once_the_job_should_stop(tmp_path: Path) -> None:
    _, _, progress = progress_of(tmp_path)
    progress(1, 2)
    progress.cancelled.set()
    with pytest.raises(Cancelled, match="what was finished is kept"):
        progress(2, 2)


def test_say_sets_the_message(tmp_path: Path) -> None:
    table, _, progress = progress_of(tmp_path)
    progress.say("Reading the images.")
    assert table.newest(1)[0].message == "Reading the images."


def test_the_worker_imports_neither_streamlit_nor_torch_by_itself() -> None:
    code = (
        "import sys, core.work.worker, core.encoders.service.server; print({'streamlit', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
