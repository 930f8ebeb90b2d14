"""Small results: JSON or bytes by text key, and never a pickle."""

from __future__ import annotations

import pickle
import sqlite3
import threading
from pathlib import Path
from typing import Any

import diskcache
import pytest

from core.store import Results, Store
from core.store.results import ForeignRow, JSONDisk
from core.store.verify import verify


class Bomb:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _explode, (str(self.path),)


def _explode(path: str) -> str:
    Path(path).write_text("executed")
    return "executed"


def database(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / "results" / "cache.db")


VALUES = [None, 1, 0.25, "text", [1, [2, "ä"]], {"acc1": 0.5, "n": None}, b"", b"\x00\xff" * 5000, "x" * 10**5]


@pytest.mark.parametrize("value", VALUES)
def test_values_come_back_through_another_object_too(tmp_path: Path, value: Any) -> None:
    Results(tmp_path).put("key ä/:", value)
    assert Results(tmp_path).get("key ä/:") == value
    assert Results(tmp_path).get("other") is None


def test_everything_lies_in_the_database(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.put("big", {"values": list(range(100_000))})
    assert all(path.name.startswith("cache.db") for path in (tmp_path / "results").rglob("*"))


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": object()}])
def test_other_values_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError):
        Results(tmp_path).put("key", value)


@pytest.mark.parametrize("key", [1, b"key", ("a",), None])
def test_other_keys_are_refused(tmp_path: Path, key: Any) -> None:
    with pytest.raises(TypeError):
        Results(tmp_path).put(key, 1)


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    assert Results(tmp_path).get("key") is None
    assert list(tmp_path.iterdir()) == []


def plant(root: Path, bomb: bytes, how: str) -> None:
    """Change the row of "key" so that diskcache's own disk class would unpickle it."""
    with database(root) as connection:
        if how == "value in the database":
            connection.execute("UPDATE Cache SET mode = 4, value = ?", (bomb,))
        elif how == "value in a file":
            (root / "results" / "planted.val").write_bytes(bomb)
            connection.execute("UPDATE Cache SET mode = 4, value = NULL, filename = 'planted.val'")
        else:
            connection.execute("UPDATE Cache SET key = ?, raw = 0", (bomb,))


@pytest.mark.parametrize("how", ["value in the database", "value in a file", "key"])
def test_a_planted_pickle_is_never_executed(tmp_path: Path, how: str) -> None:
    results, trace = Results(tmp_path), tmp_path / "trace"
    results.put("key", 1)
    plant(tmp_path, pickle.dumps(Bomb(trace)), how)
    # The bomb is live: the library's own class sets it off.
    if how != "key":
        with diskcache.Cache(str(tmp_path / "results"), disk=diskcache.Disk) as cache:
            assert cache.get("key") == "executed" and trace.exists()
        trace.unlink()
    assert len(verify(Store(tmp_path), mend=False).damaged) == 1
    assert results.get("key") is None
    verify(Store(tmp_path))
    results.put("other", 2)
    assert results.get("other") == 2 and not trace.exists()
    assert verify(Store(tmp_path)).damaged == ()


def test_iterating_over_planted_keys_does_not_execute_them_either(tmp_path: Path) -> None:
    results, trace = Results(tmp_path), tmp_path / "trace"
    results.put("key", 1)
    plant(tmp_path, pickle.dumps(Bomb(trace)), "key")
    with diskcache.Cache(str(tmp_path / "results"), disk=JSONDisk) as cache, pytest.raises(ForeignRow):
        list(cache)
    assert not trace.exists()


def test_a_planted_path_deletes_nothing(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.put("key", 1)
    (tmp_path / "precious").write_text("mine")
    with database(tmp_path) as connection:
        connection.execute("UPDATE Cache SET filename = '../precious', mode = 2")
    assert results.get("key") is None
    results.put("key", 2)
    results.discard("key")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_flipped_byte_counts_as_missing(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.put("key", {"acc1": 0.123456})
    with database(tmp_path) as connection:
        ((value,),) = connection.execute("SELECT value FROM Cache").fetchall()
        for position in range(len(value)):
            changed = bytearray(value)
            changed[position] ^= 1
            connection.execute("UPDATE Cache SET value = ?", (bytes(changed),))
            connection.commit()
            assert results.get("key") is None
            results.put("key", {"acc1": 0.123456})
    assert results.get("key") == {"acc1": 0.123456}


def test_a_row_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.results._LARGEST", 1000)
    results = Results(tmp_path)
    results.put("key", "x" * 100_000)
    assert results.get("key") is None


def test_a_broken_database_starts_over(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.put("key", 1)
    results.close()
    (tmp_path / "results" / "cache.db").write_bytes(b"no database at all" * 500)
    fresh = Results(tmp_path)
    assert fresh.get("key") is None
    fresh.put("key", 2)
    assert fresh.get("key") == 2


def test_threads_share_one_object(tmp_path: Path) -> None:
    results = Results(tmp_path)
    threads = [threading.Thread(target=lambda i=i: results.put(f"k{i}", i)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results.get(f"k{i}") for i in range(16)] == list(range(16))
