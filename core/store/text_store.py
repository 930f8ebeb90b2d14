"""Text vectors by (model, exact text): encoded once, ever.

One SQLite database for each set of weights, in WAL mode, so that several processes read and write it at once.
A row has the text itself (no two texts can be mistaken for one another) and a checksum of text and vector (of the
vector alone in rows of earlier versions); a row that does not fit counts as missing and is written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.errors import VERIFY, Damaged, TMVError, Unwritable
from core.system.database import connect, connect_to_read, remove_database
from core.system.files import disk_guard, safe_name
from core.types import FloatArray, expect_shape

_SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
    hash INTEGER PRIMARY KEY, text BLOB NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL
)
"""
_BLOCK = 512


class TextStore:
    """Unnormalised text vectors under `cache/texts`, one database for each model digest."""

    def __init__(self, root: Path | str) -> None:
        self.folder = Path(root) / "texts"

    def path(self, model_digest: str) -> Path:
        """The database of one model."""
        return self.folder / f"{safe_name(model_digest)}.sqlite"

    def get(self, model_digest: str, texts: Sequence[str]) -> tuple[FloatArray, np.ndarray]:
        """Vectors (m, d) float32 and found (m,) bool; rows that were not found are zero, d is 0 if none
        was."""
        known = self._read(self.path(model_digest), dict.fromkeys(texts))
        width = max((len(v) for v in known.values()), default=0)
        known = {text: vector for text, vector in known.items() if len(vector) == width}
        vectors, found = np.zeros((len(texts), width), np.float32), np.zeros(len(texts), bool)
        for row, text in enumerate(texts):
            vector = known.get(text)
            if vector is not None:
                vectors[row], found[row] = vector, True
        return vectors, found

    def put(self, model_digest: str, texts: Sequence[str], vectors: FloatArray) -> None:
        """Keep the vectors (m, d) float32 of m texts. Raises `DiskFull` without room."""
        expect_shape("text vectors", vectors, (len(texts), "d"), np.float32)
        if not np.isfinite(vectors).all():
            raise TMVError("Text vectors must be finite numbers; these are not, so they are not kept.")
        path = self.path(model_digest)
        rows = sorted(
            _row(text, vector) for text, vector in zip(texts, np.ascontiguousarray(vectors, "<f4"), strict=True)
        )
        with disk_guard(self.folder):
            try:
                self._write(path, rows)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "no such column" not in str(error):
                    raise
                remove_database(path)
                self._write(path, rows)

    def _write(self, path: Path, rows: list[tuple[int, bytes, bytes, int]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(connect(path, _SCHEMA)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)", rows)

    def _read(self, path: Path, texts: dict[str, None]) -> dict[str, FloatArray]:
        if not texts or not path.exists():
            return {}
        wanted = {_hash(data): (text, data) for text in texts for data in (_encode(text),)}
        found = dict[str, FloatArray]()
        try:
            with contextlib.closing(connect_to_read(path, _SCHEMA)) as connection:
                for number, data, vector, checksum in _select(connection, sorted(wanted)):
                    text, expected = wanted[number]
                    if data == expected and _good(data, vector, checksum):
                        found[text] = np.frombuffer(vector, "<f4")
        except (sqlite3.DatabaseError, Unwritable):
            return found
        return found

    def everything(self, model_digest: str) -> tuple[tuple[str, ...], FloatArray]:
        """Every text of one model in order, and the vectors (m, d) float32; damaged rows are left out. Raises `Damaged`
        where the database cannot be read."""
        path, found = self.path(model_digest), dict[str, FloatArray]()
        if path.exists():
            try:
                found = self._rows_of(path)
            except sqlite3.DatabaseError as error:
                raise Damaged(f"{path} is damaged", VERIFY) from error
        width = max((len(v) for v in found.values()), default=0)
        texts = tuple(sorted(text for text, vector in found.items() if len(vector) == width))
        vectors = np.stack([found[text] for text in texts]) if texts else np.zeros((0, width), np.float32)
        return texts, vectors.astype(np.float32, copy=False)

    @staticmethod
    def _rows_of(path: Path) -> dict[str, FloatArray]:
        found = dict[str, FloatArray]()
        with contextlib.closing(connect_to_read(path, _SCHEMA)) as connection:
            for number, data, vector, checksum in connection.execute("SELECT * FROM texts"):
                if isinstance(data, bytes) and _hash(data) == number and _good(data, vector, checksum):
                    found[data.decode("utf-8", "surrogatepass")] = np.frombuffer(vector, "<f4")
        return found

    def names(self) -> tuple[str, ...]:
        """The databases that are there, by file name."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.sqlite")))

    def check(self, name: str, mend: bool) -> tuple[int, int]:
        """(rows, damaged rows) of one database of `names`; with `mend` the damaged rows go, at worst all of
        them."""
        path = self.folder / f"{name}.sqlite"
        try:
            return _check(path, mend)
        except sqlite3.DatabaseError:
            if mend:
                remove_database(path)
            return 1, 1


def _check(path: Path, mend: bool) -> tuple[int, int]:
    rows, bad = 0, list[tuple[int]]()
    with contextlib.closing((connect if mend else connect_to_read)(path, _SCHEMA)) as connection, connection:
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        for number, text, vector, checksum in connection.execute("SELECT * FROM texts"):
            rows += 1
            if not isinstance(text, bytes) or _hash(text) != number or not _good(text, vector, checksum):
                bad.append((number,))
        if mend:
            connection.executemany("DELETE FROM texts WHERE hash = ?", bad)
    return rows, len(bad)


def _select(connection: sqlite3.Connection, numbers: list[int]) -> Iterator[tuple[int, bytes, bytes, int]]:
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK]
        marks = ",".join("?" * len(block))
        yield from connection.execute(f"SELECT * FROM texts WHERE hash IN ({marks})", block)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _hash(data: bytes) -> int:
    """63 bits of sha256: where to look. The text in the row decides whether it is the right one."""
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big") >> 1


def _row(text: str, vector: FloatArray) -> tuple[int, bytes, bytes, int]:
    data, content = _encode(text), vector.tobytes()
    return _hash(data), data, content, zlib.crc32(content, zlib.crc32(data))


def _good(text: bytes, vector: object, checksum: object) -> bool:
    if not isinstance(vector, bytes) or len(vector) % 4:
        return False
    return checksum in (zlib.crc32(vector, zlib.crc32(text)), zlib.crc32(vector))
