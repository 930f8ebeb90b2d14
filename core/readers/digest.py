"""What is in a data set, as one digest: every picture's content, with ids, labels and captions.

Reading a whole set takes as long as its disk needs, so each picture's digest is remembered with its stamp
(size, times, inode), as a record of 64 bytes. Next time only the pictures whose stamp changed are read; whoever reads
pictures for another reason, as embedding does, hands their records over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BadImage
from core.readers.stamps import shared_stamp
from core.system.memo import Latest
from core.system.progress import Progress
from core.types import Dataset

_FORMAT = b"dataset-digest-1"
_THREADS = 4
_CHUNK = 256
_LAST = Latest(4)
"""By memo: the rows, what the stamps of their pictures come to, and their digest. The same rows with the same stamps
need no memo read."""


def data_digest(dataset: Dataset, memo_dir: Path, progress: Progress | None = None) -> str:
    """Hex digest of the content: pictures by SHA-256, ids, labels, class folders, captions.

    Curated class names are left out (they change no vector and no label). An unreadable picture counts as
    such. `memo_dir` is created when missing; without room or rights there, nothing is remembered.
    """
    memo = memo_dir / f"{_memo_name(dataset)}.npy"
    pictures = [dataset.pictures.stamp(i) for i in range(len(dataset))]
    state = hashlib.sha256("\0".join(pictures).encode()).digest()
    last: tuple[Dataset, bytes, str] | None = _LAST.get(memo)
    if last is not None and last[0] is dataset and last[1] == state:
        return last[2]
    digest = _digest(dataset, pictures, memo, progress)
    _LAST.put(memo, (dataset, state, digest))
    return digest


def remembered_digest(dataset: Dataset, memo_dir: Path) -> str | None:
    """`data_digest` where no picture has to be read for it, else None."""
    known = _load(memo_dir / f"{_memo_name(dataset)}.npy")
    stamps = (_stamp(name, dataset.pictures.stamp(i)) for i, name in enumerate(dataset.ids))
    return data_digest(dataset, memo_dir) if len(known) and all(stamp in known for stamp in stamps) else None


def listing_digest(dataset: Dataset) -> str:
    """Hex digest of the rows with the size and time of every picture, none of which is read: the same on each machine
    that sees the folder, and another one when a file was replaced."""
    listed = (shared_stamp(dataset.pictures.stamp(i)).encode() for i in range(len(dataset)))
    return _combine(dataset, [hashlib.sha256(stamp).digest() for stamp in listed])


def picture_stamp(dataset: Dataset, index: int) -> bytes:
    """The first half of a picture's record; to be taken before the picture is read."""
    return _stamp(dataset.ids[index], dataset.pictures.stamp(index))


def content_digest(content: bytes | NDArray[np.uint8] | None) -> bytes:
    """The second half of a record: 32 bytes of what was read, None where it cannot be."""
    if content is None:
        return _UNREADABLE
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest()
    return hashlib.sha256(repr(content.shape).encode() + content.tobytes()).digest()


def remember_records(dataset: Dataset, memo_dir: Path, records: bytes) -> str:
    """Keep the records (n, 64) of pictures that were read, in the order of the rows; gives the digest that they come
    to. `data_digest` tells whether the pictures are still those."""
    pairs = [(records[i : i + 32], records[i + 32 : i + 64]) for i in range(0, len(records), 64)]
    memo = memo_dir / f"{_memo_name(dataset)}.npy"
    _save(memo, _load(memo) | {stamp: digest for stamp, digest in pairs if digest != _UNREADABLE})
    return _combine(dataset, [digest for _, digest in pairs])


def _digest(dataset: Dataset, pictures: list[str], memo: Path, progress: Progress | None) -> str:
    """`data_digest` with the stamps of the `pictures`; only those that the memo does not know are read."""
    known = _load(memo)
    stamps = [_stamp(name, stamp) for name, stamp in zip(dataset.ids, pictures, strict=True)]
    digests = _picture_digests(dataset, stamps, known, progress)
    fresh = {stamp: digest for stamp, digest in zip(stamps, digests, strict=True) if digest != _UNREADABLE}
    if fresh.keys() != known.keys():
        _save(memo, fresh)
    return _combine(dataset, digests)


_UNREADABLE = hashlib.sha256(b"unreadable picture").digest()


def _memo_name(dataset: Dataset) -> str:
    """One memo for each split; where its files lie is part of the stamps, so a moved set starts afresh."""
    return hashlib.sha256(f"{dataset.spec.name}\0{dataset.split}".encode()).hexdigest()[:32]


def _stamp(name: str, stamp: str) -> bytes:
    return hashlib.sha256(f"{name}\0{stamp}".encode()).digest()


def _picture_digests(
    dataset: Dataset, stamps: list[bytes], known: dict[bytes, bytes], progress: Progress | None
) -> list[bytes]:
    digests = [known.get(stamp, b"") for stamp in stamps]
    missing = [i for i, digest in enumerate(digests) if not digest]
    for done, (position, digest) in enumerate(_read_all(dataset, missing, stamps), 1):
        digests[position] = digest
        if progress and (done % _CHUNK == 0 or done == len(missing)):
            progress(len(digests) - len(missing) + done, len(digests))
    return digests


def _read_all(dataset: Dataset, rows: list[int], stamps: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Digests of these rows, read by a few threads in chunks so that a stop takes effect soon."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            yield from zip(chunk, pool.map(lambda i: _content(dataset, i), chunk), strict=True)


def _content(dataset: Dataset, index: int) -> bytes:
    try:
        return content_digest(dataset.pictures.read(index))
    except BadImage:
        return content_digest(None)


def _combine(dataset: Dataset, digests: list[bytes]) -> str:
    total = hashlib.sha256(_FORMAT)
    for part in (dataset.ids, dataset.raw_classnames, dataset.captions):
        # Lengths first, so that no two different lists look alike
        encoded = [text.encode("utf-8", "surrogatepass") for text in part]
        _add(total, np.asarray([len(text) for text in encoded], "<i8").tobytes())
        _add(total, b"".join(encoded))
    for array in (dataset.labels, dataset.image_index):
        _add(total, b"" if array is None else array.astype("<i8").tobytes())
    if dataset.label_pairs is not None:
        _add(total, dataset.label_pairs.astype("<i8").tobytes())
    _add(total, b"".join(digests))
    return total.hexdigest()


def _add(total: hashlib._Hash, content: bytes) -> None:
    total.update(len(content).to_bytes(8, "little"))
    total.update(content)


# --- the memo: (n + 1, 64) uint8, in each row the digest of a stamp and that of a picture; last a checksum ---

_SEAL = hashlib.sha256(b"seal of a memo of picture digests").digest()


def _load(path: Path) -> dict[bytes, bytes]:
    """What was remembered; nothing where the memo is damaged. Memos of earlier versions have no checksum."""
    try:
        rows = np.load(path, allow_pickle=False)
    except Exception:  # NumPy's reading of a damaged header may fail in any way
        return {}
    if rows.ndim != 2 or rows.shape[1] != 64 or rows.dtype != np.uint8:
        return {}
    known = {row[:32]: row[32:] for row in map(bytes, rows)}
    if (seal := known.pop(_SEAL, None)) is None:
        return known
    return known if seal == hashlib.sha256(rows[:-1].tobytes()).digest() else {}


def _save(path: Path, digests: dict[bytes, bytes]) -> None:
    content = b"".join(stamp + digest for stamp, digest in digests.items())
    content += _SEAL + hashlib.sha256(content).digest()
    rows: NDArray[np.uint8] = np.frombuffer(content, np.uint8).reshape(-1, 64)
    with contextlib.suppress(OSError):  # a memo that cannot be kept costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, rows, allow_pickle=False)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
