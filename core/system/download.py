"""One file from one address: resumed where it was cut off, verified, put in place in one step.

What has arrived so far lies beside the target as `NAME.part`, with `NAME.part.tag` naming the version of the
remote file that it belongs to, so that a later run never glues two versions together.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import Refused, TMVError, Unreachable
from core.system.progress import Progress

BLOCK = 1 << 20
ATTEMPTS_WITHOUT_PROGRESS = 4
TIMEOUT_SECONDS = 30.0
WAIT_SECONDS = 0.5


@dataclass(slots=True, kw_only=True)
class _Transfer:
    url: str
    part: Path
    headers: Mapping[str, str]
    progress: Progress | None
    verified_later: bool

    @property
    def tag_file(self) -> Path:
        return self.part.with_name(self.part.name + ".tag")


def fetch(
    url: str,
    target: Path,
    *,
    checksum: str | None = None,
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
) -> Path:
    """Bring `url` to `target` and return it; a file that is already there with the right checksum is kept.

    `checksum` is "sha256:HEX" or "md5:HEX". `progress(done, total)` counts bytes (total 0 where unknown).
    Raises `Unreachable` without a connection (what arrived is kept for the next try), `Refused` for an HTTP
    error, and `TMVError` for a wrong checksum (what arrived is removed) or a full disk.
    """
    if not url.startswith(("http://", "https://")):
        raise TMVError(f"A download address starts with http:// or https://, got {url!r}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    transfer = _Transfer(
        url=url, part=part, headers=headers or {}, progress=progress, verified_later=checksum is not None
    )
    with _only_one(part, progress), _disk_errors(target):
        if target.is_file() and matches(target, checksum):
            return target
        _receive(transfer)
        _expect_checksum(transfer, checksum)
        part.replace(target)
        transfer.tag_file.unlink(missing_ok=True)
    return target


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The checksum of a file's content as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def matches(path: Path, checksum: str | None) -> bool:
    """Whether the file has this "ALGORITHM:HEX" checksum; always true for None."""
    if checksum is None:
        return True
    algorithm, _, wanted = checksum.partition(":")
    return digest(path, algorithm) == wanted.lower()


@contextlib.contextmanager
def _only_one(part: Path, progress: Progress | None) -> Iterator[None]:
    """Hold the only right to write `part`; wait while another process has it, open to being cancelled."""
    with part.with_name(part.name + ".lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(WAIT_SECONDS)
                if progress:
                    progress(_size(part), 0)
        yield
    # Left in place: removing a lock file while another process waits on it would let two in.


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TMVError(
                f"The disk of {target.parent} is full; make room and start again, the part that has arrived is kept."
            ) from error
        raise


def _receive(transfer: _Transfer) -> None:
    """Append to the part until it is whole, going on after each cut as long as some bytes arrive."""
    failures = 0
    while True:
        before = _size(transfer.part)
        try:
            if _receive_once(transfer):
                return
            reason = "the connection was cut"
        except urllib.error.HTTPError as error:
            reason = f"{transfer.url} answered with status {error.code} ({error.reason})."
            raise Refused(reason, error.code) from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = _why(error)
        failures = 0 if _size(transfer.part) > before else failures + 1
        if failures >= ATTEMPTS_WITHOUT_PROGRESS or (failures and not before):
            raise Unreachable(f"{transfer.url} cannot be reached ({reason}).")
        time.sleep(min(WAIT_SECONDS * failures, 5.0))


def _why(error: Exception) -> str:
    """The system's words for what went wrong, without its numbers."""
    inner = getattr(error, "reason", error)
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__


def _receive_once(transfer: _Transfer) -> bool:
    """One request from where the part ends; True when the file is then whole."""
    start = _resume_point(transfer)
    with _request(transfer, start) as response:
        if response.status != 206:
            start = 0
        transfer.tag_file.write_text(_validator(response), encoding="utf-8")
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else 0
        done = _copy(response, transfer, start, total)
    return done >= total if total else True


def _resume_point(transfer: _Transfer) -> int:
    """How much of the part can be kept: nothing when neither a checksum nor the version's tag guards it."""
    known = transfer.tag_file.is_file() and transfer.tag_file.read_text(encoding="utf-8")
    return _size(transfer.part) if transfer.verified_later or known else 0


def _request(transfer: _Transfer, start: int) -> Any:
    headers = {"User-Agent": "text-meets-vision", "Accept-Encoding": "identity", **transfer.headers}
    if start:
        headers["Range"] = f"bytes={start}-"
        tag = transfer.tag_file.read_text(encoding="utf-8") if transfer.tag_file.is_file() else ""
        headers |= {"If-Range": tag} if tag else {}
    request = urllib.request.Request(transfer.url, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:
            # The part is as long as the file, or longer than a file that has changed: start from scratch.
            transfer.part.unlink(missing_ok=True)
            return _request(transfer, 0)
        raise


def _validator(response: Any) -> str:
    """What names this version of the remote file; a weak tag does not identify bytes, so it is not used."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(response.headers.get("Last-Modified", ""))


def _copy(response: IO[bytes], transfer: _Transfer, start: int, total: int) -> int:
    with transfer.part.open("r+b" if start else "wb") as file:
        file.seek(start)
        file.truncate()
        done = start
        while block := response.read(BLOCK):
            file.write(block)
            done += len(block)
            if transfer.progress:
                transfer.progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    return done


def _expect_checksum(transfer: _Transfer, checksum: str | None) -> None:
    if matches(transfer.part, checksum):
        return
    transfer.part.unlink()
    transfer.tag_file.unlink(missing_ok=True)
    raise TMVError(
        f"What {transfer.url} sent does not have the expected checksum and was removed; try "
        "again, and do not use that source if it happens again."
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
