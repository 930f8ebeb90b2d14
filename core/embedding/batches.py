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
    """Vectors (k, d) float32 of those `rows` that have one; the others are `skipped` as (row, reason). `records` tell
    what was read for each row, 64 bytes (see `readers.digest`); none where nothing was."""

    rows: range
    vectors: FloatArray
    skipped: tuple[tuple[int, Skipped], ...] = ()
    records: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPicture:
    """(3, s, s) pixels, or `Skipped` when the picture is broken, and the record of what was read."""

    pixels: Any
    record: bytes


def compute_batch(encoder: Any, dataset: Dataset, rows: range, stop: threading.Event | None = None) -> Batch:
    """Decode, preprocess and encode the pictures of `rows` in this thread."""
    pictures = [read_pixels(encoder, dataset, row, stop) for row in rows]
    good = usable(pictures)
    _check_stop(stop)
    vectors = encode_pixels(encoder, _stack(good)) if good else np.zeros((0, 0), np.float32)
    return batch_of(dataset, rows, pictures, vectors)


def usable(pictures: Sequence[ReadPicture]) -> list[Any]:
    """The pixels of those that are not broken."""
    return [picture.pixels for picture in pictures if not isinstance(picture.pixels, Skipped)]


def read_pixels(encoder: Any, dataset: Dataset, row: int, stop: threading.Event | None) -> ReadPicture:
    """One picture, read once: for its pixels and for the digest of what was read."""
    from core.images.decode import to_rgb
    from core.readers.digest import content_digest, picture_stamp

    _check_stop(stop)
    stamp, content = picture_stamp(dataset, row), None
    try:
        content = dataset.pictures.read(row)
        pixels = encoder.preprocess(to_rgb(content))
    except BadImage as error:
        content = error.content if content is None else content
        pixels = Skipped(id=dataset.ids[row], reason=str(error))
    except OSError as error:
        if error.errno not in _ABOUT_THE_PICTURE:
            raise
        pixels = Skipped(id=dataset.ids[row], reason=f"The file cannot be read: {error.strerror}.")
    return ReadPicture(pixels=pixels, record=stamp + content_digest(content))


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


def batch_of(dataset: Dataset, rows: range, pictures: Sequence[ReadPicture], vectors: FloatArray) -> Batch:
    """Put vectors and reasons together; a vector that is no direction is no vector."""
    seen = [(row, picture.pixels) for row, picture in zip(rows, pictures, strict=True)]
    gaps = [(row, pixels) for row, pixels in seen if isinstance(pixels, Skipped)]
    with_pixels = [row for row, pixels in seen if not isinstance(pixels, Skipped)]
    good = np.asarray(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
    gaps += [
        (row, Skipped(id=dataset.ids[row], reason="The model gave no usable vector for it (not finite, or all zero)."))
        for row, fine in zip(with_pixels, good, strict=True)
        if not fine
    ]
    records = b"".join(picture.record for picture in pictures)
    skipped = tuple(sorted(gaps, key=lambda gap: gap[0]))
    return Batch(rows=rows, vectors=vectors[good], skipped=skipped, records=records)
