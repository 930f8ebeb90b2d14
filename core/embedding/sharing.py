"""Who computes the chunks of a run, where that is not this process alone."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from core.embedding.cluster import RayWorkers, connected
from core.embedding.pool import Sharing
from core.embedding.workers import LocalWorkers, Request
from core.store import ChunkRun
from core.system.processes import available_cores
from core.types import ModelCard


def share_on_ray(address: str, request: Request, run: ChunkRun, chunks: Sequence[int]) -> Generator[int]:
    """By the actors of a Ray cluster. Raises `BadArgument` where there is none."""
    with connected(address) as ray:
        yield from Sharing(RayWorkers(ray, request), run, chunks).rows()


def card_on_ray(address: str, request: Request, card: ModelCard | None) -> ModelCard | None:
    """The card of the model as the cluster computes with it: `card`, where that is of the same kind of device, else
    what an actor tells that loads it."""
    with connected(address) as ray:
        workers = RayWorkers(ray, request)
        same = card is not None and workers.has_gpus != card.device.startswith("cpu")
        return card if same else workers.card()


def share_on_devices(devices: Sequence[str], request: Request, run: ChunkRun, chunks: Sequence[int]) -> Generator[int]:
    """By a process for each of these devices of this machine."""
    yield from Sharing(LocalWorkers(request, devices, available_cores()), run, chunks).rows()
