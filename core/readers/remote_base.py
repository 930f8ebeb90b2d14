"""What answers from buckets and web servers have in common: objects with sizes and tags, failures, limits of time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from core.readers.remote_names import Address

CONNECT_SECONDS, SILENT_SECONDS, LONGEST_SECONDS = 10.0, 20.0, 120.0
"""How long a server may take to take a call, to send the next bytes, and for one answer."""
Kind = Literal["gone", "denied", "changed", "other", "again"]
SAID: dict[Kind, str] = {"gone": "it is not there", "denied": "access is denied"}
"""In words what kinds of failures have in common."""


class Failure(Exception):
    """An answer that is not what was asked for; the message is the reason in a few words."""

    def __init__(self, reason: str, kind: Kind) -> None:
        self.kind = kind
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteObject:
    """A file in a bucket or on a server: its size in bytes, and a tag that changes when its content does ("" where the
    server gives none)."""

    address: Address
    size: int
    tag: str


def short_tag(*marks: object) -> str:
    """A short plain text of whatever a server marks a version with."""
    written = "\0".join(str(mark) for mark in marks if mark)
    return hashlib.sha256(written.encode("utf-8", "surrogateescape")).hexdigest()[:16] if written else ""
