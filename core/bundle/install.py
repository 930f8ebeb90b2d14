"""Take a bundle into a cache: nothing is installed before everything in it has been looked at.

The file may come from anyone. Only names of the list in its first member are taken, which may only be names that a
cache has; every member is stored as it is (no compression, so no bomb), once, as a plain file, with the size and the
SHA-256 of the list; vectors, rows, cards and texts are opened and checked in a draft folder before the first of them
is moved into the cache. Moving is by rename, entry by entry, so a stop in between leaves whole entries.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.bundle.listing import LARGEST_LISTING, LISTING, MOST_MEMBERS, File, Listing, read_listing
from core.bundle.looking import check_contents, text_parts
from core.encoders.carried import take
from core.errors import TMVError
from core.store import Results, Store, TextStore, read_card
from core.store.cards import card_path, parse_card
from core.store.embeddings import remove_folder
from core.store.manifest import entry_folder
from core.system.files import DAMAGED_ARCHIVE, draft_folder, write_atomic
from core.system.progress import Progress
from core.types import EmbeddingKey

_BLOCK = 1 << 20
_TEXTS_AT_ONCE = 4096
_SPARE_BYTES = 200_000_000
_DRAFT, _STALE_SECONDS = ".import-", 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came in: entries that are new and those that were there already, texts, results, small pictures, and files
    of tokenizers that were not in the hub's cache yet."""

    entries: tuple[EmbeddingKey, ...]
    there: tuple[EmbeddingKey, ...]
    texts: int
    results: int
    thumbnails: int
    tokenizers: int = 0


def install(root: Path, file: Path, progress: Progress | None = None) -> ImportReport:
    """Take everything in `file` into the cache folder `root`. `progress` counts bytes read.

    Raises `TMVError` with what is wrong, and then nothing has been installed: not a bundle, a hostile or damaged one,
    no room, or made with other weights of a model than this cache has.
    """
    if not file.is_file():
        raise TMVError(f"There is no bundle at {file}; make one with: python -m core bundle export FILE")
    root.mkdir(parents=True, exist_ok=True)
    # Drafts of imports that were killed
    for folder in root.glob(f"{_DRAFT}*"):
        if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    with draft_folder(root, _DRAFT) as draft:
        listing = _unpack(file, draft, progress)
        check_contents(draft, listing, file.name)
        _expect_same_weights(root, draft, listing, file.name)
        return _install(root, draft, listing)


# --- unpacking --------------------------------------------------------------------------------------------


def _unpack(file: Path, draft: Path, progress: Progress | None) -> Listing:
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive, file.name)
            listing = read_listing(_head(archive, file.name), file.name)
            _expect(members, listing, file)
            _room(draft, listing, file.name)
            _write_all(archive, members, listing, draft, progress)
            return listing
    except DAMAGED_ARCHIVE as error:
        raise TMVError(
            f"{file.name} is damaged or no bundle ({type(error).__name__}: {error}); get it again."
        ) from None


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    found = dict[str, zipfile.ZipInfo]()
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise TMVError(f"{name} holds more than {MOST_MEMBERS:,} files; it was refused.")
    for info in infos:
        if info.filename in found:
            raise TMVError(f"{name} holds {info.filename[:120]!r} twice; it was refused.")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise TMVError(f"{name} holds {info.filename[:120]!r}, which is no plain file; it was refused.")
        if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise TMVError(
                f"{name} holds {info.filename[:120]!r} compressed or encrypted; no bundle does, so it was refused."
            )
        found[info.filename] = info
    return found


def _head(archive: zipfile.ZipFile, name: str) -> bytes:
    infos = archive.infolist()
    if not infos or infos[0].filename != LISTING or infos[0].file_size > LARGEST_LISTING:
        raise TMVError(f"{name} does not begin with the list of a bundle; it was refused.")
    return archive.read(infos[0])


def _expect(members: dict[str, zipfile.ZipInfo], listing: Listing, file: Path) -> None:
    """The members are exactly those of the list, with its sizes, and no more bytes than the file has."""
    strangers = members.keys() - listing.files.keys() - {LISTING}
    missing = listing.files.keys() - members.keys()
    if strangers or missing:
        which, what = (strangers, "which it does not list") if strangers else (missing, "which is not in it")
        verb = "holds" if strangers else "lists"
        raise TMVError(f"{file.name} {verb} {min(which)[:120]!r}, {what}; it was refused.")
    wrong = [path for path, known in listing.files.items() if members[path].file_size != known.bytes]
    if wrong or sum(info.file_size for info in members.values()) > file.stat().st_size:
        raise TMVError(f"{file.name} holds files of other sizes than it lists; it was refused.")


def _room(draft: Path, listing: Listing, name: str) -> None:
    free = shutil.disk_usage(draft).free - _SPARE_BYTES
    if listing.total > free:
        raise TMVError(
            f"{name} needs {listing.total / 1e6:,.0f} MB and {draft.parent} has {max(0, free) / 1e6:,.0f} MB to spare; "
            "make room and import it again."
        )


def _write_all(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    listing: Listing,
    draft: Path,
    progress: Progress | None,
) -> None:
    done = 0
    for path, known in listing.files.items():
        place = draft.joinpath(*path.split("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(archive, members[path], known, place)
        done += known.bytes
        if progress is not None:
            progress(done, listing.total)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, known: File, place: Path) -> None:
    """One member into a new file; never more bytes than it lists."""
    checksum, left = hashlib.sha256(), known.bytes
    with archive.open(info) as member, place.open("xb") as file:
        while block := member.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                break
            checksum.update(block)
            file.write(block)
    if left or checksum.hexdigest() != known.sha256:
        raise TMVError(f"{info.filename} is not what the bundle lists (its checksum differs); get the bundle again.")


# --- installing -------------------------------------------------------------------------------------------


def _expect_same_weights(root: Path, draft: Path, listing: Listing, name: str) -> None:
    """Vectors of other weights would never be served here: better to say so than to look broken."""
    from core.catalog.models import find_model
    from core.encoders import weights

    for path in (p for p in listing.files if p.startswith("models/")):
        card = parse_card(draft / path)
        here = read_card(root, card.name)
        if here is not None and here.model_digest == card.model_digest:
            continue
        try:
            here_too = weights.locate(find_model(card.name))
        except TMVError:
            here_too = None
        files = here_too.paths if here_too is not None else ()
        known = sorted(str(w["sha256"]) for w in card.weights)
        other = files and sorted(weights.file_digest(f, root / "digests") for f in files) != known
        used = here is not None and any(e.key.model == card.name for e in Store(root).entries())
        if other or used:
            raise TMVError(
                f"{name} was made with other weights of {card.name} than this machine has; import it into an empty "
                "cache folder on a machine without them (TMV_CACHE names the folder)."
            )


def _install(root: Path, draft: Path, listing: Listing) -> ImportReport:
    store = Store(root)
    new = tuple(key for key in listing.entries if _install_entry(store, draft, key))
    pictures = [path for path in listing.files if path.startswith("thumbnails/")]
    for path in pictures:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (draft / path).replace(target)
    texts = sum(
        _install_texts(TextStore(root), digest, draft / folder) for digest, folder in text_parts(draft, listing)
    )
    results = _install_results(root, draft, listing)
    for path in (p for p in listing.files if p.startswith("models/")):
        card = parse_card(draft / path)
        if (here := read_card(root, card.name)) is None or here.model_digest != card.model_digest:
            write_atomic(card_path(root, card.name), (draft / path).read_bytes())
    tokenizers = sum(take(file, (draft / path).read_bytes()) for path, file in listing.tokenizers.items())
    there = tuple(key for key in listing.entries if key not in new)
    return ImportReport(
        entries=new, there=there, texts=texts, results=results, thumbnails=len(pictures), tokenizers=tokenizers
    )


def _install_entry(store: Store, draft: Path, key: EmbeddingKey) -> bool:
    """Move one entry into place; False when a whole one is there already."""
    lock, target = store.lock(key), entry_folder(store.root, key)
    if not lock.try_hold():
        raise TMVError(
            f"{key.dataset} ({key.split}) is being embedded with {key.model} right now; import again after that."
        )
    try:
        if store.is_whole(key):
            return False
        if target.exists():
            remove_folder(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        entry_folder(draft, key).rename(target)
        return True
    finally:
        lock.release()


def _install_texts(store: TextStore, digest: str, folder: Path) -> int:
    texts = json.loads((folder / "texts.json").read_bytes())
    vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = slice(start, start + _TEXTS_AT_ONCE)
        store.put(digest, texts[part], np.array(vectors[part], np.float32))
    return len(texts)


def _install_results(root: Path, draft: Path, listing: Listing) -> int:
    """Results that this cache does not have yet: its own stay."""
    results, added = Results(root), 0
    for result in listing.results:
        if results.get(result.key) is None:
            content = (draft / result.file).read_bytes()
            value: Any = content if result.file.endswith(".bin") else json.loads(content)
            results.put(result.key, value)
            added += 1
    results.close()
    return added
