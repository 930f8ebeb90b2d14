"""Small results by key, with diskcache.

diskcache 5.6.3 unpickles rows that claim to be pickles (CVE-2025-69872, no fixed release), so whoever can
write the folder could run code here. The disk class below never gives it one: keys are text, values are JSON
or bytes in the database itself, compressed and checksummed together with their key (no row can answer for another),
and any other row counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import diskcache
from diskcache.core import MODE_RAW

from core.errors import Unwritable
from core.system.database import connect_read_only
from core.system.files import disk_guard

T = TypeVar("T")
SIZE_LIMIT = 1 << 30
_LARGEST = 1 << 28
_FILE = "cache.db"
_JSON, _BYTES = b"J", b"B"
"""The first byte of rows of earlier versions, whose checksum does not cover their key."""
_KEYED_JSON, _KEYED_BYTES = b"\x11", b"\x22"
_KEY_BYTES = 8


class ForeignRow(Exception):
    """A row that this class did not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A value as a row has it, and the mark of the key under which it was put (b"" in rows of earlier versions)."""

    value: Any
    mark: bytes

    def of(self, key: str) -> Any:
        """The value, if it was put under this key."""
        if self.mark not in (b"", _mark(key)):
            raise ForeignRow
        return self.value


def _mark(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]


class JSONDisk(diskcache.JSONDisk):  # type: ignore[misc]
    """Text keys; JSON or bytes values; no pickle and no outside file in either direction."""

    def put(self, key: Any) -> tuple[str, bool]:
        """A key for the database; only text is one."""
        if type(key) is not str:
            raise TypeError(f"a result's key is text, got {type(key).__name__}")
        return key, True

    def get(self, key: Any, raw: bool) -> str:
        """A key from the database."""
        if not raw or type(key) is not str:
            raise ForeignRow
        return key

    def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, memoryview]:
        """A value for the database."""
        if read:
            raise TypeError("results are stored from memory")
        kind, plain = (_KEYED_BYTES, value) if isinstance(value, bytes) else (_KEYED_JSON, json.dumps(value).encode())
        body = _mark(key) + zlib.compress(plain, self.compress_level)
        checksum = zlib.crc32(kind + body).to_bytes(4, "little")
        return 0, MODE_RAW, None, memoryview(kind + checksum + body)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> _Kept:
        """A value from the database. Raises `ForeignRow` for rows in any other form, above all pickles."""
        if mode != MODE_RAW or filename is not None or type(value) is not bytes or read:
            raise ForeignRow
        kind, checksum, body = value[:1], value[1:5], value[5:]
        if kind in (_KEYED_JSON, _KEYED_BYTES):
            if zlib.crc32(kind + body).to_bytes(4, "little") != checksum:
                raise ForeignRow
            plain = _inflated(body[_KEY_BYTES:])
            return _Kept(value=plain if kind == _KEYED_BYTES else json.loads(plain), mark=body[:_KEY_BYTES])
        if kind not in (_JSON, _BYTES) or zlib.crc32(body).to_bytes(4, "little") != checksum:
            raise ForeignRow
        plain = _inflated(body)
        if kind == _BYTES and _is_json(plain):  # its first byte is not covered: one bit makes bytes of JSON
            raise ForeignRow
        return _Kept(value=plain if kind == _BYTES else json.loads(plain), mark=b"")

    def remove(self, file_path: Any) -> None:
        """No row has a file, so there is none to remove: a planted path must not delete anything."""


def _inflated(packed: bytes) -> bytes:
    inflate = zlib.decompressobj()
    plain = inflate.decompress(packed, _LARGEST)
    if inflate.unconsumed_tail:
        raise ForeignRow
    return plain


def _is_json(plain: bytes) -> bool:
    try:
        json.loads(plain)
    except ValueError:
        return False
    return True


class Results:
    """JSON values (or bytes) by text key under `cache/results`; the oldest go when it grows over its
    limit."""

    def __init__(self, root: Path | str) -> None:
        self._folder = Path(root) / "results"
        self._cache: Any = None
        self._lock = threading.Lock()

    def read(self, key: str, parse: Callable[[Any], T]) -> T | None:
        """What `parse` makes of the value; None where there is none, or it is nothing that `parse` can read."""
        value = self.get(key)
        if value is None:
            return None
        try:
            return parse(value)
        except (KeyError, ValueError, TypeError, AttributeError, EOFError, BadZipFile):
            return None

    def get(self, key: str) -> Any:
        """The value, or None when there is none or its row is not one of ours."""
        if not self._is_there():
            return None
        try:
            kept = self._open().get(key)
        except (ForeignRow, ValueError, zlib.error):
            self.discard(key)
            return None
        except (sqlite3.Error, OSError, diskcache.Timeout):
            kept = self._get_read_only(key)
        try:
            return kept.of(key) if isinstance(kept, _Kept) else None
        except ForeignRow:
            self.discard(key)
            return None

    def _is_there(self) -> bool:
        """Whether there is a database; one that was deleted under an open connection is let go."""
        if (self._folder / _FILE).is_file():
            return True
        self.close()
        return False

    def _get_read_only(self, key: str) -> _Kept | None:
        """The same where the folder cannot be written, which diskcache does when it opens one."""
        query = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
        try:
            with contextlib.closing(connect_read_only(self._folder / _FILE)) as connection:
                row = connection.execute(query, (key,)).fetchone()
            return None if row is None else JSONDisk(str(self._folder)).fetch(row[0], row[1], row[2], False)
        except (ForeignRow, ValueError, zlib.error, sqlite3.Error):
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a value. Raises `TypeError` for what is neither JSON nor bytes, `DiskFull` without room, `Unwritable`
        where the folder cannot be written. A database that is broken or of another program starts over."""
        self._is_there()
        with disk_guard(self._folder):
            try:
                self._open().set(key, value)
            except sqlite3.DatabaseError as error:
                if not _is_broken(error):
                    raise
                self._start_over()
                self._open().set(key, value)

    def keep(self, key: str, value: Any) -> None:
        """`put` for what costs only time when it is not kept: a cache that cannot be written still answers."""
        with contextlib.suppress(Unwritable):
            self.put(key, value)

    def keys(self) -> tuple[str, ...]:
        """Every key, in order; rows that this class did not write are left out."""
        if not self._is_there():
            return ()
        try:
            with contextlib.closing(self._connect_to_read()) as connection:
                rows = connection.execute("SELECT key FROM Cache WHERE raw = 1").fetchall()
        except (sqlite3.Error, OSError, diskcache.Timeout):
            return ()
        return tuple(sorted(key for (key,) in rows if isinstance(key, str)))

    def _connect_to_read(self) -> sqlite3.Connection:
        try:
            self._open()
        except (sqlite3.Error, OSError, diskcache.Timeout):
            return connect_read_only(self._folder / _FILE)
        return sqlite3.connect(self._folder / _FILE, timeout=30)

    def discard(self, key: str) -> None:
        """Forget a value."""
        try:
            self._open().delete(key)
        except (sqlite3.Error, OSError, diskcache.Timeout, ForeignRow):
            return

    def check(self, mend: bool) -> tuple[int, list[str]]:
        """(rows, names of damaged ones); with `mend` these are deleted, and a broken database starts over."""
        path = self._folder / _FILE
        if not path.exists():
            return 0, []
        try:
            return self._check_rows(mend)
        except (sqlite3.Error, OSError, diskcache.Timeout):
            if mend:
                self._start_over()
            return 1, ["the database"]

    def _check_rows(self, mend: bool) -> tuple[int, list[str]]:
        disk = JSONDisk(str(self._folder))
        with contextlib.closing(self._connect_to_read()) as connection, connection:
            rows = connection.execute("SELECT rowid, key, raw, mode, filename FROM Cache").fetchall()
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("damaged")
            bad = [row for row in rows if not _readable(disk, connection, row)]
            if mend:
                connection.executemany("DELETE FROM Cache WHERE rowid = ?", [(row[0],) for row in bad])
        return len(rows), [str(row[1])[:80] for row in bad]

    def _open(self) -> Any:
        with self._lock:
            if self._cache is None:
                self._cache = diskcache.Cache(
                    str(self._folder),
                    disk=JSONDisk,
                    size_limit=SIZE_LIMIT,
                    eviction_policy="least-recently-stored",
                    timeout=30,
                )
            return self._cache

    def _start_over(self) -> None:
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            self._cache = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            self._cache = None


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether this is no database of ours (damaged, or with other tables), and not one that is full, busy or closed to
    us."""
    said = str(error).lower()
    foreign = any(words in said for words in ("no such", "has no column", "syntax error", "already exists"))
    return foreign or not isinstance(error, sqlite3.OperationalError)


def _readable(disk: JSONDisk, connection: sqlite3.Connection, row: tuple[Any, ...]) -> bool:
    rowid, key, raw, mode, filename = row
    value = connection.execute("SELECT value FROM Cache WHERE rowid = ?", (rowid,)).fetchone()[0]
    try:
        disk.fetch(mode, filename, value, False).of(disk.get(key, raw))
    except (ForeignRow, ValueError, zlib.error):
        return False
    return True
