"""`verify`: read everything in the cache, compare it with its checksums, and mend what can be mended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from core.errors import Damaged, Unwritable
from core.stats.numbers import count, verb
from core.store.cards import parse_card
from core.store.chunks import RUN_FOLDER, ChunkRun, read_chunk, read_plan
from core.store.embeddings import Store, lock_path, remove_folder
from core.store.indexes import DRAFT, Indexes
from core.store.manifest import MANIFEST, Manifest, StoredFile, read_manifest
from core.store.results import Results
from core.store.salvage import salvage
from core.store.text_store import TextStore
from core.system.files import TEMP_SUFFIX, delete, is_half_written, sha256_file, sweep_half_written
from core.system.locks import FileLock

_TEMP_SECONDS = 3600.0
_PLACES = ("embeddings", "texts", "models", "results", "locks", "digests", "run", "thumbnails", "uploads", "indexes")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """How many entries were checked; one sentence for each that is damaged, and for each that was mended."""

    checked: int
    damaged: tuple[str, ...]
    mended: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Findings:
    checked: int = 0
    damaged: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)

    def add(self, name: str, problem: str, mend: Callable[[], str] | None) -> None:
        self.damaged.append(f"{name}: {problem}")
        if mend is not None:
            self.mended.append(f"{name}: {mend()}")


def verify(store: Store, mend: bool = True) -> VerifyReport:
    """Check image vectors, interrupted runs, text vectors, results, model cards and indexes.

    With `mend`: damaged vectors are taken out of service (their good blocks are kept as chunks of a run, so
    that only the rest is computed again), damaged texts, results, cards and indexes are dropped, leftovers of killed
    processes are swept. What is being written at the moment is left alone.
    """
    found = _Findings()
    _check_places(store.root, found)
    for folder in sorted((store.root / "embeddings").glob("*/*/*")):
        _check_folder(store, folder, found, mend)
    _check_texts(TextStore(store.root), found, mend)
    _check_results(store.root, found, mend)
    _check_cards(store.root, found, mend)
    _check_indexes(store.indexes, found, mend)
    if mend:
        _sweep(store.root)
    return VerifyReport(checked=found.checked, damaged=tuple(found.damaged), mended=tuple(found.mended))


def _check_places(root: Path, found: _Findings) -> None:
    """A file where a folder should be is named; it is nobody's but the user's to move away."""
    if root.exists() and not root.is_dir():
        raise Unwritable(f"{root} is a file and not a folder: move it away, or point TMV_CACHE at another folder.")
    for name in _PLACES:
        if not (root / name).exists() or (root / name).is_dir():
            continue
        if name == "locks":
            raise Unwritable(
                f"{root / name} is a file where a folder should be: move it away, then verify again, or "
                "point TMV_CACHE at another folder."
            )
        found.add(name, "is a file where a folder should be; move it away", None)


# --- image vectors ----------------------------------------------------------------------------------------


def _check_folder(store: Store, folder: Path, found: _Findings, mend: bool) -> None:
    name = folder.relative_to(store.root / "embeddings").as_posix()
    lock = FileLock(lock_path(store.root, folder))
    try:
        if not lock.try_hold():
            return
    except Unwritable:
        if mend:
            raise  # where nobody can write, looking needs no lock
    try:
        found.checked += 1
        if mend:
            sweep_half_written(folder)
        problem = entry_problem(folder)
        if problem:
            found.add(name, problem, partial(_mend_entry, folder) if mend else None)
        if (folder / RUN_FOLDER).is_dir():
            _check_run(folder / RUN_FOLDER, name, found, mend)
    finally:
        lock.release()


def entry_problem(folder: Path, same: Callable[[Path, StoredFile], bool] | None = None) -> str:
    """What is wrong with an entry; "" when nothing is, or when it is only a run that can go on or hardly began.

    `same` says whether a file is what its record says; by default each is read now, whatever was read before.
    """
    if not folder.is_dir():
        return "its manifest is damaged or belongs to another entry"
    try:
        manifest = read_manifest(folder)
    except FileNotFoundError:
        begun = (folder / RUN_FOLDER).is_dir() or _nothing_whole(folder)
        return "" if begun else "has vectors that were never finished"
    except Damaged:
        return "its manifest is damaged or belongs to another entry"
    bad = [name for name, record in manifest.files.items() if not (same or _same)(folder / name, record)]
    if bad:
        return f"{', '.join(bad)} damaged"
    strangers = [path.relative_to(folder).as_posix() for path in _strangers(folder, manifest)]
    return f"holds files that do not belong to it: {', '.join(strangers)}" if strangers else ""


def _strangers(folder: Path, manifest: Manifest) -> list[Path]:
    """What lies in an entry's folder and is none of its files; a folder that holds some of them is none."""
    own = {folder / name for name in manifest.files}
    known = own | {place for path in own for place in path.parents} | {folder / MANIFEST, folder / RUN_FOLDER}
    places = sorted({folder, *(place for path in own for place in path.parents if folder in place.parents)})
    there = (path for place in places if place.is_dir() for path in sorted(place.iterdir()))
    return [path for path in there if path not in known and not is_half_written(path)]


def _nothing_whole(folder: Path) -> bool:
    """Whether a process was killed before it had written its first file here."""
    return all(is_half_written(path) for path in folder.iterdir())


def _same(path: Path, record: StoredFile) -> bool:
    try:
        return path.stat().st_size == record.bytes and sha256_file(path) == record.sha256
    except OSError:
        return False


def _mend_entry(folder: Path) -> str:
    try:
        manifest = read_manifest(folder)
    except (FileNotFoundError, Damaged):
        remove_folder(folder)
        return "removed; embedding it again computes it anew"
    if all(_same(folder / name, record) for name, record in manifest.files.items()):
        for path in _strangers(folder, manifest):
            delete(path)
        return "the other files removed"
    kept, chunks = salvage(folder, manifest)
    if not kept:
        remove_folder(folder)
    return f"{kept} of {count(chunks, 'chunk')} {verb(kept)} good and kept; embedding it again computes the rest"


def _check_run(folder: Path, name: str, found: _Findings, mend: bool) -> None:
    """An interrupted run is no damage; a damaged chunk of it is."""
    if _nothing_whole(folder):
        return
    try:
        run = ChunkRun(folder, read_plan(folder))
    except (FileNotFoundError, Damaged):
        found.add(name, "an interrupted run has lost its plan", partial(_drop_run, folder) if mend else None)
        return
    bad = [index for index in range(run.plan.chunks) if _chunk_is_bad(run, index)]
    if bad:
        problem = f"{len(bad)} damaged chunks of an interrupted run"
        found.add(name, problem, partial(_drop_chunks, run) if mend else None)


def _chunk_is_bad(run: ChunkRun, index: int) -> bool:
    try:
        read_chunk(run.folder, run.plan, index)
    except FileNotFoundError:
        return False
    except Damaged:
        return True
    return False


def _drop_run(folder: Path) -> str:
    if (folder.parent / MANIFEST).exists():
        delete(folder)
    else:
        remove_folder(folder.parent)
    return "removed; embedding it again starts over"


def _drop_chunks(run: ChunkRun) -> str:
    run.drop_damaged()
    left = run.plan.chunks - len(run.missing())
    return f"removed; {left} of {count(run.plan.chunks, 'chunk')} {verb(left)} kept"


# --- the rest ---------------------------------------------------------------------------------------------


def _check_texts(texts: TextStore, found: _Findings, mend: bool) -> None:
    for name in texts.names():
        rows, bad = texts.check(name, mend)
        found.checked += 1
        if bad:
            done = (lambda: "removed; they are encoded again when needed") if mend else None
            found.add(f"texts/{name}", f"{bad} of {rows} text vectors damaged", done)


def _check_results(root: Path, found: _Findings, mend: bool) -> None:
    results = Results(root)
    rows, bad = results.check(mend)
    results.close()
    found.checked += bool(rows)
    if bad:
        done = (lambda: "removed; they are computed again when needed") if mend else None
        found.add("results", f"{len(bad)} rows damaged or not written by this program", done)


def _check_cards(root: Path, found: _Findings, mend: bool) -> None:
    for path in sorted((root / "models").glob("*.json")):
        found.checked += 1
        try:
            parse_card(path)
        except Damaged:
            found.add(f"models/{path.name}", "damaged", partial(_drop_card, path) if mend else None)


def _drop_card(path: Path) -> str:
    delete(path)
    return "removed; loading the model writes it anew"


def _check_indexes(indexes: Indexes, found: _Findings, mend: bool) -> None:
    for fingerprint in indexes.names():
        found.checked += 1
        if problem := indexes.problem(fingerprint):
            done = partial(_drop_index, indexes, fingerprint) if mend else None
            found.add(f"indexes/{fingerprint}", problem, done)


def _drop_index(indexes: Indexes, fingerprint: str) -> str:
    indexes.remove(fingerprint)
    return "removed; searches are exact until it is built again"


def _sweep(root: Path) -> None:
    """Half-written files of killed processes. An hour old: nobody writes one file that long."""
    for part in ("embeddings", "models", "texts", "results", "locks", "run"):
        for temp in (root / part).rglob(f".*{TEMP_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - temp.stat().st_mtime > _TEMP_SECONDS:
                    temp.unlink()
    for draft in (root / "indexes").glob(f"{DRAFT}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - max(p.stat().st_mtime for p in (draft, *draft.iterdir())) > _TEMP_SECONDS:
                delete(draft)
