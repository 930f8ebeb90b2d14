"""What a bundle holds: the list that is its first member, and the only names that may stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.encoders.carried import NAMES, REPOSITORY, HubFile
from core.errors import TMVError
from core.system.files import canonical_json, sha256_text
from core.types import EmbeddingKey

FORMAT = 1
LISTING = "bundle.json"
LARGEST_LISTING = 256 * 1024**2
MOST_MEMBERS = 2_000_000
LARGEST_RESULT = 64 * 1024**2
LARGEST_THUMBNAIL = 4 * 1024**2
LARGEST_TOKENIZER = 64 * 1024**2

_NAME = r"(?!\.)[A-Za-z0-9_.%~-]{1,140}"
_HEX = "[0-9a-f]"
_ENTRY_FILE = (
    r"(?:images\.npy|texts\.npy|rows\.parquet|labels\.parquet|classes\.parquet|captions\.parquet|manifest\.json"
    r"|images/plan\.json|images/(?:\d{3,7}/)?\d{6,9}\.chunk)"
)
_TOKENIZER_FILE = "|".join(re.escape(name) for name in NAMES)
_ALLOWED = re.compile(
    rf"embeddings/{_NAME}/{_NAME}/{_HEX}{{16}}/{_ENTRY_FILE}"
    rf"|models/{_NAME}\.json"
    rf"|texts/{_NAME}/(?:texts\.json|vectors\.npy)"
    rf"|results/{_HEX}{{32}}\.(?:json|bin)"
    rf"|tokenizers/{_NAME}/{_HEX}{{40}}/(?:{_TOKENIZER_FILE})"
    rf"|thumbnails/{_HEX}{{20}}/\d{{1,5}}/{_HEX}{{20}}-{_HEX}{{20}}\.webp"
)
_RESULT_KEY = re.compile(r"[A-Za-z0-9_./-]{1,400}")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Size in bytes and SHA-256 of one member."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A small result: the key it is kept under, and the member that holds its value (JSON, or bytes in `.bin`)."""

    key: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Every member by its path, the entries among them, and the keys of results."""

    files: Mapping[str, File]
    entries: tuple[EmbeddingKey, ...]
    results: tuple[Result, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tokenizers(self) -> Mapping[str, HubFile]:
        """Files of the hub among the members, by their path. Raises `ValueError` for one of no repository."""
        found = {}
        for path in (p for p in self.files if p.startswith("tokenizers/")):
            _, folder, commit, name = path.split("/")
            repository = folder.replace("--", "/", 1)
            if not REPOSITORY.fullmatch(repository):
                raise ValueError(f"{folder} names no repository")
            found[path] = HubFile(repository=repository, commit=commit, name=name)
        return found

    @property
    def total(self) -> int:
        """Bytes of all members together."""
        return sum(file.bytes for file in self.files.values())

    def to_bytes(self) -> bytes:
        """JSON with its own checksum, the same for the same content."""
        body = {
            "format": FORMAT,
            "files": {path: [file.bytes, file.sha256] for path, file in sorted(self.files.items())},
            "entries": [asdict(key) for key in self.entries],
            "results": [asdict(result) for result in self.results],
            "notes": dict(self.notes),
        }
        return (canonical_json(body | {"sha256": sha256_text(canonical_json(body))}) + "\n").encode()


def read_listing(content: bytes, name: str) -> Listing:
    """Raises `TMVError` for anything that `to_bytes` did not write, or that names what may not be in a bundle."""
    try:
        value = json.loads(content)
        body = {key: value[key] for key in ("format", "files", "entries", "results", "notes")}
        whole = value["sha256"] == sha256_text(canonical_json(body)) and body["format"] == FORMAT
        files = {path: File(bytes=int(size), sha256=str(digest)) for path, (size, digest) in body["files"].items()}
        entries = tuple(EmbeddingKey(**entry) for entry in body["entries"])
        listing = Listing(
            files=files,
            entries=entries,
            results=tuple(Result(**result) for result in body["results"]),
            notes=body["notes"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise TMVError(f"{name} is not a whole bundle of this program, or of another version; export it again.")
    _check(listing, name)
    return listing


def _check(listing: Listing, name: str) -> None:
    for path, file in listing.files.items():
        if not _ALLOWED.fullmatch(path) or file.bytes < 0 or not re.fullmatch(f"{_HEX}{{64}}", file.sha256):
            raise TMVError(f"{name} lists {path[:120]!r}, which has no place in a bundle; it was refused.")
        if file.bytes > _most(path):
            raise TMVError(f"{name} lists {path!r} with {file.bytes:,} bytes, far too many; it was refused.")
    if len({path.casefold() for path in listing.files}) < len(listing.files):
        raise TMVError(f"{name} lists two files that differ in upper and lower case only; it was refused.")
    fingerprints = {entry.fingerprint for entry in listing.entries}
    for result in listing.results:
        parts = result.key.split("/")
        if not _RESULT_KEY.fullmatch(result.key) or not fingerprints & set(parts) or ".." in parts:
            raise TMVError(
                f"{name} lists a result of vectors that are not in it ({result.key[:80]!r}); it was refused."
            )
        if result.file not in listing.files or not result.file.startswith("results/"):
            raise TMVError(f"{name} lists a result without its file ({result.key[:80]!r}); it was refused.")


def _most(path: str) -> int:
    limits = {
        "results": LARGEST_RESULT,
        "thumbnails": LARGEST_THUMBNAIL,
        "models": LARGEST_RESULT,
        "tokenizers": LARGEST_TOKENIZER,
    }
    return limits.get(path.split("/")[0], 1 << 42)
