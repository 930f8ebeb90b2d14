"""The memory of a server: a value is made once, whoever asks and whenever."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.system.memo import Latest, Memo


def test_a_value_is_made_once_by_many_threads() -> None:
    memo, made = Memo(100), list[int]()

    def make(key: int) -> int:
        made.append(key)
        time.sleep(0.001 * random.Random(key).random())
        return key * 2

    with ThreadPoolExecutor(16) as pool:
        keys = [k % 20 for k in range(2000)]
        found = list(pool.map(lambda key: memo.get(key, lambda: make(key)), keys))
    assert found == [k * 2 for k in keys] and sorted(made) == list(range(20))


def test_who_comes_between_making_and_keeping_waits() -> None:
    """The moment after a value is made and before it is kept: a third caller must not make it again."""
    memo, made, inside = Memo(4), list[str](), threading.Event()

    def make(name: str) -> str:
        made.append(name)
        inside.set()
        time.sleep(0.05)
        return name

    first = threading.Thread(target=lambda: memo.get("k", lambda: make("first")))
    first.start()
    inside.wait()
    others = [threading.Thread(target=lambda: memo.get("k", lambda: make("other"))) for _ in range(8)]
    for thread in others:
        thread.start()
    for thread in (first, *others):
        thread.join()
    assert made == ["first"] and not memo._busy


def test_an_error_is_not_remembered_and_the_next_tries_again() -> None:
    memo = Memo(4)

    def fail() -> int:
        raise ValueError("once")

    with pytest.raises(ValueError, match="once"):
        memo.get("k", fail)
    assert not memo._busy and memo.get("k", lambda: 7) == 7


def test_the_least_recently_used_goes_first() -> None:
    memo = Memo(2)
    for key in "ab":
        memo.get(key, lambda key=key: key)  # type: ignore[misc]
    memo.get("a", lambda: "again")
    memo.get("c", lambda: "c")
    assert memo.get("a", lambda: "new") == "a" and memo.get("b", lambda: "new") == "new"


def test_the_latest_of_each_key() -> None:
    latest = Latest(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        latest.put(key, value)
    assert (latest.get("a"), latest.get("b"), latest.get("c")) == (3, None, 4)
