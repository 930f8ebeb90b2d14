"""Chunks shared out: every one is finished once, whatever the workers do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.embedding import pool
from core.embedding.pool import Done, Sharing, Worker, WorkerLost
from core.errors import TMVError
from core.store import ChunkPlan, ChunkRun, KeyParts
from tests.fakes import FakeEncoder


@dataclass
class Scripted:
    """A worker that finishes `speed` chunks a look. It dies at a chunk in `deadly` unless that is read carefully, hangs at
    one in `endless` in the same way, and is never ready without a machine."""

    world: World
    speed: int = 1
    mortal: bool = False
    ready: bool = False
    chunks: list[tuple[int, bool]] = field(default_factory=list)
    looks: int = 0
    ended: bool = False

    def give(self, chunk: int, careful: bool) -> None:
        assert self.ready and not self.ended
        self.chunks.append((chunk, careful))
        assert len(self.chunks) <= pool.IN_HAND

    def taken(self) -> list[Done]:
        self.looks += 1
        if self.mortal and self.looks > 2:
            raise WorkerLost
        if not self.ready:
            self.ready = self.world.machines > 0
            return []
        done = list[Done]()
        while self.chunks and len(done) < self.speed:
            chunk, careful = self.chunks[0]
            if chunk in self.world.deadly and not (careful and self.world.care_helps):
                raise WorkerLost
            if chunk in self.world.endless and not careful:
                break
            if chunk in self.world.problems:
                return [Done(chunk=chunk, problem="The disk is full.")]
            self.chunks.pop(0)
            self.world.finished.append(chunk)
            done.append(Done(chunk=chunk))
        return done

    def end(self) -> None:
        self.ended = True


@dataclass
class World:
    """Where scripted workers come from; a look takes a second."""

    count: int = 3
    machines: int = 1
    deadly: Sequence[int] = ()
    endless: Sequence[int] = ()
    problems: Sequence[int] = ()
    care_helps: bool = True
    mortal: int = 0
    speeds: Sequence[int] = (1,)
    started: list[Scripted] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def start(self) -> Worker:
        number = len(self.started)
        self.started.append(Scripted(self, speed=self.speeds[number % len(self.speeds)], mortal=number < self.mortal))
        return self.started[-1]

    def wait(self, workers: Sequence[Worker], seconds: float) -> None:
        self.seconds += 1
        self.machines = max(self.machines, int(self.seconds > 30))  # one comes at last


def run_of(tmp_path: Path, chunks: int = 20) -> ChunkRun:
    parts = KeyParts.of(FakeEncoder().card, "fake")
    plan = ChunkPlan(parts=parts, dataset="d", split="s", n=8 * chunks - 3, chunk_rows=8, batch_rows=8)
    return ChunkRun(tmp_path, plan)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: world.seconds))
    return world


WORLDS: dict[str, dict[str, object]] = {
    "nothing": {},
    "one worker": {"count": 1},
    "more workers than chunks": {"count": 50},
    "different speeds": {"speeds": (2, 1, 0)},
    "two die": {"mortal": 2},
    "all die again and again": {"mortal": 8},
    "a picture ends the process": {"deadly": (0, 7)},
    "a picture hangs": {"endless": (3, 19)},
    "the first picture hangs": {"endless": (0,), "count": 1},
    "no machine at first": {"machines": 0},
}


@pytest.mark.parametrize("what", WORLDS)
def test_every_chunk_is_finished_and_counted_once(tmp_path: Path, clock: World, what: str) -> None:
    for name, value in WORLDS[what].items():
        setattr(clock, name, value)
    run = run_of(tmp_path)
    rows = list(Sharing(clock, run, range(run.plan.chunks), slowest=20).rows())
    assert sum(rows) == run.plan.n and set(clock.finished) == set(range(run.plan.chunks))
    assert all(worker.ended for worker in clock.started)


def test_only_the_chunks_asked_for(tmp_path: Path, clock: World) -> None:
    run = run_of(tmp_path)
    assert sum(Sharing(clock, run, [2, 19], slowest=20).rows()) == 13 and set(clock.finished) == {2, 19}


def test_what_a_slow_worker_holds_is_given_to_another_one_too(tmp_path: Path, clock: World) -> None:
    clock.count, clock.speeds = 2, (1, 0)
    run = run_of(tmp_path)
    assert sum(Sharing(clock, run, range(20), slowest=1e9).rows()) == run.plan.n
    assert len(clock.started) == 2


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("problems", (4,), "The disk is full."),
        ("deadly", (4,), "Chunk 4 ended 4 workers"),
        ("mortal", 10**6, "workers ended before they had loaded the model"),
    ],
)
def test_what_cannot_be_helped_is_said(tmp_path: Path, clock: World, name: str, value: object, sentence: str) -> None:
    setattr(clock, name, value)
    clock.care_helps = False
    clock.machines = 0 if name == "mortal" else 1
    with pytest.raises(TMVError, match=sentence):
        list(Sharing(clock, run_of(tmp_path), range(20), slowest=20).rows())
    assert all(worker.ended for worker in clock.started)


def test_closing_ends_every_worker(tmp_path: Path, clock: World) -> None:
    rows = Sharing(clock, run_of(tmp_path), range(20), slowest=20).rows()
    while not next(rows):
        pass
    rows.close()
    assert len(clock.started) == 3 and all(worker.ended for worker in clock.started)
    assert len(clock.finished) < 20
