"""SQLite as this project uses it: WAL, so that readers never wait for a writer, and patient about locks."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path

from core.errors import Unwritable
from core.system.files import disk_guard, sqlite_code

BUSY_SECONDS = 60.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """A connection in autocommit mode with the schema in place. Close it after use; make one for each
    thread. Raises `Unwritable` where the file cannot be written, `DiskFull` without room."""
    with disk_guard(path.parent):
        return _connect(path, schema)


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(schema)
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            # Changing to WAL answers "locked" at once when another process does the same; it does not wait.
            if sqlite_code(error) not in _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        except BaseException:
            connection.close()
            raise


def connect_to_read(path: Path, schema: str) -> sqlite3.Connection:
    """The same, and it also works in a folder that cannot be written (a cache on a read-only disk)."""
    try:
        return connect(path, schema)
    except (sqlite3.OperationalError, Unwritable):
        return connect_read_only(path)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection to a database that nobody writes, without its side files. Raises `sqlite3.OperationalError` where
    there is none."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)


def remove_database(path: Path) -> None:
    """Delete a database with its side files."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
