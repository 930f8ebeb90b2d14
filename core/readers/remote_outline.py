"""The outline of remote data: a folder in the cache with the same names and no images.

Every object is there under its name: tables and lists of names with what they say, shards with their headers, labels
and captions in place and holes where images are, all other files empty. The readers of folders and shards read it as
they read any folder, so both are understood alike, and a bucket is listed and its shards are looked through once: what
has not changed by size and tag is taken over from the outline before.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from core.errors import TMVError
from core.readers import remote
from core.readers.remote_base import RemoteObject
from core.readers.remote_drawing import Before, draw
from core.readers.remote_listing import beside, look
from core.readers.remote_names import Address, address_of, check_allowed
from core.system.files import disk_guard, draft_folder, read_checked_json, write_checked_json
from core.types import Note

FRESH_SECONDS, FAILED_SECONDS = 300.0, 30.0
"""How long a listing, and a failure to get one, is believed without asking again."""
_LIST = "listing.json"
_old_will_do: ContextVar[bool] = ContextVar("old_will_do", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`path` is what a reader opens in place of the address. `base` stands for the address `above`, and `objects` are
    by their paths below `base`."""

    path: Path
    base: Path
    above: str
    objects: Mapping[str, RemoteObject]
    notes: tuple[Note, ...] = ()

    def of(self, file: Path) -> RemoteObject:
        """The object that a file of the outline stands for."""
        return self.objects[file.relative_to(self.base).as_posix()]

    def said(self, text: str) -> str:
        """A sentence with addresses in place of the outline's files."""
        return text.replace(f"{self.base}/", f"{self.above}/" if self.above else "").replace(str(self.base), self.above)


_SEEN: dict[tuple[str, Path], tuple[float, Outline | TMVError]] = {}
_GATES: dict[tuple[str, Path], threading.Lock] = {}
_LOCK = threading.Lock()


@contextlib.contextmanager
def old_will_do() -> Iterator[None]:
    """Within, what this process saw of a bucket last is taken, however long ago: for lists of what there is."""
    token = _old_will_do.set(True)
    try:
        yield
    finally:
        _old_will_do.reset(token)


def outline_of(name: str, cache: Path) -> Outline:
    """The outline of `folder:s3://…`, `wds:s3://…` or `wds:https://…`, at most FRESH_SECONDS old. Raises `TMVError` for
    an address that this host does not allow, `NotHere` for one that cannot be read."""
    prefix, url = name.split(":", 1)
    address = address_of(url)
    _check_kind(prefix, address)
    check_allowed(address.folder if address.literal != address.path else address)
    key = (name, cache)
    with _LOCK:
        gate = _GATES.setdefault(key, threading.Lock())
    with gate:
        if (seen := _remembered(key)) is None:
            try:
                seen = _made(prefix, address, cache)
            except TMVError as error:
                seen = error
            _SEEN[key] = (time.monotonic(), seen)
    if isinstance(seen, TMVError):
        raise type(seen)(*seen.args)
    return seen


def _remembered(key: tuple[str, Path]) -> Outline | TMVError | None:
    then, seen = _SEEN.get(key, (0.0, None))
    if seen is None or then < remote.last_change[0] or (isinstance(seen, Outline) and not seen.base.is_dir()):
        return None
    if isinstance(seen, TMVError):
        return seen if time.monotonic() - then < FAILED_SECONDS else None
    return seen if time.monotonic() - then < FRESH_SECONDS or _old_will_do.get() else None


def _check_kind(prefix: str, address: Address) -> None:
    if prefix == "captions":
        raise TMVError(f"Captions at {address.scheme}:// are read from shards only; write wds:{address.url}.")
    if address.scheme != "s3" and not (prefix == "wds" and address.path.endswith(".tar")):
        raise TMVError(
            f"A web server has no listing: name its shards, wds:{address.scheme}://{address.host}/…/x-{{000..009}}.tar."
        )


def _made(prefix: str, address: Address, cache: Path) -> Outline:
    found = look(prefix, address)
    name = found.root.name.replace("/", "_")
    above = found.root.url.removesuffix(name).rstrip("/") if found.root.path else f"{found.root.scheme}:/"
    objects = {f"{name}/{path}": each for path, each in found.objects.items()}
    place = cache / "digests" / "remote" / _short(f"{prefix}:{address.url}")
    near = beside(name, found) if prefix == "wds" else {}
    # Without a tag nobody knows whether it is still the same
    marks: list[object] = [[path, each.size, each.tag or time.time_ns()] for path, each in sorted(objects.items())]
    marks += [[path, hashlib.sha256(content).hexdigest()] for path, content in near.items()]
    here = place / _short(json.dumps(marks))
    if not (here / _LIST).is_file():
        place.mkdir(parents=True, exist_ok=True)
        with disk_guard(place), draft_folder(place, ".draft-") as draft:
            _write(draft, objects, near, _earlier(place), prefix == "wds")
            _put(draft, here)
        _keep_two(place, here)
    base = here / "files"
    path = base / name / found.rest if found.rest else base / name
    return Outline(path=path, base=base, above=above, objects=objects, notes=found.notes)


def _put(draft: Path, here: Path) -> None:
    try:
        draft.rename(here)
    except OSError:
        if not (here / _LIST).is_file():  # made by another process in the meantime
            raise


def _write(
    draft: Path,
    objects: Mapping[str, RemoteObject],
    near: Mapping[str, bytes],
    before: Mapping[str, Before],
    shards: bool,
) -> None:
    """Files of an outline, then its list, by which one knows that it is whole."""
    base = draft / "files"
    filled = draw(base, objects, before, shards)
    for path, content in near.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_bytes(content)
    kept = {path: [objects[path].size, objects[path].tag] for path in filled if objects[path].tag}
    write_checked_json(draft / _LIST, {"files": kept})


# --- earlier outlines -------------------------------------------------------------------------------------


def _earlier(place: Path) -> dict[str, Before]:
    """The files of the latest outline of this address by their paths. One that is damaged is made again."""
    found = dict[str, Before]()
    for listing in sorted(place.glob(f"*/{_LIST}"), key=lambda one: one.stat().st_mtime):
        with contextlib.suppress(OSError, TMVError):
            kept = read_checked_json(listing)["files"].items()
            found |= {path: (size, tag, listing.parent / "files" / path) for path, (size, tag) in kept}
    return found


def _keep_two(place: Path, here: Path) -> None:
    """The one before stays for whoever reads it now; older ones go."""
    others = [one for one in place.iterdir() if one != here and not one.name.startswith(".")]
    for old in sorted(others, key=lambda one: one.stat().st_mtime)[:-1]:
        shutil.rmtree(old, ignore_errors=True)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
