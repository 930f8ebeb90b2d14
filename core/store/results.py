"""Small results by key, with diskcache.

diskcache 5.6.3 unpickles rows that claim to be pickles (CVE-2025-69872, no fixed release), so whoever can
write the folder could run code here. The disk class below never gives it one: keys are text, values are JSON
or bytes in the database itself, compressed and checksummed, and any other row counts as missing.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import threading
import zlib
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_RAW

from core.files import disk_guard

SIZE_LIMIT = 1 << 30
_LARGEST = 1 << 28
_JSON, _BYTES = b"J", b"B"


class Refused(Exception):
    """A row that this class did not write."""


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
            raise Refused
        return key

    def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, memoryview]:
        """A value for the database."""
        if read:
            raise TypeError("results are stored from memory")
        kind, plain = (_BYTES, value) if isinstance(value, bytes) else (_JSON, json.dumps(value).encode())
        packed = zlib.compress(plain, self.compress_level)
        return 0, MODE_RAW, None, memoryview(kind + zlib.crc32(packed).to_bytes(4, "little") + packed)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> Any:
        """A value from the database. Raises `Refused` for rows in any other form, above all pickles."""
        if mode != MODE_RAW or filename is not None or type(value) is not bytes or read:
            raise Refused
        kind, checksum, packed = value[:1], value[1:5], value[5:]
        if kind not in (_JSON, _BYTES) or zlib.crc32(packed).to_bytes(4, "little") != checksum:
            raise Refused
        inflate = zlib.decompressobj()
        plain = inflate.decompress(packed, _LARGEST)
        if inflate.unconsumed_tail:
            raise Refused
        return plain if kind == _BYTES else json.loads(plain)

    def remove(self, file_path: Any) -> None:
        """No row has a file, so there is none to remove: a planted path must not delete anything."""


class Results:
    """JSON values (or bytes) by text key under `cache/results`; the oldest go when it grows over its
    limit."""

    def __init__(self, root: Path | str) -> None:
        self._folder = Path(root) / "results"
        self._cache: Any = None
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """The value, or None when there is none or its row is not one of ours."""
        if self._cache is None and not self._folder.is_dir():
            return None
        try:
            return self._open().get(key)
        except (Refused, ValueError, zlib.error):
            self.discard(key)
        except (sqlite3.Error, OSError, diskcache.Timeout):
            return None
        return None

    def put(self, key: str, value: Any) -> None:
        """Keep a value. Raises `TypeError` for what is neither JSON nor bytes, `DiskFull` without room."""
        with disk_guard(self._folder):
            try:
                self._open().set(key, value)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._start_over()
                self._open().set(key, value)

    def keys(self) -> tuple[str, ...]:
        """Every key, in order; rows that this class did not write are left out."""
        if self._cache is None and not self._folder.is_dir():
            return ()
        try:
            self._open()
            with contextlib.closing(sqlite3.connect(self._folder / "cache.db", timeout=30)) as connection:
                rows = connection.execute("SELECT key FROM Cache WHERE raw = 1").fetchall()
        except (sqlite3.Error, OSError, diskcache.Timeout):
            return ()
        return tuple(sorted(key for (key,) in rows if isinstance(key, str)))

    def discard(self, key: str) -> None:
        """Forget a value."""
        try:
            self._open().delete(key)
        except (sqlite3.Error, OSError, diskcache.Timeout, Refused):
            return

    def check(self, mend: bool) -> tuple[int, list[str]]:
        """(rows, names of damaged ones); with `mend` these are deleted, and a broken database starts over."""
        path = self._folder / "cache.db"
        if not path.exists():
            return 0, []
        try:
            return self._check_rows(mend)
        except (sqlite3.Error, OSError, diskcache.Timeout):
            if mend:
                self._start_over()
            return 1, ["the database"]

    def _check_rows(self, mend: bool) -> tuple[int, list[str]]:
        cache = self._open()
        with sqlite3.connect(self._folder / "cache.db", timeout=30) as connection:
            rows = connection.execute("SELECT rowid, key, raw, mode, filename FROM Cache").fetchall()
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("damaged")
            bad = [row for row in rows if not _readable(cache.disk, connection, row)]
            if mend:
                connection.executemany("DELETE FROM Cache WHERE rowid = ?", [(row[0],) for row in bad])
        connection.close()
        return len(rows), [str(row[1])[:80] for row in bad]

    def _open(self) -> Any:
        with self._lock:
            if self._cache is None:
                self._cache = diskcache.Cache(
                    str(self._folder), disk=JSONDisk, size_limit=SIZE_LIMIT,
                    eviction_policy="least-recently-stored", timeout=30,
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


def _readable(disk: JSONDisk, connection: sqlite3.Connection, row: tuple[Any, ...]) -> bool:
    rowid, key, raw, mode, filename = row
    value = connection.execute("SELECT value FROM Cache WHERE rowid = ?", (rowid,)).fetchone()[0]
    try:
        disk.get(key, raw)
        disk.fetch(mode, filename, value, False)
    except (Refused, ValueError, zlib.error):
        return False
    return True
