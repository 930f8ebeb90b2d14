"""Where embedding computes: batches of rows go in, vectors come out, in whatever order they are finished.

`LocalThreads` is this machine. On a CPU every core has a thread of its own that decodes a small batch and runs it with
one torch thread: no worker waits for another. On an accelerator three feeding threads each own a pinned buffer; while
one batch computes, a pool of decoding threads fills the others.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np

from core.embedding.batches import Batch, ReadPicture, batch_of, compute_batch, encode_pixels, read_pixels, usable
from core.system.processes import available_cores
from core.types import Dataset, EmbeddingSet, Encoder

_FEEDERS = 3
_HEARTBEAT_SECONDS = 0.5
_SLICE = 8


class Backend(Protocol):
    """What `embed` needs of a place that computes; a cluster would be another one."""

    @property
    def workers(self) -> int:
        """How many batches it works on at the same time."""

    def encode(self, encoder: Encoder, dataset: Dataset, batches: Sequence[range]) -> Generator[Batch | None]:
        """Every batch of rows once, in the order in which they finish, and None whenever half a second brought none.

        The vectors of a batch depend on its rows and the encoder only. Closing the generator stops the work.
        """


class LocalThreads:
    """The threads of this process: `workers` of them, by default one for each core that it may use."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or available_cores()

    def encode(self, encoder: Encoder, dataset: Dataset, batches: Sequence[range]) -> Generator[Batch | None]:
        """See `Backend`. Closing stops the threads after the picture they are at."""
        stop = threading.Event()
        if on_accelerator(encoder):
            with ThreadPoolExecutor(self.workers, "decode") as decoders, _stopping(stop):
                feeder = _Feeder(encoder, dataset, decoders, stop)
                yield from _parallel(batches, feeder.compute, _FEEDERS)
        else:
            with _stopping(stop):
                yield from _parallel(batches, lambda rows: compute_batch(encoder, dataset, rows, stop), self.workers)


class StoredRows:
    """No computing: the vectors that another entry has of the same pictures by the same image encoder (a model whose
    texts are in another language). In another number format they are other vectors, and are computed."""

    workers = 1

    def __init__(self, images: EmbeddingSet) -> None:
        self._images, self._place = images, {name: row for row, name in enumerate(images.ids)}
        self._skipped = {one.id: one for one in images.skipped}

    def encode(self, encoder: Encoder, dataset: Dataset, batches: Sequence[range]) -> Generator[Batch | None]:
        """See `Backend`."""
        if encoder.card.precision != self._images.provenance.precision:
            yield from LocalThreads().encode(encoder, dataset, batches)
            return
        for rows in batches:
            there = [self._place[dataset.ids[row]] for row in rows if dataset.ids[row] in self._place]
            gone = [(row, self._skipped[dataset.ids[row]]) for row in rows if dataset.ids[row] not in self._place]
            yield Batch(rows=rows, vectors=np.array(self._images.image_embeddings[there]), skipped=tuple(gone))


def on_accelerator(encoder: Any) -> bool:
    """Whether the encoder computes elsewhere than on the CPU."""
    return not str(encoder.device).startswith("cpu")


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    try:
        yield
    finally:
        stop.set()


def _parallel(items: Sequence[range], work: Callable[[range], Batch], threads: int) -> Iterator[Batch | None]:
    """`work` over items by some threads, with few results waiting; the first error ends it."""
    pool = ThreadPoolExecutor(max(1, min(threads, len(items))), "embed", initializer=_this_thread_alone)
    waiting: set[Future[Batch]] = set()
    queue = iter(items)
    try:
        while True:
            for rows in queue:
                waiting.add(pool.submit(work, rows))
                if len(waiting) >= 2 * threads:
                    break
            if not waiting:
                return
            finished, waiting = wait(waiting, _HEARTBEAT_SECONDS, FIRST_COMPLETED)
            if not finished:
                yield None
            for future in sorted(finished, key=lambda f: f.result().rows.start):
                yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


# --- accelerators -----------------------------------------------------------------------------------------


class _Feeder:
    """Feeds an accelerator: its threads share a pool of decoders and own one pinned buffer each."""

    def __init__(self, encoder: Any, dataset: Dataset, decoders: ThreadPoolExecutor, stop: threading.Event) -> None:
        self._encoder, self._dataset, self._decoders, self._stop = encoder, dataset, decoders, stop
        self._own = threading.local()

    def compute(self, rows: range) -> Batch:
        """Decode `rows` in the pool, then copy and encode them from this thread."""
        slices = [rows[i : i + _SLICE] for i in range(0, len(rows), _SLICE)]
        pictures = [picture for part in self._decoders.map(self._decode, slices) for picture in part]
        good = usable(pictures)
        vectors = encode_pixels(self._encoder, self._send(good)) if good else np.zeros((0, 0), np.float32)
        return batch_of(self._dataset, rows, pictures, vectors)

    def _decode(self, rows: range) -> list[ReadPicture]:
        return [read_pixels(self._encoder, self._dataset, row, self._stop) for row in rows]

    def _send(self, pixels: list[Any]) -> Any:
        """The batch on the device; the copy runs beside the computing of another thread's batch."""
        if isinstance(pixels[0], np.ndarray):
            return np.stack(pixels)
        import torch

        buffer = getattr(self._own, "buffer", None)
        if buffer is None or len(buffer) < len(pixels):
            buffer = torch.empty((len(pixels), *pixels[0].shape), pin_memory=torch.cuda.is_available())
            self._own.buffer = buffer
        batch = torch.stack(pixels, out=buffer[: len(pixels)])
        return batch.to(self._encoder.device, non_blocking=True)


# --- torch's own threads ----------------------------------------------------------------------------------

_users = threading.Lock()
_count, _before = 0, 0


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """One intra-op thread while any embedding runs in this process; afterwards as many as before."""
    global _count, _before
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    with _users:
        _before = _before if _count else torch.get_num_threads()
        _count += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _users:
            _count -= 1
            if not _count:
                torch.set_num_threads(_before)


def _this_thread_alone() -> None:
    """OpenMP keeps the number of threads for each thread of ours."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
