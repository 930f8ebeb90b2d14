"""Addresses of pictures in buckets and on web servers, and which of them this host allows.

Nothing is allowed until `TMV_REMOTE` says what: prefixes with spaces between, "s3://bucket/prefix https://host/path".
Credentials come from the environment alone, so an address that holds some is refused, and so is one with a query, which
might be signed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

from core.errors import TMVError

VARIABLE = "TMV_REMOTE"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)", re.DOTALL)
_PATTERN = re.compile(r"[*\[{]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`scheme`://`host`/`path`; of s3 the host is the bucket and the path the key."""

    scheme: str
    host: str
    path: str

    @property
    def url(self) -> str:
        """As it is written."""
        return f"{self.scheme}://{self.host}/{self.path}".rstrip("/")

    @property
    def literal(self) -> str:
        """The path as far as it is no pattern."""
        found = _PATTERN.search(self.path)
        return self.path[: found.start()] if found else self.path

    @property
    def folder(self) -> Address:
        """The folder that holds everything the address may mean: for a pattern the one in which it begins."""
        return Address(scheme=self.scheme, host=self.host, path=self.literal.rpartition("/")[0])

    @property
    def name(self) -> str:
        """The last part of the path, else the host."""
        return self.path.rpartition("/")[2] or self.host


def address_of(url: str) -> Address:
    """The parts of an address. Raises `TMVError` for one that is not read; what it holds is not repeated, as it may be
    a password."""
    found = _ADDRESS.fullmatch(url)
    scheme, host, path = ("", "", "") if found is None else (found[1].lower(), found[2].lower(), found[3].strip("/"))
    bare = host if host.startswith("[") else host.rpartition(":")[0] or host
    if scheme not in ("s3", "https") and not (scheme == "http" and bare in LOOPBACK):
        raise TMVError(f"Data at {scheme or 'such an address'}:// is not read; write s3://BUCKET/PREFIX or https://….")
    if "@" in host or (scheme != "s3" and "@" in path.partition("/")[0]):
        raise TMVError("An address must hold no user and password; credentials come from the host's environment.")
    if "?" in path or "#" in path or "?" in host or "#" in host:
        raise TMVError("An address must hold no ? or #: a query may be a key; give the plain address.")
    if not host or _PATTERN.search(host) or any(ord(sign) < 32 or sign == "\\" for sign in path):
        raise TMVError(f"An address needs a plain {'bucket' if scheme == 's3' else 'host'} before its path.")
    if any(part in ("", ".", "..") for part in _unquoted(path).split("/") if path):
        raise TMVError("An address must hold no empty, . or .. folders; give the plain address.")
    return Address(scheme=scheme, host=host, path=path)


def _unquoted(path: str) -> str:
    """The path as a server may understand it, however often it was quoted."""
    while (plain := unquote(path)) != path:
        path = plain
    return path.replace("\\", "/")


def is_allowed(url: str) -> bool:
    """Whether an address lies under one of the prefixes in `TMV_REMOTE`."""
    for prefix in os.environ.get(VARIABLE, "").split():
        try:
            allowed = address_of(prefix).url
        except TMVError:
            continue
        if url == allowed or url.startswith(f"{allowed}/"):
            return True
    return False


def check_allowed(address: Address) -> None:
    """Raises `TMVError` unless this host allows to read there."""
    if not is_allowed(address.url):
        raise TMVError(
            f"This host does not read from {address.url}: set {VARIABLE} to the prefixes that it may read, for example "
            f"{VARIABLE}={address.url}."
        )
