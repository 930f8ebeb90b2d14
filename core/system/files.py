"""Files that are either whole or not there: safe names, atomic writes, checksums, and what a full or unwritable disk
says."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import lzma
import os
import secrets
import shutil
import sqlite3
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from core.errors import VERIFY, Damaged, DiskFull, Unwritable

TEMP_SUFFIX = ".tmp"
DAMAGED_ARCHIVE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
)
"""What the standard library raises for a zip or tar that is damaged, encrypted, or packed in a way it does not know."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENXIO}
_CLOSED_DATABASE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
_CACHE_REMEDY = "or point TMV_CACHE at a folder that can be written"
_OTHER_REMEDY = "or choose another place"
_LONGEST_NAME = 120


def safe_name(name: str) -> str:
    """A file name for any text: letters, digits, `-`, `_` and `.` stay, the rest is percent-encoded.

    `urllib.parse.unquote` gives the text back, unless it was too long for a file name: then the end is
    replaced by a checksum.
    """
    safe = quote(name.encode("utf-8", "surrogatepass"), safe="-_.").replace("~", "%7E")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if len(safe) <= _LONGEST_NAME:
        return safe or "%00"
    return f"{safe[: _LONGEST_NAME - 20]}~{sha256_text(name)[:16]}"


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value, for checksums."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def sha256_text(text: str) -> str:
    """Hex checksum of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex checksum of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def disk_guard(folder: Path, *, cache: bool = True) -> Iterator[None]:
    """Turn "no space left" from the system or from SQLite into `DiskFull`, and what says that `folder` cannot be
    written into `Unwritable`. `cache` says that the folder belongs to the cache, so that TMV_CACHE is the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(folder, cache) from error
        if error.errno in _CLOSED:
            raise _unwritable(folder, error, cache) from error
        raise
    except sqlite3.OperationalError as error:
        if (code := sqlite_code(error)) == sqlite3.SQLITE_FULL:
            raise _disk_full(folder, cache) from error
        if code in _CLOSED_DATABASE:
            raise _unwritable(folder, error, cache) from error
        raise


def sqlite_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, such as `sqlite3.SQLITE_FULL`; 0 where the error is not SQLite's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _disk_full(folder: Path, cache: bool) -> DiskFull:
    free = "unknown"
    with contextlib.suppress(OSError):
        free = f"{shutil.disk_usage(folder).free / 1e6:.0f} MB"
    return DiskFull(
        f"There is no room left to write in {folder} ({free} free): make room and start again; "
        f"everything finished so far is kept{', and TMV_CACHE can name a folder on another disk' if cache else ''}."
    )


def _unwritable(folder: Path, error: Exception, cache: bool) -> Unwritable:
    """One sentence that names what is in the way, as far as the system or a look at the disk tells."""
    remedy = _CACHE_REMEDY if cache else _OTHER_REMEDY
    blocking = next((p for p in (folder, *folder.parents) if p.exists() and not p.is_dir()), None)
    if blocking is not None:
        return Unwritable(
            f"{folder} cannot be written, because {blocking} is a file and not a folder: move it away, {remedy}."
        )
    names = (error.filename2, error.filename) if isinstance(error, OSError) else ()
    path = next((Path(os.fsdecode(name)) for name in names if name), folder)
    path = folder if path.name.startswith(".") else path  # nobody asked for our draft
    if path.is_dir() and path != folder:
        return Unwritable(
            f"{folder} cannot be written, because {path} is a folder and not a file: move it away, {remedy}."
        )
    reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    return Unwritable(f"{path} cannot be written ({reason.lower()}): make it writable, {remedy}.")


@contextlib.contextmanager
def replacing(path: Path, *, cache: bool = True) -> Iterator[IO[bytes]]:
    """A file to write that takes `path`'s place only when whole and flushed; after an error nothing is
    left. `cache` as in `disk_guard`."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMP_SUFFIX}")
    with disk_guard(path.parent, cache=cache):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temp.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temp.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextlib.contextmanager
def draft_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder of its own in `parent` to write into; what has not been renamed away at the end is removed."""
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def is_half_written(path: Path) -> bool:
    """Whether this is the file of a `replacing` that has not ended: being written, or left by a killed process."""
    return path.name.startswith(".") and path.name.endswith(TEMP_SUFFIX)


def sweep_half_written(folder: Path, older: float = 0.0) -> None:
    """Remove what killed processes left in a folder; for whoever holds the lock of its only writer, or what is at least
    `older` seconds old."""
    for path in folder.glob(f".*{TEMP_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if not older or time.time() - path.stat().st_mtime > older:
                path.unlink()


def write_atomic(path: Path, content: bytes, *, cache: bool = True) -> None:
    """Write a whole file or nothing. `cache` as in `disk_guard`."""
    with replacing(path, cache=cache) as file:
        file.write(content)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names, so that a renamed file survives a power cut (where the system can)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def delete(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_checked_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object with its own checksum in it, under `sha256`."""
    body = {k: v for k, v in value.items() if k != "sha256"}
    signed = {**body, "sha256": sha256_text(canonical_json(body))}
    write_atomic(path, (json.dumps(signed, indent=1, ensure_ascii=True) + "\n").encode())


def read_checked_json(path: Path) -> dict[str, Any]:
    """Read what `write_checked_json` wrote. Raises `Damaged` when it is not that, `FileNotFoundError` as
    usual."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise FileNotFoundError(str(error)) from error
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read ({_short(error)})", VERIFY) from error
    try:
        body = {k: v for k, v in value.items() if k != "sha256"}
        whole = value["sha256"] == sha256_text(canonical_json(body))
    except (KeyError, AttributeError, TypeError):
        whole = False
    if not whole:
        raise Damaged(f"{path} is damaged", VERIFY)
    return body


def cache_trouble(error: BaseException, cache: Path) -> str:
    """One sentence for an error of the system or of SQLite that came from the cache folder; "" for any other."""
    seen: BaseException | None = error
    while seen is not None:
        name = seen.filename if isinstance(seen, OSError) else None
        if isinstance(seen, OSError) and name and seen.errno in _FULL | _CLOSED and _of_cache_to_be(name, cache):
            full = seen.errno in _FULL
            return str(_disk_full(cache, True) if full else _unwritable(cache, seen, True))
        if isinstance(seen, sqlite3.Error) or (name and Path(os.fsdecode(name)).is_relative_to(cache)):
            what = " ".join(str(seen).split())
            return (
                f"The cache in {cache} cannot be used ({what}): check it with `python -m core verify`, {_CACHE_REMEDY}."
            )
        seen = seen.__cause__ or seen.__context__
    return ""


def _of_cache_to_be(name: str | bytes, cache: Path) -> bool:
    """Whether this is a file or folder that was to be made in the cache, and is not there."""
    path = Path(os.fsdecode(name))
    return path.is_relative_to(cache) and not os.path.lexists(path)


def _short(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it is not the JSON that was written"
