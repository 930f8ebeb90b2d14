"""What may happen to a cluster: each time the entry is that of one process, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core.embedding import pool
from core.embedding.cluster import connected
from core.engine import Engine
from core.errors import BadArgument, Cancelled
from core.store.manifest import Manifest, entry_folder
from core.types import Place
from core.work.tasks import TASKS
from tests.fakes import png
from tests.unit.embedding.test_workers import HANG, HANGS

pytest.importorskip("ray")
from ray.cluster_utils import Cluster

if " " in sys.executable:
    pytest.skip("Ray starts no worker whose path has a space.", allow_module_level=True)

ROOT = Path(__file__).parents[2]
MODEL, DATA, N, CHUNK = "demo-rn/demo", "folder:many", 1500, 64
OLDEST_SECONDS = 300.0
"""No test waits longer for anything."""


def paint(folder: Path, hanging: int = -1) -> None:
    for index in range(N):
        path = folder / "many" / ("red", "blue")[index % 2] / f"{index:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(HANG if index == hanging else png((index % 256, index // 256, 90)))


class World:
    """A cluster with a head that computes nothing, and pictures."""

    def __init__(self, cluster: Any, folder: Path) -> None:
        self.cluster, self.data = cluster, folder / "data"
        self.nodes: list[Any] = []
        paint(self.data)

    def staff(self, count: int) -> None:
        """So many nodes of one core."""
        while len(self.nodes) < count:
            self.nodes.append(self.cluster.add_node(num_cpus=1))
        while len(self.nodes) > count:
            self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def engine(self, cache: Path, ray: str | None = None, data: Path | None = None) -> Engine:
        return Engine(cache, data or self.data, ray=ray)


@pytest.fixture(autouse=True)
def no_waiting_for_ever() -> Generator[None]:
    """A cluster whose workers cannot start would be waited for."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {OLDEST_SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(int(OLDEST_SECONDS))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    folder = tmp_path_factory.mktemp("ray")
    (folder / "sitecustomize.py").write_text(HANGS)  # for the actors; this process has long begun
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
        patch.setenv("TMV_PICTURE_SECONDS", "5")
        patch.setenv("RAY_health_check_period_ms", "1000")
        patch.setenv("RAY_health_check_failure_threshold", "15")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        try:
            with connected(cluster.address):
                yield World(cluster, folder)
        finally:
            cluster.shutdown()


@pytest.fixture(scope="module")
def alone(world: World, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The entry of one process."""
    return embedded(world.engine(tmp_path_factory.mktemp("alone")))


def place(engine: Engine) -> Place:
    return engine.place(MODEL, DATA)


def embedded(engine: Engine, progress: Any = None) -> Manifest:
    report = engine.vectors.embed(place(engine), progress)
    return engine.store.manifest(report.key)


def same(found: Manifest, alone: Manifest) -> bool:
    return (found.key, dict(found.files), found.skipped) == (alone.key, dict(alone.files), alone.skipped)


def once_after(rows: int, act: Callable[[], None]) -> Callable[[int, int], None]:
    """Progress that does something once so many rows are done."""
    acted = list[bool]()

    def progress(done: int, total: int) -> None:
        if done >= rows and not acted:
            acted.append(True)
            act()

    return progress


def actors() -> list[int]:
    """The processes of actors that live."""
    found = list[int]()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            named = path.read_bytes().startswith(b"ray::_Actor")
        except OSError:
            continue
        found += [int(path.parent.name)] if named else []
    return found


def test_the_cluster_gives_the_vectors_of_one_process_and_can_be_stopped(
    world: World, alone: Manifest, tmp_path: Path
) -> None:
    world.staff(2)
    engine = world.engine(tmp_path, ray="auto")

    def stop(done: int, total: int) -> None:
        if done >= 3 * CHUNK:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        embedded(engine, stop)
    kept = engine.store.entries()[0].done
    assert 3 * CHUNK <= kept < N
    seen = list[int]()
    assert same(embedded(engine, lambda done, total: seen.append(done)), alone)
    assert seen[0] >= 3 * CHUNK and seen == sorted(seen) and seen[-1] == N


def test_a_node_that_leaves_without_a_word(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(3)
    assert same(embedded(world.engine(tmp_path, ray="auto"), once_after(3 * CHUNK, lambda: world.staff(2))), alone)


def test_an_actor_that_is_killed(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(2)
    killed = list[int]()

    def kill() -> None:
        killed.extend(actors()[:1])
        os.kill(killed[0], signal.SIGKILL)

    assert same(embedded(world.engine(tmp_path, ray="auto"), once_after(3 * CHUNK, kill)), alone) and killed


def test_all_workers_leave_and_one_comes(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(2)

    def change() -> None:
        world.staff(0)
        world.staff(1)

    assert same(embedded(world.engine(tmp_path, ray="auto"), once_after(3 * CHUNK, change)), alone)


def test_a_picture_that_hangs_is_skipped_with_its_reason(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.staff(2)
    monkeypatch.setattr(pool, "SLOWEST_SECONDS", 15.0)
    paint(tmp_path / "data", hanging=200)
    found = embedded(world.engine(tmp_path / "cache", ray="auto", data=tmp_path / "data"))
    assert [row.id for row in found.skipped] == ["red/0200.png"] and found.n == N - 1
    assert "longer than 5 seconds" in found.skipped[0].reason


def test_a_chunk_that_is_damaged_is_computed_again(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(2)
    engine, spoilt = world.engine(tmp_path, ray="auto"), list[Path]()

    def spoil() -> None:
        path = next((tmp_path / "embeddings").rglob("*.chunk"))
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        spoilt.append(path)

    assert same(embedded(engine, once_after(3 * CHUNK, spoil)), alone) and spoilt


COMMAND = [sys.executable, "-m", "core", "embed", "--model", MODEL, "--data", DATA]


def driver(world: World, cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMV_CACHE": str(cache), "TMV_DATA": str(world.data)}
    command = [*COMMAND, "--ray", world.cluster.address]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_driver_that_is_killed_and_run_again(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(2)
    first, start = driver(world, tmp_path), time.monotonic()
    while len(list((tmp_path / "embeddings").rglob("*.chunk"))) < 3:
        assert first.poll() is None and time.monotonic() - start < OLDEST_SECONDS
        time.sleep(0.05)
    first.kill()
    first.communicate()
    second = driver(world, tmp_path)
    assert second.wait(OLDEST_SECONDS) == 0
    engine = world.engine(tmp_path)
    images = engine.vectors.find(place(engine))
    assert images is not None and same(engine.store.manifest(images.key), alone)


def test_two_drivers_at_once(world: World, alone: Manifest, tmp_path: Path) -> None:
    world.staff(2)
    both = [driver(world, tmp_path) for _ in range(2)]
    assert [one.wait(OLDEST_SECONDS) for one in both] == [0, 0]
    engine = world.engine(tmp_path)
    assert [entry.complete for entry in engine.store.entries()] == [True]
    assert same(engine.store.manifest(engine.store.entries()[0].key), alone)
    assert entry_folder(tmp_path, alone.key).is_dir()


def test_no_cluster_there_is_one_sentence(world: World, tmp_path: Path) -> None:
    command = [*COMMAND, "--ray", "127.0.0.1:9"]
    environment = {**os.environ, "TMV_CACHE": str(tmp_path), "TMV_DATA": str(world.data)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=OLDEST_SECONDS)
    assert done.returncode == 2 and "There is no Ray cluster at '127.0.0.1:9'" in done.stderr


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadArgument, match=r"pip install -r requirements-ray.txt"), connected("local"):
        pass


def test_a_job_embeds_on_the_cluster_that_its_host_names(
    world: World, alone: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.staff(2)
    monkeypatch.setenv("TMV_RAY", "auto")
    engine, most = world.engine(tmp_path), list[int]()
    parameters = {"model": MODEL, "dataset": DATA, "split": alone.split}
    TASKS["embed"](engine, parameters, lambda done, total: most.append(len(actors())))
    assert same(engine.store.manifest(alone.key), alone) and max(most) >= 2
