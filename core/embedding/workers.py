"""Processes that compute chunks: what one does, and several of them on this machine, one for each device."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from core.embedding.backends import LocalThreads, one_torch_thread
from core.embedding.careful import LIMIT_SECONDS, CarefulPictures
from core.embedding.pool import Done, Worker, WorkerLost
from core.errors import TMVError
from core.store import Store
from core.store.own_names import OwnNames
from core.types import Encoder

PICTURE_SECONDS = "TMV_PICTURE_SECONDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a worker needs to know: names, folders that it sees too, and how it computes. `fingerprint` is the run's."""

    model: str
    dataset: str
    split: str
    fingerprint: str
    cache_dir: str
    data_dir: str
    device: str | None
    precision: str | None
    threads: int = 1


def load_encoder(request: Request) -> Encoder:
    """The model in this process, with its card kept in the cache."""
    from core.encoders.service.local import Encoding
    from core.store import TextStore

    cache, device = Path(request.cache_dir), request.device
    encoding = Encoding(cache, TextStore(cache), device=device, in_process=True, precision=request.precision)
    return encoding.encoder(request.model)


def picture_seconds() -> float:
    """How long reading and decoding one picture may take where a worker was lost over its chunk
    (`TMV_PICTURE_SECONDS`)."""
    return float(os.environ.get(PICTURE_SECONDS, LIMIT_SECONDS))


class ChunkWorker:
    """Computes chunks of one run, in this process. Raises `TMVError` when opened where the model is another one."""

    def __init__(self, request: Request) -> None:
        from core.embedding.data import Data
        from core.store import Results

        cache, folder = Path(request.cache_dir), Path(request.data_dir)
        names = OwnNames(folder)
        store = Store(cache, names)
        data = Data(store=store, results=Results(cache), data_dir=folder, cache_dir=cache, names=names)
        runs = store.runs(request.model, request.dataset, request.split)
        found = [run for run in runs if run.plan.parts.fingerprint == request.fingerprint]
        if not found:
            raise TMVError(
                f"A worker on {os.uname().nodename} finds no run in {cache}: every machine must see that folder."
            )
        self._run, self._threads = found[0], request.threads
        self._rows, self._encoder = data.rows(request.dataset, request.split), load_encoder(request)
        self._check(request)

    def _check(self, request: Request) -> None:
        from core.readers.digest import listing_digest
        from core.store import KeyParts

        parts, plan = self._run.plan.parts, self._run.plan
        here = KeyParts.of(self._encoder.card, parts.data_digest)
        node = os.uname().nodename
        if here != parts:
            raise TMVError(
                f"{request.model} on {node} is not as planned ({here.precision}, weights {here.model_digest[:12]}; "
                f"planned {parts.precision}, {parts.model_digest[:12]}): the same weights and --precision are needed "
                "everywhere."
            )
        if plan.listing and plan.listing != listing_digest(self._rows):
            raise TMVError(
                f"The images of {request.dataset} on {node} are not those of the plan: every machine must see "
                "the same files."
            )

    def compute(self, chunk: int, careful: bool = False) -> None:
        """Compute and write one chunk."""
        from core.embedding.part import compute_chunks

        if careful:
            pictures = CarefulPictures(self._rows.pictures, picture_seconds())
            rows, threads = replace(self._rows, pictures=pictures), 1
        else:
            rows, threads = self._rows, self._threads
        try:
            with one_torch_thread():
                for _ in compute_chunks(self._encoder, rows, self._run, [chunk], LocalThreads(threads)):
                    pass
        finally:
            if careful:
                pictures.close()


# --- on this machine ----------------------------------------------------------------------------------------


class LocalWorkers:
    """A process of this machine for each of these devices ("cuda:0", "cuda:1"), with its share of the cores."""

    def __init__(self, request: Request, devices: Sequence[str], cores: int) -> None:
        self._request, self._free = request, list(devices)
        self._threads, self.count = max(1, cores // len(devices)), len(devices)

    def start(self) -> Worker:
        """A process for a device that has none."""
        device = self._free.pop(0)
        return LocalWorker(replace(self._request, device=device, threads=self._threads), self._free)

    def wait(self, workers: Sequence[Worker], seconds: float) -> None:
        """See `Workers`."""
        wait([worker.pipe for worker in workers if isinstance(worker, LocalWorker)], seconds)


class LocalWorker:
    """See `Worker`; its device goes back to `free` when it ends."""

    def __init__(self, request: Request, free: list[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self._device, self._free, self.ready, self._ended = str(request.device), free, False, False
        self._process: Any = context.Process(target=_serve, args=(other, request))
        self._process.start()
        other.close()

    def give(self, chunk: int, careful: bool) -> None:
        """See `Worker`."""
        try:
            self.pipe.send((chunk, careful))
        except OSError:
            return  # it is gone, as `taken` will notice

    def taken(self) -> list[Done]:
        """See `Worker`."""
        done = list[Done]()
        try:
            while self.pipe.poll():
                chunk, problem = self.pipe.recv()
                self.ready = True
                if chunk >= 0 or problem:
                    done.append(Done(chunk=chunk, problem=problem))
        except (EOFError, OSError):
            if not done:
                raise WorkerLost from None
        return done

    def end(self) -> None:
        """See `Worker`."""
        if not self._ended:
            self._ended = True
            self._process.kill()
            self._process.join()
            self.pipe.close()
            self._free.append(self._device)


def _serve(pipe: Connection, request: Request) -> None:
    """Open the run, say so with chunk -1, then compute what comes. A problem is a sentence; anything else is a loss."""
    try:
        worker = ChunkWorker(request)
        pipe.send((-1, ""))
        while True:
            chunk, careful = pipe.recv()
            worker.compute(chunk, careful)
            pipe.send((chunk, ""))
    except EOFError:
        return
    except TMVError as error:
        pipe.send((-1, str(error)))
