"""Chunks of one run shared out among workers that may be slow, hang or die.

A worker has at most two chunks in hand. What a dead one had goes back to the queue, and a new one takes its place.
When the queue is empty, the chunk that has waited longest is given out once more: a chunk is written whole and is the
same whoever writes it. A worker that takes far longer than the others is ended, and its chunk is then computed
carefully, with a limit of time for each picture.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import TMVError
from core.store import ChunkRun

IN_HAND = 2
HEARTBEAT_SECONDS = 0.5
SLOWEST_SECONDS = 300.0
"""No chunk is called stuck before."""
STUCK = 10
"""Times the median of the finished chunks after which one is called stuck."""
MOST_DEATHS = 4
"""Workers that one chunk may end, the later ones while it is computed carefully."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A worker finished a chunk, or cannot go on for the reason `problem`."""

    chunk: int = -1
    problem: str = ""


class Worker(Protocol):
    """A process, here or elsewhere, that computes and writes the chunks that it is given, in that order."""

    @property
    def ready(self) -> bool:
        """Whether it has a machine and has loaded the model; before, it is given nothing."""

    def give(self, chunk: int, careful: bool) -> None:
        """One more chunk to compute; returns at once."""

    def taken(self) -> list[Done]:
        """What was finished since the last call. Raises `WorkerLost` when there is nobody any more."""

    def end(self) -> None:
        """End it now, whatever it is doing."""


class Workers(Protocol):
    """Where workers come from."""

    @property
    def count(self) -> int:
        """How many should work at the same time."""

    def start(self) -> Worker:
        """One more; returns at once, also where it has to wait for a free machine."""

    def wait(self, workers: Sequence[Worker], seconds: float) -> None:
        """Until one of them has something to say, but no longer than this."""


class WorkerLost(Exception):
    """A worker is gone: killed, out of memory, its machine switched off."""


@dataclass(slots=True, kw_only=True)
class _Hand:
    """A worker and what it was given, oldest first."""

    worker: Worker
    chunks: deque[int] = field(default_factory=deque)
    since: float = field(default_factory=time.monotonic)


_LOOK = (
    "Look into their logs for the reason (often memory); what is finished is kept, and the same command goes on from "
    "there."
)


class Sharing:
    """One run shared out: `rows()` gives the rows of each chunk as it is finished, and 0 when half a second brought
    none. Raises `TMVError` with the first problem of a worker."""

    def __init__(self, workers: Workers, run: ChunkRun, chunks: Sequence[int], slowest: float | None = None) -> None:
        self._workers, self._run = workers, run
        self._slowest = SLOWEST_SECONDS if slowest is None else slowest
        self._queue, self._left = deque(chunks), set(chunks)
        self._hands: list[_Hand] = []
        self._deaths, self._seconds, self._never_ready = Counter[int](), list[float](), 0

    def rows(self) -> Generator[int]:
        """See the class. Closing it ends every worker; what is written stays."""
        with self._staffed():
            while self._left:
                self._give()
                self._workers.wait([hand.worker for hand in self._hands], HEARTBEAT_SECONDS)
                finished = [chunk for hand in list(self._hands) for chunk in self._take(hand)]
                yield from (len(self._run.plan.rows(chunk)) for chunk in finished)
                if not finished:
                    yield 0
                self._end_stuck()

    @contextmanager
    def _staffed(self) -> Generator[None]:
        try:
            yield
        finally:
            for hand in self._hands:
                hand.worker.end()

    def _give(self) -> None:
        while len(self._hands) < max(1, min(self._workers.count, len(self._left))):
            self._hands.append(_Hand(worker=self._workers.start()))
        for hand in sorted((hand for hand in self._hands if hand.worker.ready), key=lambda hand: len(hand.chunks)):
            while len(hand.chunks) < IN_HAND and (chunk := self._next(hand)) is not None:
                hand.since = hand.since if hand.chunks else time.monotonic()
                hand.chunks.append(chunk)
                hand.worker.give(chunk, careful=self._deaths[chunk] > 0)

    def _next(self, hand: _Hand) -> int | None:
        """The first of the queue; when that is empty, for an idle worker the chunk that another has had longest."""
        while self._queue:
            if (chunk := self._queue.popleft()) in self._left:
                return chunk
        if hand.chunks:
            return None
        held = Counter(chunk for other in self._hands for chunk in other.chunks)
        waiting = [
            (other.since, chunk)
            for other in self._hands
            for chunk in other.chunks
            if chunk in self._left and held[chunk] == 1
        ]
        return min(waiting)[1] if waiting else None

    def _take(self, hand: _Hand) -> list[int]:
        """The chunks that a worker finished and that nobody had finished before."""
        try:
            done = hand.worker.taken()
        except WorkerLost:
            self._replace(hand)
            return []
        fresh = list[int]()
        for one in done:
            if one.problem:
                raise TMVError(one.problem)
            now = time.monotonic()
            self._seconds.append(now - hand.since)
            hand.since = now
            hand.chunks.remove(one.chunk)
            if one.chunk in self._left:
                self._left.remove(one.chunk)
                fresh.append(one.chunk)
        return fresh

    def _replace(self, hand: _Hand) -> None:
        """A new worker in the place of one that is gone; what it was at may be what ended it."""
        ready = hand.worker.ready
        hand.worker.end()
        self._hands.remove(hand)
        self._never_ready = 0 if ready else self._never_ready + 1
        if hand.chunks:
            self._deaths[hand.chunks[0]] += 1
        if self._never_ready >= MOST_DEATHS * self._workers.count:
            raise TMVError(f"{self._never_ready} workers ended before they had loaded the model. {_LOOK}")
        if hand.chunks and self._deaths[hand.chunks[0]] >= MOST_DEATHS:
            raise TMVError(f"Chunk {hand.chunks[0]} ended {MOST_DEATHS} workers. {_LOOK}")
        self._queue.extendleft(reversed(hand.chunks))

    def _end_stuck(self) -> None:
        usual = statistics.median(self._seconds[-200:]) if self._seconds else 0.0
        limit = max(self._slowest, STUCK * usual)
        now = time.monotonic()
        for hand in list(self._hands):
            if hand.chunks and now - hand.since > limit:
                self._replace(hand)
