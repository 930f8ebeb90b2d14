"""Whether a stored file still has its checksum: looked at on its first use in a process, and remembered.

A disk that flips a bit changes neither size nor times, so nothing but reading tells. Reading costs once for each
process: a second for two gigabytes, while numbers from a damaged file would cost their reader more.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.store.manifest import Manifest, StoredFile
from core.system.files import sha256_file
from core.system.memo import Memo

_LARGE = 1 << 26
"""Bytes from which on the pieces of a file are read by several threads."""
_THREADS = min(8, os.cpu_count() or 1)
_STEP = 1 << 21
_FRESH_NS, _SKEW_NS = 50_000_000, 2_000_000_000
_looked = Memo(4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some bytes of a file and their sha256. The pieces of a file cover it from its first byte to its last."""

    start: int
    bytes: int
    sha256: str


def is_same(path: Path, record: StoredFile, pieces: Callable[[], Sequence[Piece]] | None = None) -> bool:
    """Whether a file is there with the size and content of its record; False too where it cannot be read.

    The answer is remembered for the file as it lies there (size, times, inode). `pieces`, where given, let a large
    file be read by several threads; they cover it whole, or there are none.
    """
    stamp = _stamp(path)
    if stamp is None or stamp[0] != record.bytes:
        return False
    return _looked.get((str(path.absolute()), stamp, record.sha256), lambda: _has_content(path, record, pieces))


def damaged_files(
    folder: Path, manifest: Manifest, pieces: Callable[[], Sequence[Piece]], large: str
) -> tuple[str, ...]:
    """The files of an entry that are missing or are not what its manifest says; `pieces` are those of `large`. Of
    chunks that an entry kept only the size is compared: each is read when its vectors are."""
    return tuple(
        name
        for name, record in manifest.files.items()
        if not (
            has_size(folder / name, record)
            if name.endswith(".chunk")
            else is_same(folder / name, record, pieces if name == large else None)
        )
    )


def has_size(path: Path, record: StoredFile) -> bool:
    """Whether a file is there with the size of its record."""
    try:
        return path.stat().st_size == record.bytes
    except OSError:
        return False


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a program writes to the file. What was written a moment ago could be written again within
    one tick of the clock: such a stamp is another one each time."""
    try:
        stat = path.stat()
    except OSError:
        return None
    fresh = time.monotonic_ns() if -_SKEW_NS < time.time_ns() - stat.st_ctime_ns < _FRESH_NS else 0
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev, fresh


def _has_content(path: Path, record: StoredFile, pieces: Callable[[], Sequence[Piece]] | None) -> bool:
    parts = pieces() if pieces is not None and record.bytes >= _LARGE and _THREADS > 1 else ()
    try:
        if len(parts) < 2:
            return sha256_file(path) == record.sha256
        with ThreadPoolExecutor(_THREADS) as pool:
            return all(pool.map(lambda piece: _is_piece(path, piece), parts))
    except OSError:
        return False


def _is_piece(path: Path, piece: Piece) -> bool:
    seen, left, buffer = hashlib.sha256(), piece.bytes, memoryview(bytearray(_STEP))
    with path.open("rb", buffering=0) as file:
        file.seek(piece.start)
        while left:
            got = file.readinto(buffer[: min(left, _STEP)])
            if not got:
                return False
            seen.update(buffer[:got])
            left -= got
    return seen.hexdigest() == piece.sha256
