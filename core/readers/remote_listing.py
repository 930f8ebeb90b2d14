"""What there is at an address: the objects of a bucket's folder, or the shards of a list that a web server has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from core.errors import NotHere, TMVError
from core.readers.base import and_more
from core.readers.remote import list_objects, look_at, not_here, read_small
from core.readers.remote_base import Failure, RemoteObject
from core.readers.remote_names import Address, address_of, check_allowed, is_allowed
from core.readers.shard_sets import CLASSNAMES, TEMPLATES
from core.readers.shards import SHARD_COUNT, expand_braces
from core.types import Note

LARGEST_TABLE = 50_000_000
_THREADS = 8
_LONGEST_PART = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The folder that was looked at, its objects by their paths from there, and the reader's path from there."""

    root: Address
    objects: Mapping[str, RemoteObject]
    rest: str
    notes: tuple[Note, ...] = ()


def look(prefix: str, address: Address) -> Found:
    """The objects that `folder:` or `wds:` (the prefix) means by this address. Raises `NotHere` where there are none or
    nobody answers, `TMVError` where some are not allowed."""
    one_or_pattern = prefix == "wds" and address.path.endswith(".tar")
    if address.scheme != "s3":
        return _named(address)
    root = address.folder if one_or_pattern else address
    start = address.literal if one_or_pattern else (f"{address.path}/" if address.path else "")
    listed = list_objects(address, start)
    objects, strange = _by_path(root, listed)
    rest = address.path[len(root.path) :].lstrip("/") if one_or_pattern else ""
    if not objects:
        raise NotHere(f"There is nothing at {address.url}.")
    if rest:
        objects = _fitting(objects, rest)
    notes: tuple[Note, ...] = ()
    if strange:
        text = f"Objects whose names can be no files were left out: {len(strange):,} ({and_more(strange)})."
        notes = (Note(text, "objects_left_out", "warning"),)
    return Found(root=root, objects=objects, rest=rest, notes=notes)


def _fitting(objects: Mapping[str, RemoteObject], rest: str) -> dict[str, RemoteObject]:
    wanted = expand_braces(rest)
    plain = {one for one in wanted if not any(sign in one for sign in "*?[")}
    wild = [one for one in wanted if one not in plain]
    return {
        path: found
        for path, found in objects.items()
        if path in plain or any(fnmatchcase(path, one) and path.count("/") == one.count("/") for one in wild)
    }


def _by_path(root: Address, listed: Sequence[RemoteObject]) -> tuple[dict[str, RemoteObject], list[str]]:
    """Objects by their path from `root`, and the names that no folder on a disk can hold."""
    start = len(root.path) + 1 if root.path else 0
    found, strange = dict[str, RemoteObject](), list[str]()
    files = [each for each in listed if not each.address.path.endswith("/")]
    folders = {parent for each in files for parent in _parents(each.address.path[start:])}
    for each in files:
        path = each.address.path[start:]
        parts = path.split("/")
        if (
            "\0" in path
            or path in folders
            or any(p in ("", ".", "..") or len(p.encode()) > _LONGEST_PART for p in parts)
        ):
            strange.append(path)
        elif is_allowed(f"{root.scheme}://{root.host}/{each.address.path}"):
            found[path] = each
    return found, strange


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _named(address: Address) -> Found:
    """The shards of a list in braces that a web server has."""
    root = address.folder
    if any(sign in address.path for sign in "*["):
        raise TMVError(
            f"A web server has no listing, so * and [ ] name nothing there: write {address.url} with braces."
        )
    every = [address_of(url) for url in expand_braces(address.url)]
    for each in every:
        check_allowed(each)
    with ThreadPoolExecutor(_THREADS) as pool:
        looks = list(pool.map(_look_or_none, every))
    objects = {each.address.path[len(root.path) :].lstrip("/"): each for each in looks if each is not None}
    return Found(root=root, objects=objects, rest=address.path[len(root.path) :].lstrip("/"))


def _look_or_none(address: Address) -> RemoteObject | None:
    try:
        return look_at(address)
    except Failure as failure:
        if failure.kind == "gone":
            return None
        raise not_here(address, failure) from None


def beside(name: str, found: Found) -> dict[str, bytes]:
    """Names of classes, templates and the number of shards, which may lie beside them or one folder above; a bucket's
    folder that was listed has told of its own."""
    above = found.root.folder if found.root.path else None
    places = [(found.root, f"{name}/")] if found.rest else []
    there = dict[str, bytes]()
    for address, folder in [*places, *([(above, "")] if above is not None else [])]:
        for file in (CLASSNAMES, TEMPLATES, SHARD_COUNT):
            wanted = replace(address, path=f"{address.path}/{file}".lstrip("/"))
            if is_allowed(wanted.url) and (content := read_small(wanted, LARGEST_TABLE)) is not None:
                there[folder + file] = content
    return there
