"""Chunks computed by actors of a Ray cluster (requirements-ray.txt): https://docs.ray.io

An actor reads pictures and writes chunks itself, so only numbers travel. It has one GPU, or one core where the cluster
has no GPUs. A machine may leave without a word: its actors are lost, and new ones wait for a machine that comes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.embedding.pool import Done, Worker, WorkerLost
from core.embedding.workers import PICTURE_SECONDS, ChunkWorker, Request, load_encoder, picture_seconds
from core.errors import BadArgument, TMVError
from core.system.processes import available_cores
from core.types import ModelCard

LOCAL, AUTO = "local", "auto"
ANSWER_SECONDS = 10.0
ROOT = Path(__file__).parents[2]


def ray_module() -> Any:
    """The package. Raises `BadArgument` where it is not installed."""
    try:
        import ray
    except ImportError:
        raise BadArgument(
            "Ray is not installed here; install it with: pip install -r requirements-ray.txt, or embed without --ray."
        ) from None
    return ray


@contextlib.contextmanager
def connected(address: str) -> Generator[Any]:
    """The cluster at `address`: "local" for one of its own on this machine, "auto" for the one that this machine is
    in, else ray://HOST:PORT or HOST:PORT. A cluster that this process is in already is used as it is."""
    ray = ray_module()
    if ray.is_initialized():
        yield ray
        return
    _expect_answer(address)
    if address == LOCAL and " " in sys.executable:
        raise BadArgument(
            f"Ray starts no worker from a path with a space, and Python is {sys.executable}: move the program, or "
            "embed without --ray."
        )
    where: dict[str, Any] = {"num_cpus": available_cores()} if address == LOCAL else {"address": address}
    try:
        ray.init(
            **where,
            include_dashboard=None if "address" in where else False,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": _environment()},
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadArgument(
            f"There is no Ray cluster at {address!r} ({reason}); start one, or use --ray local."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _expect_answer(address: str) -> None:
    """Raise `BadArgument` at once where nobody listens, for which Ray itself waits for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address in (LOCAL, AUTO) or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise BadArgument(
            f"There is no Ray cluster at {address!r} ({error}); start one, or use --ray local."
        ) from error


def _environment() -> dict[str, str]:
    """What an actor is started with: the program lies where the driver has it."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return {"PYTHONPATH": path, PICTURE_SECONDS: str(picture_seconds())}


class RayWorkers:
    """Actors, one for each GPU of the cluster, or for each core where it has none."""

    def __init__(self, ray: Any, request: Request) -> None:
        self._ray, self._request = ray, request

    @property
    def has_gpus(self) -> bool:
        """Whether the cluster has cards."""
        return bool(self._ray.cluster_resources().get("GPU", 0))

    @property
    def count(self) -> int:
        """As many as the cluster has room for now, at least one."""
        there = self._ray.cluster_resources()
        return max(1, int(there.get("GPU", 0) or there.get("CPU", 0)))

    def start(self) -> Worker:
        """An actor, once there is room for one."""
        actor, threads = self._actor()
        return RayWorker(self._ray, actor, replace(self._request, threads=threads))

    def card(self) -> ModelCard:
        """What loading the model on one of the machines tells. Raises `TMVError` where that is not possible there."""
        actor, _ = self._actor()
        try:
            card: ModelCard | str = self._ray.get(actor.card.remote(self._request))
        except self._ray.exceptions.RayError as error:
            raise TMVError(f"No machine of the cluster could load {self._request.model}: {error}") from error
        finally:
            self._ray.kill(actor, no_restart=True)
        if isinstance(card, str):
            raise TMVError(card)
        return card

    def _actor(self) -> tuple[Any, int]:
        """An actor and its threads: one card with its share of the cores, or one core."""
        there = self._ray.cluster_resources()
        gpus, cpus = int(there.get("GPU", 0)), int(there.get("CPU", 1))
        threads = max(1, cpus // gpus) if gpus else 1
        needs: dict[str, Any] = {"num_gpus": 1, "num_cpus": threads} if gpus else {"num_cpus": 1}
        return self._ray.remote(max_restarts=0, max_task_retries=0, **needs)(_Actor).remote(), threads

    def wait(self, workers: Sequence[Worker], seconds: float) -> None:
        """See `Workers`."""
        waiting = [ref for worker in workers if isinstance(worker, RayWorker) for ref in worker.waiting]
        if waiting:
            self._ray.wait(waiting, timeout=seconds)
        else:
            time.sleep(seconds)


class _Actor:
    """What runs on a node."""

    def __init__(self) -> None:
        self._worker: ChunkWorker | None = None

    def card(self, request: Request) -> ModelCard | str:
        """The card of the model as it is loaded here, or the problem."""
        try:
            return load_encoder(request).card
        except TMVError as error:
            return str(error)

    def open(self, request: Request) -> str:
        """Load the model; gives the problem, "" when there is none."""
        try:
            self._worker = ChunkWorker(request)
        except TMVError as error:
            return str(error)
        return ""

    def compute(self, chunk: int, careful: bool) -> str:
        """Compute and write a chunk; gives the problem, "" when there is none."""
        try:
            assert self._worker is not None
            self._worker.compute(chunk, careful)
        except TMVError as error:
            return str(error)
        return ""


class RayWorker:
    """See `Worker`."""

    def __init__(self, ray: Any, actor: Any, request: Request) -> None:
        self._ray, self._actor, self.ready = ray, actor, False
        self._given: dict[Any, int] = {actor.open.remote(request): -1}

    @property
    def waiting(self) -> list[Any]:
        """What has not been answered yet."""
        return list(self._given)

    def give(self, chunk: int, careful: bool) -> None:
        """See `Worker`."""
        self._given[self._actor.compute.remote(chunk, careful)] = chunk

    def taken(self) -> list[Done]:
        """See `Worker`. What was answered before the actor was lost still counts."""
        if not self._given:
            return []
        answered, _ = self._ray.wait(list(self._given), num_returns=len(self._given), timeout=0)
        done = list[Done]()
        for ref in answered:
            try:
                problem = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                if isinstance(error, self._ray.exceptions.RayTaskError):
                    raise
                if done:
                    break
                raise WorkerLost from error
            chunk, self.ready = self._given.pop(ref), True
            if chunk >= 0 or problem:
                done.append(Done(chunk=chunk, problem=problem))
        return done

    def end(self) -> None:
        """See `Worker`."""
        with contextlib.suppress(Exception):  # it may be gone, and its machine with it
            self._ray.kill(self._actor, no_restart=True)
