"""Values computed once and shared by every session of a server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """A small least-recently-used memory that computes a missing value once, whoever asks at the same time."""

    def __init__(self, size: int) -> None:
        self._size, self._values = size, OrderedDict[Hashable, Any]()
        self._lock, self._busy = threading.Lock(), dict[Hashable, threading.Lock]()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made by `make` if it is not there; an exception is not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]  # type: ignore[no-any-return]
            gate = self._busy.setdefault(key, threading.Lock())
        with gate:
            with self._lock:
                if key in self._values:
                    return self._values[key]  # type: ignore[no-any-return]
            return self._made(key, make)

    def _made(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make a value and keep it. The gate goes only then: whoever comes in between waits for it, and does not make
        the value once more."""
        try:
            value = make()
        except BaseException:
            with self._lock:
                self._busy.pop(key, None)
            raise
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
            self._busy.pop(key, None)
        return value


class Latest:
    """The last value of each key, the oldest keys forgotten first: what an edit starts from."""

    def __init__(self, size: int = 96) -> None:
        self._size, self._values, self._lock = size, OrderedDict[Hashable, Any](), threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The last value put, or None."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a process keeps in memory: results of `studies`, `galleries` ready to be searched, and the `latest` value
    of each question, which an edit starts from."""

    studies: Memo = field(default_factory=lambda: Memo(128))
    galleries: Memo = field(default_factory=lambda: Memo(48))
    latest: Latest = field(default_factory=Latest)
