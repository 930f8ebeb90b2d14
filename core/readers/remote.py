"""Reading from buckets (s3) and web servers: ranges of bytes, sizes and listings, with patience and without trust.

s3 goes through s3fs, an extra; credentials, region and endpoint are those that its library finds in the environment.
A web server is asked with `Range`; a redirect is never followed, since it may lead where the host does not allow.
Failures that may pass (no answer, cut off, 429, 5xx) are tried again after growing pauses; 403 and 404 are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from core.errors import BadImage, NotHere, TMVError
from core.readers.remote_base import Failure, RemoteObject
from core.readers.remote_names import Address
from core.readers.remote_s3 import Bucket, the_bucket
from core.readers.remote_web import WEB, Web

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further try."""
MOST_OBJECTS = 2_000_000
last_change = [0.0]
"""When an object last was another one than was listed: older listings are believed no more."""
# --- asking -----------------------------------------------------------------------------------------------


def patiently(ask: Callable[[], T]) -> T:
    """What `ask` gives, tried again after each of PAUSES while its failure may pass. Raises `Failure`."""
    for pause in PAUSES:
        try:
            return ask()
        except Failure as failure:
            if failure.kind != "again":
                raise
        time.sleep(pause)
    return ask()


def read_range(found: RemoteObject, start: int, size: int) -> bytes:
    """`size` bytes from `start`, in one request where all goes well. Raises `Failure`, also where the object is no
    longer the one that was listed."""
    if not size:
        return b""
    host = _host(found.address)
    content, tag = patiently(lambda: host.get(found.address, start, size))
    if found.tag and tag and tag != found.tag:
        last_change[0] = time.monotonic()
        raise Failure("it was changed while it was read; run the same again", "changed")
    return content


def read_picture(found: RemoteObject, start: int, size: int) -> bytes:
    """`read_range` for one picture: `BadImage` where this one cannot be had, `NotHere` where nothing can, so that an
    outage or expired credentials stop a run and do not count as broken pictures."""
    try:
        return read_range(found, start, size)
    except Failure as failure:
        if failure.kind == "changed":
            raise not_here(found.address, failure) from None
        if failure.kind != "gone":
            _check_answers(found.address)
        raise BadImage(f"not to be had from {found.address.scheme}: {failure}") from None


def _check_answers(address: Address) -> None:
    """One more, smaller question to the same place."""
    try:
        patiently(lambda: _host(address).answers(address))
    except Failure as failure:
        if failure.kind != "gone":
            raise not_here(address, failure) from None


def look_at(address: Address) -> RemoteObject:
    """Size and tag of one object on a web server. Raises `Failure`."""
    return patiently(lambda: WEB.look_at(address))


def read_small(address: Address, most: int) -> bytes | None:
    """The first `most` bytes of a small file; None where there is none. Raises `NotHere` where that cannot be told."""
    try:
        return patiently(lambda: _host(address).get(address, 0, most, whole=True))[0]
    except Failure as failure:
        if failure.kind in ("gone", "denied"):
            return None
        raise not_here(address, failure) from None


def list_objects(address: Address, prefix: str) -> list[RemoteObject]:
    """The objects of a bucket whose keys begin with `prefix`, in the order of their keys. Raises `NotHere`."""
    found, more = list[RemoteObject](), ""
    try:
        while True:
            page, more = patiently(partial(the_bucket().list, address, prefix, more))
            found += page
            if len(found) > MOST_OBJECTS:
                raise TMVError(
                    f"{address.url} holds more than {MOST_OBJECTS:,} objects; pack the images into shards (wds:)."
                )
            if not more:
                return found
    except Failure as failure:
        raise not_here(address, failure) from None


def not_here(address: Address, failure: Failure) -> NotHere:
    """What is said of a bucket, shard or listing that cannot be read."""
    hint = " (credentials are those of the host's environment)" if failure.kind == "denied" else ""
    return NotHere(f"{address.url} cannot be read: {failure}{hint}.")


def _host(address: Address) -> Bucket | Web:
    return the_bucket() if address.scheme == "s3" else WEB
