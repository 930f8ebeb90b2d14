"""Ranges of files on web servers. A redirect is never followed: it may lead where the host does not allow."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from core.readers.remote_base import (
    CONNECT_SECONDS,
    LONGEST_SECONDS,
    SAID,
    SILENT_SECONDS,
    Failure,
    RemoteObject,
    short_tag,
)
from core.readers.remote_names import Address

_PIECE = 65_536


class Web:
    """Ranges of files behind https, one connection kept for each thread and process."""

    def __init__(self) -> None:
        self._kept = threading.local()

    def get(self, address: Address, start: int, size: int, whole: bool = False) -> tuple[bytes, str]:
        """These bytes of a file and its tag; with `whole` it may be shorter."""
        with self._asked(address, start, size) as answer:
            content = self._body(answer, size + 1)
            ranged = answer.status_code == 206
            if ranged and not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-"):
                raise Failure("the server answers with another part than was asked for", "other")
            if not ranged and (start or (len(content) > size and not whole)):
                raise Failure("the server does not answer with parts of files (Range)", "other")
            if len(content) != size and not whole:
                raise Failure(f"{len(content):,} of {size:,} bytes came", "again" if len(content) < size else "other")
            return content[:size], _tag(answer)

    def look_at(self, address: Address) -> RemoteObject:
        """Size and tag by the answer to the first bytes, which tells also whether parts can be had."""
        with self._asked(address, 0, 1) as answer:
            total = str(answer.headers.get("Content-Range", "")).rpartition("/")[2]
            if answer.status_code != 206 or not total.isdigit():
                raise Failure("the server does not answer with parts of files (Range)", "other")
            self._body(answer, 1)
            return RemoteObject(address=address, size=int(total), tag=_tag(answer))

    def answers(self, address: Address) -> None:
        """Whether the first byte can still be had."""
        self.look_at(address)

    def _asked(self, address: Address, start: int, size: int) -> Any:
        import requests

        span = {"Range": f"bytes={start}-{start + size - 1}", "Accept-Encoding": "identity"}
        limits = (CONNECT_SECONDS, SILENT_SECONDS)
        try:
            answer = self._session().get(address.url, headers=span, stream=True, allow_redirects=False, timeout=limits)
        except (requests.RequestException, OSError, ValueError) as error:
            raise Failure(f"no answer ({type(error).__name__})", "again") from None
        if failure := _web_failure(answer.status_code):
            answer.close()
            raise failure
        return answer

    def _body(self, answer: Any, most: int) -> bytes:
        """At most so many bytes. A server that sends a little now and then is given up as one that is silent."""
        import urllib3

        pieces, count, end = list[bytes](), 0, time.monotonic() + LONGEST_SECONDS
        try:
            while count < most and (piece := answer.raw.read(min(most - count, _PIECE), decode_content=False)):
                pieces.append(piece)
                count += len(piece)
                if time.monotonic() > end:
                    raise Failure(f"no whole answer in {LONGEST_SECONDS:g} seconds", "again")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Failure(f"cut off ({type(error).__name__})", "again") from None
        return b"".join(pieces)

    def _session(self) -> Any:
        import requests

        kept = getattr(self._kept, "session", None)
        if kept is None or kept[0] != os.getpid():
            self._kept.session = kept = (os.getpid(), requests.Session())
        return kept[1]


WEB = Web()


def _web_failure(status: int) -> Failure | None:
    if status in (200, 206):
        return None
    if status in (404, 410):
        return Failure(f"{SAID['gone']} ({status})", "gone")
    if status in (401, 403):
        return Failure(f"{SAID['denied']} ({status})", "denied")
    if 300 <= status < 400:
        return Failure(f"it redirects to another address ({status}), which is not followed", "other")
    return Failure(f"the answer is {status}", "again" if status in (408, 425, 429) or status >= 500 else "other")


def _tag(answer: Any) -> str:
    return short_tag(answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
