"""What backs every claim of speed: our way beside a peer's, interleaved, with the results compared.

`python -m benchmarks [NAME ...]` runs them and prints one table. To add one, add a module here with a
function `run() -> list[Row]`. Time with `interleaved`, so that a busy moment of the machine meets both ways
alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `peer` and `ours` are medians in `unit`; `ratio` above 1 means ours is better.

    `target` is what the ratio is meant to reach, `floor` what it must never fall below. `parity` says how
    alike the results are and `equal` whether that is alike enough; `note` is anything a reader should know.
    """

    work: str
    peer_name: str
    peer: float | None
    ours: float
    unit: str
    ratio: float | None
    target: float | None = None
    floor: float | None = None
    parity: str = ""
    equal: bool = True
    note: str = ""

    @property
    def verdict(self) -> str:
        """In words, how the ratio stands to target and floor."""
        if not self.equal:
            return "RESULTS DIFFER"
        if self.ratio is None or self.target is None:
            return ""
        if self.ratio >= self.target:
            return "reached"
        return "below target" if self.floor is None or self.ratio >= self.floor else "BELOW FLOOR"


def interleaved(ways: Mapping[str, Callable[[], Any]], rounds: int, warm: int = 1) -> dict[str, list[float]]:
    """Seconds of each way in each round, one after the other; `warm` runs first are not counted.

    Every other round runs in the opposite order, so that none always profits from running second.
    """
    for _ in range(warm):
        for way in ways.values():
            way()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways) if number % 2 == 0 else list(ways)[::-1]
        for name in names:
            start = time.perf_counter()
            ways[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def median_ratio(peer: list[float], ours: list[float]) -> float:
    """Median over rounds of how many times faster ours was in the same round."""
    return statistics.median(p / o for p, o in zip(peer, ours, strict=True))
