"""Text vectors: exact texts, many at once, several processes, damage."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import DiskFull, TMVError
from core.store import TextStore

ROOT = Path(__file__).parents[3]
ODD = ["", " ", "a", "a ", "A", "é", "e\u0301", "nul\0byte", "bad-\udcff", "x" * 100_000, "line\nbreak", "🦜"]


def vectors_of(texts: list[str], width: int = 8) -> np.ndarray:
    """A vector of its own for each text."""
    noise = [np.random.default_rng(abs(hash(text))).standard_normal(width) for text in texts]
    return np.stack(noise).astype(np.float32)


def test_texts_come_back_exactly_in_any_order_with_duplicates(tmp_path: Path) -> None:
    store, vectors = TextStore(tmp_path), vectors_of(ODD)
    store.put("weights", ODD, vectors)
    order = [3, 0, 3, 11, 8, 1, 5, 6]
    found_vectors, found = store.get("weights", [ODD[i] for i in order])
    assert found.all() and np.array_equal(found_vectors, vectors[order])
    mixed, found = store.get("weights", ["a", "unknown", "a "])
    assert found.tolist() == [True, False, True]
    assert np.array_equal(mixed[[0, 2]], vectors[[2, 3]]) and not mixed[1].any()


def test_other_weights_know_nothing(tmp_path: Path) -> None:
    store = TextStore(tmp_path)
    store.put("weights", ["a"], vectors_of(["a"]))
    vectors, found = store.get("other", ["a"])
    assert vectors.shape == (1, 0) and not found.any()
    assert store.get("weights", [])[0].shape == (0, 0)


def test_a_text_can_be_put_again_and_bad_vectors_cannot_be_put(tmp_path: Path) -> None:
    store = TextStore(tmp_path)
    store.put("w", ["a", "a"], np.array([[1, 2], [3, 4]], np.float32))
    store.put("w", ["a"], np.array([[5, 6]], np.float32))
    assert store.get("w", ["a"])[0].tolist() == [[5, 6]]
    for bad in (np.array([[np.nan, 1]], np.float32), np.array([[1.0, 2.0]]), np.ones((2, 2), np.float32)):
        with pytest.raises(TMVError):
            store.put("w", ["b"], bad)
    assert not store.get("w", ["b"])[1].any()


def test_eighty_thousand_texts_are_quick(tmp_path: Path) -> None:
    # ImageNet's 1,000 classes in 80 templates. The time is printed, not asserted.
    store = TextStore(tmp_path)
    texts = [f"a photo of a class {c}, way {t}" for c in range(1000) for t in range(80)]
    vectors = np.random.default_rng(0).standard_normal((len(texts), 64)).astype(np.float32)
    start = time.perf_counter()
    store.put("w", texts, vectors)
    middle = time.perf_counter()
    found_vectors, found = store.get("w", texts)
    print(f"put {middle - start:.1f} s, get {time.perf_counter() - middle:.1f} s")
    assert found.all() and np.array_equal(found_vectors, vectors)


def test_a_damaged_row_counts_as_missing_and_is_written_anew(tmp_path: Path) -> None:
    store, texts = TextStore(tmp_path), ["a", "b", "c", "d"]
    store.put("w", texts, vectors_of(texts))
    with sqlite3.connect(store.path("w")) as connection:
        (number, vector), *_ = connection.execute("SELECT hash, vector FROM texts WHERE text = ?", (b"b",))
        connection.execute("UPDATE texts SET vector = ? WHERE hash = ?", (vector[:-1] + b"x", number))
        connection.execute("UPDATE texts SET vector = ? WHERE text = ?", (vector[:-4], b"c"))
        connection.execute("UPDATE texts SET text = ? WHERE text = ?", (b"other", b"d"))
    assert store.get("w", texts)[1].tolist() == [True, False, False, False]
    assert store.check("w", mend=False) == (4, 3)
    store.put("w", texts[1:], vectors_of(texts[1:]))
    found_vectors, found = store.get("w", texts)
    assert found.all() and np.array_equal(found_vectors, vectors_of(texts))


def test_what_is_no_database_is_replaced(tmp_path: Path) -> None:
    store = TextStore(tmp_path)
    store.folder.mkdir()
    store.path("w").write_bytes(b"this is no database" * 1000)
    assert not store.get("w", ["a"])[1].any()
    store.put("w", ["a"], vectors_of(["a"]))
    assert store.get("w", ["a"])[1].all()


def test_a_full_disk_is_a_clear_sentence(tmp_path: Path) -> None:
    # A database that may not grow any more says what SQLite says on a full disk.
    store = TextStore(tmp_path)
    store.put("w", ["a"], vectors_of(["a"]))

    class Limited(TextStore):
        def _write(self, path: Path, rows: list[tuple[int, bytes, bytes, int]]) -> None:
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA max_page_count = 3")
                connection.execute(
                    "BEGIN"
                )  # by itself Python knows no "INSERT" in a Turkish locale, and begins nothing
                connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)", rows)

    texts = [f"text {i}" for i in range(2000)]
    with pytest.raises(DiskFull, match="no room left"):
        Limited(tmp_path).put("w", texts, vectors_of(texts))
    assert store.get("w", ["a"])[1].all() and not store.get("w", texts)[1].any()


def _fill(root: str, start: int) -> None:
    store = TextStore(root)
    for block in range(5):
        texts = [f"text {start + block * 40 + i}" for i in range(60)]  # blocks and processes overlap
        store.put("w", texts, np.array([[float(t.split()[1])] * 4 for t in texts], np.float32))


def test_several_processes_and_threads_write_and_read_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(str(tmp_path), 100 * i)) for i in range(4)]
    threads = [threading.Thread(target=_fill, args=(str(tmp_path), 50 * i)) for i in range(4)]
    workers: list[Any] = [*processes, *threads]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(process.exitcode == 0 for process in processes)
    texts = [f"text {i}" for i in range(520)]
    vectors, found = TextStore(tmp_path).get("w", texts)
    assert found.all() and vectors[:, 0].tolist() == list(range(520))


def test_a_killed_writer_leaves_all_or_nothing_of_a_block(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np; from core.store import TextStore\n"
        "store = TextStore(sys.argv[1]); n = 0\n"
        "while True:\n"
        "    texts = [f'{n}/{i}' for i in range(200)]\n"
        "    store.put('w', texts, np.full((200, 64), n, np.float32)); print(n, flush=True); n += 1\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(4):
        last = int(process.stdout.readline())
    process.kill()
    last = max([last, *map(int, process.stdout.read().split())])
    process.wait()
    store = TextStore(tmp_path)
    for n in range(last + 2):
        vectors, found = store.get("w", [f"{n}/{i}" for i in range(200)])
        assert found.all() if n <= last else (found.all() or not found.any())
        assert (vectors[found] == n).all()
    assert store.check("w", mend=False)[1] == 0
