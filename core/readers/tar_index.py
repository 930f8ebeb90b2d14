"""What lies where in a plain tar file, for reading single members by offset.

The standard library's tarfile builds an object with twenty fields for every member, about 40 microseconds
each, and a set in shards may have millions. This reads only names and sizes (POSIX ustar and pax, GNU long
names) and checks every header's checksum, so that a damaged shard is found when it is opened and not in the
middle of a run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

from core.errors import TMVError

_BLOCK = 512
_FILES = (b"0", b"\0", b"7")
_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_LINKS = (b"1", b"2")
_LARGEST_NAME = 1_000_000
_LOOKED_AT = 1_048_576
NO_END, GOES_ON = "has no end mark", "goes on behind its end mark"

Files = Generator[tuple[str, int, int], None, str]
Read = Callable[[int, int], bytes]
"""At most so many bytes from this place, as `os.pread`."""


def tar_files(shard: Path, links: list[str] | None = None) -> Files:
    """(name, offset, size) of each ordinary file in the tar, in order; bytes that are not UTF-8 stay escaped. Names of
    links, which hold nothing themselves, are put into `links`.

    What it returns at last says whether the tar ends as it should: "", `NO_END` or `GOES_ON`. Raises `TMVError` where
    the file is cut off or damaged, `OSError` where it cannot be read.
    """
    descriptor = os.open(shard, os.O_RDONLY)
    try:
        end = os.fstat(descriptor).st_size
        return (yield from tar_members(shard, partial(os.pread, descriptor), end, [] if links is None else links))
    finally:
        os.close(descriptor)


def tar_members(shard: Path, read: Read, end: int, links: list[str]) -> Files:
    """`tar_files` of a tar of `end` bytes that is read by `read`, wherever it lies."""
    place, said = 0, dict[str, str]()
    while place < end:
        header = read(_BLOCK, place)
        if not header.strip(b"\0"):
            return GOES_ON if read(_LOOKED_AT, place).strip(b"\0") else ""
        _check(shard, header, place)
        kind, start = header[156:157], place + _BLOCK
        size = 0 if kind in _WITHOUT_DATA else int(said.get("size") or _number(header[124:136]))
        if size < 0 or start + size > end:
            raise TMVError(f"{shard} is cut off: a file in it goes on after its end; fetch it again.")
        if kind in (b"x", b"L"):
            content = read(min(size, _LARGEST_NAME), start)
            said |= _pax(content) if kind == b"x" else {"path": _text(content)}
        else:
            name = said.get("path") or _name(header)
            if kind in _LINKS:
                links.append(name)
            # Before POSIX a folder was an ordinary entry whose name ends in a slash.
            if kind in _FILES and not (kind == b"\0" and name.endswith("/")):
                yield name, start, size
            said = {} if kind not in (b"g", b"K") else said
        place = start + (size + _BLOCK - 1) // _BLOCK * _BLOCK
    return NO_END


def _check(shard: Path, header: bytes, place: int) -> None:
    """The sum of a header's bytes, its own field counted as spaces, must be what that field says."""
    try:
        fits = sum(header) - sum(header[148:156]) + 8 * 32 == _number(header[148:156])
    except ValueError:
        fits = False
    if len(header) < _BLOCK or not fits:
        raise TMVError(f"{shard} is not a whole tar file (damaged at byte {place:,}); fetch it again.")


def _number(field: bytes) -> int:
    """Octal digits, or GNU's binary form for large values."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    return int(field.rstrip(b"\0 ").lstrip() or b"0", 8)


def _name(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _pax(content: bytes) -> dict[str, str]:
    """Records "LENGTH KEY=VALUE" of an extended header; only path and size matter here."""
    found: dict[str, str] = {}
    while content:
        length = content.partition(b" ")[0]
        if not length.isdigit() or not 0 < int(length) <= len(content):
            break
        key, _, value = content[len(length) + 1 : int(length) - 1].partition(b"=")
        if key == b"path" or (key == b"size" and value.isdigit()):
            found[key.decode()] = _text(value).rstrip("/")
        content = content[int(length) :]
    return found


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
