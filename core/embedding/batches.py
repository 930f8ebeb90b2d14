"""The computing part of embedding: batches of rows in, vectors out, decoding and computing overlapped.

On a CPU every core has a thread of its own that decodes a small batch and runs it with one torch thread: no
worker waits for another. On an accelerator three feeding threads each own a pinned buffer; while one batch
computes, a pool of decoding threads fills the others.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import BadImage, Cancelled, TMVError
from core.types import Dataset, FloatArray, Skipped

_FEEDERS = 3
_HEARTBEAT_SECONDS = 0.5
_SLICE = 8
_ABOUT_THE_PICTURE = {
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EIO,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Vectors (k, d) float32 of those `rows` that have one; the others are `skipped` as (row, reason)."""

    rows: range
    vectors: FloatArray
    skipped: tuple[tuple[int, Skipped], ...] = ()


def encode_batches(encoder: Any, dataset: Dataset, batches: Sequence[range], workers: int) -> Generator[Batch | None]:
    """Every batch once, in the order in which they finish, and None whenever half a second brought none.

    Closing the iterator (or an error in its consumer) stops the threads after the picture they are at.
    """
    stop = threading.Event()
    if on_accelerator(encoder):
        with ThreadPoolExecutor(workers, "decode") as decoders, _stopping(stop):
            feeder = _Feeder(encoder, dataset, decoders, stop)
            yield from _parallel(batches, feeder.compute, _FEEDERS)
    else:
        with _stopping(stop):
            yield from _parallel(batches, lambda rows: compute_batch(encoder, dataset, rows, stop), workers)


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


# --- one batch --------------------------------------------------------------------------------------------


def compute_batch(encoder: Any, dataset: Dataset, rows: range, stop: threading.Event | None = None) -> Batch:
    """Decode, preprocess and encode the pictures of `rows` in this thread."""
    pixels = [_pixels(encoder, dataset, row, stop) for row in rows]
    good = [p for p in pixels if not isinstance(p, Skipped)]
    _check(stop)
    vectors = _encode(encoder, _stack(good)) if good else np.zeros((0, 0), np.float32)
    return _batch(dataset, rows, pixels, vectors)


def _pixels(encoder: Any, dataset: Dataset, row: int, stop: threading.Event | None) -> Any:
    """(3, s, s) pixels, or `Skipped` when the picture is broken."""
    from core.images.decode import to_rgb

    _check(stop)
    try:
        return encoder.preprocess(to_rgb(dataset.pictures.read(row)))
    except BadImage as error:
        return Skipped(id=dataset.ids[row], reason=str(error))
    except OSError as error:
        if error.errno not in _ABOUT_THE_PICTURE:
            raise
        return Skipped(id=dataset.ids[row], reason=f"The file cannot be read: {error.strerror}.")


def _check(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Cancelled("Stopped.")


def _stack(pixels: list[Any]) -> Any:
    return np.stack(pixels) if isinstance(pixels[0], np.ndarray) else sys.modules["torch"].stack(pixels)


def _encode(encoder: Any, batch: Any) -> FloatArray:
    vectors = np.ascontiguousarray(encoder.encode_images(batch), np.float32)
    if vectors.ndim != 2 or len(vectors) != len(batch):
        raise TMVError(f"The encoder must give one vector for each picture, got {vectors.shape} for {len(batch)}.")
    return vectors


def _batch(dataset: Dataset, rows: range, pixels: Sequence[Any], vectors: FloatArray) -> Batch:
    """Put vectors and reasons together; a vector that is no direction is no vector."""
    gaps = [(row, p) for row, p in zip(rows, pixels, strict=True) if isinstance(p, Skipped)]
    with_pixels = [row for row, p in zip(rows, pixels, strict=True) if not isinstance(p, Skipped)]
    usable = np.asarray(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
    gaps += [
        (row, Skipped(id=dataset.ids[row], reason="The model gave no usable vector for it (not finite, or all zero)."))
        for row, good in zip(with_pixels, usable, strict=True)
        if not good
    ]
    return Batch(rows=rows, vectors=vectors[usable], skipped=tuple(sorted(gaps, key=lambda gap: gap[0])))


# --- accelerators -----------------------------------------------------------------------------------------


class _Feeder:
    """Feeds an accelerator: its threads share a pool of decoders and own one pinned buffer each."""

    def __init__(self, encoder: Any, dataset: Dataset, decoders: ThreadPoolExecutor, stop: threading.Event) -> None:
        self._encoder, self._dataset, self._decoders, self._stop = encoder, dataset, decoders, stop
        self._own = threading.local()

    def compute(self, rows: range) -> Batch:
        """Decode `rows` in the pool, then copy and encode them from this thread."""
        slices = [rows[i : i + _SLICE] for i in range(0, len(rows), _SLICE)]
        pixels = [p for part in self._decoders.map(self._decode, slices) for p in part]
        good = [p for p in pixels if not isinstance(p, Skipped)]
        if not good:
            return _batch(self._dataset, rows, pixels, np.zeros((0, 0), np.float32))
        return _batch(self._dataset, rows, pixels, _encode(self._encoder, self._send(good)))

    def _decode(self, rows: range) -> list[Any]:
        return [_pixels(self._encoder, self._dataset, row, self._stop) for row in rows]

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
