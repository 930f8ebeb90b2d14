"""Messages between a page's process and the encoder process: a JSON header and raw bytes, never a pickle.

Frame: `TMV1`, header length (uint32), body length (uint64), both little-endian, header, body.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path
from typing import Any

from core.errors import BadFrame, TMVError
from core.system.files import sha256_text

MAGIC = b"TMV1"
_SIZES = struct.Struct("<4sIQ")
_LARGEST_HEADER, _LARGEST_BODY = 1 << 26, 1 << 29
_LONGEST_PATH = 100  # a socket's path has 108 bytes on Linux, 104 on macOS


def send(connection: socket.socket, header: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Send one message."""
    text = json.dumps(header).encode()
    connection.sendall(_SIZES.pack(MAGIC, len(text), len(body)) + text)
    if len(body):
        connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """One message, None when the other side closed between messages. Raises `BadFrame`, `OSError`."""
    start = _read(connection, _SIZES.size)
    if not start:
        return None
    if len(start) < _SIZES.size:
        raise BadFrame("A message between our processes was cut off; ask again.")
    magic, header_size, body_size = _SIZES.unpack(start)
    if magic != MAGIC or header_size > _LARGEST_HEADER or body_size > _LARGEST_BODY:
        raise BadFrame("Something that is not a message of ours came in; ask again.")
    text, body = _read(connection, header_size), _read(connection, body_size)
    if len(text) < header_size or len(body) < body_size:
        raise BadFrame("A message between our processes was cut off; ask again.")
    return _header(text), body


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError as error:
        raise BadFrame("A message between our processes is not JSON; ask again.") from error
    if not isinstance(header, dict):
        raise BadFrame("A message between our processes is not a JSON object; ask again.")
    return header


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            break
        parts += part
    return bytes(parts)


def socket_path(root: Path) -> Path:
    """`cache/run/encoder.sock`; where that is too long for a socket, a file in a private folder of this
    user."""
    path = root.absolute() / "run" / "encoder.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return _private_folder() / f"{sha256_text(str(root.absolute()))[:16]}.sock"


def _private_folder() -> Path:
    """A folder that only this user can enter; nobody else may have made it."""
    folder = Path(tempfile.gettempdir()) / f"text-meets-vision-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise TMVError(f"{folder} must be a private folder of this user (mode 700); remove it and try again.")
    return folder
