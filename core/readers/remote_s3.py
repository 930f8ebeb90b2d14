"""Buckets (s3) through s3fs, an extra. Credentials, region and endpoint are those that it finds in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from core.errors import TMVError
from core.readers.remote_base import (
    CONNECT_SECONDS,
    LONGEST_SECONDS,
    SAID,
    SILENT_SECONDS,
    Failure,
    Kind,
    RemoteObject,
    short_tag,
)
from core.readers.remote_names import Address


def the_bucket() -> Bucket:
    """The library's state, one for each process."""
    return _bucket_of(os.getpid())


@lru_cache(maxsize=1)
def _bucket_of(process: int) -> Bucket:
    return Bucket()


class Bucket:
    """s3 through s3fs, with tries and pauses of our own."""

    def __init__(self) -> None:
        try:
            import s3fs
        except ImportError:
            raise TMVError("Reading s3:// needs a package more: pip install -r requirements-remote.txt.") from None
        config = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENT_SECONDS, "max_pool_connections": 64}
        self._files = s3fs.S3FileSystem(
            config_kwargs={**config, "retries": {"total_max_attempts": 1}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        self._files.retries = 1

    def get(self, address: Address, start: int, size: int, whole: bool = False) -> tuple[bytes, str]:
        """These bytes of an object and its tag; with `whole` it may be shorter."""

        async def read() -> tuple[bytes, str]:
            span = {"Range": f"bytes={start}-{start + size - 1}"}
            answer = await self._files._call_s3("get_object", Bucket=address.host, Key=address.path, **span)
            async with answer["Body"] as body:
                return await body.read(), short_tag(answer.get("ETag"))

        content, tag = self._ask(read)
        if len(content) != size and not whole:
            raise Failure(f"{len(content):,} of {size:,} bytes came", "again")
        return content, tag

    def list(self, address: Address, prefix: str, after: str) -> tuple[list[RemoteObject], str]:
        """One page of a listing, and what continues it ("" at the end)."""
        more = {"ContinuationToken": after} if after else {}

        async def read() -> Any:
            return await self._files._call_s3("list_objects_v2", Bucket=address.host, Prefix=prefix, **more)

        page = self._ask(read)
        found = [
            RemoteObject(
                address=Address(scheme="s3", host=address.host, path=each["Key"]),
                size=int(each["Size"]),
                tag=short_tag(each.get("ETag")),
            )
            for each in page.get("Contents", ())
        ]
        return found, page.get("NextContinuationToken", "") if page.get("IsTruncated") else ""

    def answers(self, address: Address) -> None:
        """Whether the bucket still lists."""

        async def read() -> Any:
            return await self._files._call_s3(
                "list_objects_v2", Bucket=address.host, Prefix=address.folder.path, MaxKeys=1
            )

        self._ask(read)

    def _ask(self, read: Callable[[], Any]) -> Any:
        import asyncio

        from fsspec.asyn import sync

        async def limited() -> Any:
            return await asyncio.wait_for(read(), LONGEST_SECONDS)

        try:
            return sync(self._files.loop, limited)
        except Exception as error:
            raise _bucket_failure(error) from None


_CODES: dict[str, Kind] = {
    "404": "gone",
    "NoSuchKey": "gone",
    "NoSuchBucket": "gone",
    "403": "denied",
    "AccessDenied": "denied",
    "AllAccessDisabled": "denied",
    "ExpiredToken": "denied",
    "InvalidAccessKeyId": "denied",
    "InvalidToken": "denied",
    "SignatureDoesNotMatch": "denied",
    "RequestTimeTooSkewed": "denied",
    "301": "other",
    "PermanentRedirect": "other",
    "AuthorizationHeaderMalformed": "other",
    "InvalidRange": "other",
    "416": "other",
}


def _bucket_failure(error: Exception) -> Failure:
    """By the code of the answer; the library's own message is not repeated, as nobody knows what it holds."""
    from botocore import exceptions as wrong

    answer = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    code = str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
    if code:
        kind = _CODES.get(code, "again")
        return Failure(f"{SAID[kind]} ({code})" if kind in SAID else f"the answer is {code}", kind)
    name = type(error).__name__
    if isinstance(error, FileNotFoundError):
        return Failure(SAID["gone"], "gone")
    if isinstance(error, PermissionError):
        return Failure(SAID["denied"], "denied")
    if isinstance(error, (wrong.NoCredentialsError, wrong.PartialCredentialsError, wrong.CredentialRetrievalError)):
        public = (
            "there are no credentials; set AWS_ACCESS_KEY_ID and its like, or FSSPEC_S3_ANON=true for a public bucket"
        )
        return Failure(public, "denied")
    if isinstance(error, (wrong.ParamValidationError, wrong.ProfileNotFound, ValueError, TypeError)):
        return Failure(f"it cannot be asked for ({name})", "other")
    return Failure(f"no whole answer ({name})", "again")
