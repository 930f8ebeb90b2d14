"""One batch of rows: pictures read and preprocessed, vectors computed, and what was wrong with the others."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import BadImage, Cancelled, TMVError
from core.types import Dataset, FloatArray, Skipped

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


def compute_batch(encoder: Any, dataset: Dataset, rows: range, stop: threading.Event | None = None) -> Batch:
    """Decode, preprocess and encode the pictures of `rows` in this thread."""
    pixels = [read_pixels(encoder, dataset, row, stop) for row in rows]
    good = [p for p in pixels if not isinstance(p, Skipped)]
    _check_stop(stop)
    vectors = encode_pixels(encoder, _stack(good)) if good else np.zeros((0, 0), np.float32)
    return batch_of(dataset, rows, pixels, vectors)


def read_pixels(encoder: Any, dataset: Dataset, row: int, stop: threading.Event | None) -> Any:
    """(3, s, s) pixels, or `Skipped` when the picture is broken."""
    from core.images.decode import to_rgb

    _check_stop(stop)
    try:
        return encoder.preprocess(to_rgb(dataset.pictures.read(row)))
    except BadImage as error:
        return Skipped(id=dataset.ids[row], reason=str(error))
    except OSError as error:
        if error.errno not in _ABOUT_THE_PICTURE:
            raise
        return Skipped(id=dataset.ids[row], reason=f"The file cannot be read: {error.strerror}.")


def _check_stop(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Cancelled("Stopped.")


def _stack(pixels: list[Any]) -> Any:
    return np.stack(pixels) if isinstance(pixels[0], np.ndarray) else sys.modules["torch"].stack(pixels)


def encode_pixels(encoder: Any, batch: Any) -> FloatArray:
    """(b, 3, s, s) -> (b, d). Raises `TMVError` unless there is one vector for each picture."""
    vectors = np.ascontiguousarray(encoder.encode_images(batch), np.float32)
    if vectors.ndim != 2 or len(vectors) != len(batch):
        raise TMVError(f"The encoder must give one vector for each image, got {vectors.shape} for {len(batch)}.")
    return vectors


def batch_of(dataset: Dataset, rows: range, pixels: Sequence[Any], vectors: FloatArray) -> Batch:
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
