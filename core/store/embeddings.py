"""Stored image vectors: find, load, list, remove, and the runs that make them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from core.errors import VERIFY, Damaged, NotHere, TMVError
from core.store import finish
from core.store.checked import damaged_files
from core.store.chunks import RUN_FOLDER, ChunkPlan, ChunkRun, read_plan, rows_done
from core.store.indexes import Indexes
from core.store.manifest import MANIFEST, KeyParts, Manifest, entry_folder, read_manifest, split_folder, write_manifest
from core.store.own_names import OwnNames, is_own_data, same_end
from core.store.rows import Rows, read_rows
from core.store.salvage import pieces_of_images, salvage
from core.store.shards import ShardRows
from core.system.files import delete, safe_name, sha256_text
from core.system.locks import FileLock, is_held
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, ModelCard, Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored set, or one being made (`complete` False: then `done` of `n` rows have their vectors).

    `bytes` on disk, `date` in ISO form (UTC), `skipped` rows without a vector, m captions, width d.
    """

    key: EmbeddingKey
    n: int
    d: int
    m: int
    bytes: int
    date: str
    skipped: int
    complete: bool
    done: int
    running: bool = False


class Store:
    """The image vectors under a cache folder, and the `indexes` of them. Any number of processes may use one folder at
    the same time.

    `names` are those of own data. Entries that earlier versions filed under a path of this machine are given, found and
    opened by the name that the data has now.
    """

    def __init__(self, root: Path | str, names: OwnNames | None = None) -> None:
        self.root, self._names = Path(root), names or OwnNames()
        self.indexes = Indexes(self.root)
        self._seen: dict[Path, tuple[tuple[int, int, int], Manifest]] = {}

    # --- reading ----------------------------------------------------------------------------------------

    def find(
        self,
        model: str,
        dataset: str,
        split: str,
        model_digest: str | None = None,
        data_digest: str | None = None,
        fingerprint: str | None = None,
        precision: str | None = None,
    ) -> EmbeddingKey | None:
        """The newest complete entry whose parts are those given; None for a part means any.

        Any, so that a cache folder copied to a machine without the weights or the pictures still serves. Raises
        `Damaged` where a manifest cannot be trusted: it may be that of the entry asked for, and another entry must not
        take its place without a word.
        """
        manifests, damaged = self._manifests_of(model, dataset, split)
        if damaged and not any(m.key.fingerprint == fingerprint for m in manifests):
            raise damaged[0]

        def fits(manifest: Manifest) -> bool:
            return (
                (manifest.parts.model, manifest.split) == (model, split)
                and model_digest in (None, manifest.parts.model_digest)
                and data_digest in (None, manifest.parts.data_digest)
                and fingerprint in (None, manifest.key.fingerprint)
                and precision in (None, manifest.parts.precision)
            )

        fitting = [m for m in manifests if m.dataset == dataset and fits(m)]
        if not fitting and data_digest is not None:
            fitting = [m for m in self._of_moved_data(model, dataset, split) if fits(m)]
        if not fitting:
            return None
        return replace(max(fitting, key=lambda m: (m.date, m.key.fingerprint)).key, dataset=dataset)

    def _manifests_of(self, model: str, dataset: str, split: str) -> tuple[list[Manifest], list[Damaged]]:
        """The manifests of a split under the data set's name, and under those that it had in this data folder."""
        whole, damaged = list[Manifest](), list[Damaged]()
        for name in (dataset, *self._names.earlier(dataset)):
            good, bad = self._manifests(split_folder(self.root, model, name, split))
            whole, damaged = whole + good, damaged + bad
        return whole, damaged

    def _of_moved_data(self, model: str, dataset: str, split: str) -> list[Manifest]:
        """Those that an earlier version filed under another data folder; only their digest says whether they are of
        the same content."""
        if not is_own_data(dataset):
            return []
        prefix, folder = safe_name(dataset.split(":", 1)[0] + ":"), self.root / "embeddings" / safe_name(model)
        found = (self._manifests(place)[0] for place in sorted(folder.glob(f"{prefix}*-{safe_name(split)}")))
        return [manifest for each in found for manifest in each if same_end(dataset, manifest.dataset)]

    def folder_of(self, key: EmbeddingKey) -> Path:
        """Where an entry lies: under its name, else where an earlier version put it. The fingerprint covers content,
        weights and preprocessing, so an entry of an earlier name with this one holds the same vectors."""
        folder = entry_folder(self.root, key)
        if (folder / MANIFEST).is_file() or not is_own_data(key.dataset):
            return folder
        for name in self._names.earlier(key.dataset):
            old = entry_folder(self.root, replace(key, dataset=name))
            if (old / MANIFEST).is_file():
                return old
        moved = self._of_moved_data(key.model, key.dataset, key.split)
        same = next((m for m in moved if m.key.fingerprint == key.fingerprint), None)
        return folder if same is None else entry_folder(self.root, same.key)

    def adopt(self, key: EmbeddingKey) -> None:
        """File an entry of an earlier name also under the name that it has now, with the same files."""
        old, folder = self.folder_of(key), entry_folder(self.root, key)
        if old == folder:
            return
        found = read_manifest(old)
        notes = (Note(self._names.without_folder(note), note.code, note.level) for note in found.data_notes)
        manifest = replace(found, dataset=key.dataset, data_notes=tuple(notes))
        with self.lock(key).hold():
            folder.mkdir(parents=True, exist_ok=True)
            for name in manifest.files:
                shutil.copyfile(old / name, folder / name)
            write_manifest(folder, manifest)

    def versions(self, model: str, dataset: str, split: str) -> int:
        """How many states of the pictures and rows of one split are stored for a model."""
        manifests, _ = self._manifests_of(model, dataset, split)
        return len({manifest.parts.data_digest for manifest in manifests})

    def manifest(self, key: EmbeddingKey) -> Manifest:
        """What is known of an entry. Raises `NotHere` when it is not complete, `Damaged` when it is not
        whole."""
        try:
            return self._manifest(self.folder_of(key))
        except FileNotFoundError as error:
            raise NotHere(f"{_words(key)} are not stored here.") from error

    def load(self, key: EmbeddingKey) -> EmbeddingSet:
        """The vectors, memory-mapped, and their rows; each file is compared with its checksum at its first use in
        this process. Raises `NotHere`, or `Damaged` naming the files and `verify`."""
        manifest, folder = self.manifest(key), self.folder_of(key)
        check_files(folder, manifest)
        rows = read_rows(folder, tuple(manifest.files))
        has_texts = finish.TEXTS in manifest.files
        texts = _map(folder / finish.TEXTS, manifest.m, manifest.d) if has_texts else None
        try:
            return EmbeddingSet(
                key=key,
                image_embeddings=_images(folder, manifest),
                ids=rows.ids,
                logit_scale=manifest.logit_scale,
                score_function=manifest.score_function,
                logit_bias=manifest.logit_bias,
                provenance=manifest.provenance(),
                labels=rows.labels,
                label_pairs=rows.label_pairs,
                classnames=rows.classnames,
                raw_classnames=rows.raw_classnames,
                captions=rows.captions,
                text_embeddings=texts,
                image_index=rows.image_index,
                skipped=manifest.skipped,
            )
        except TMVError as error:
            raise _damaged(folder) from error

    def is_whole(self, key: EmbeddingKey) -> bool:
        """Whether the entry is complete and its files have their checksums."""
        try:
            manifest = self.manifest(key)
            check_files(self.folder_of(key), manifest)
        except (NotHere, Damaged):
            return False
        return True

    def entries(self) -> tuple[Entry, ...]:
        """Every complete entry and every run that is under way or was interrupted."""
        found = list[Entry]()
        for folder in sorted((self.root / "embeddings").glob("*/*/*")):
            complete = self._complete_entry(folder)
            found += [entry for entry in (complete or self._unfinished_entry(folder),) if entry is not None]
        # One that was adopted lies under both of its names
        return tuple({(entry.key, entry.complete): entry for entry in found}.values())

    def _complete_entry(self, folder: Path) -> Entry | None:
        try:
            m = self._manifest(folder)
        except (FileNotFoundError, Damaged):
            return None
        size = sum(file.bytes for file in m.files.values())
        return Entry(
            key=m.key,
            n=m.n,
            d=m.d,
            m=m.m,
            bytes=size,
            date=m.date,
            skipped=len(m.skipped),
            complete=True,
            done=m.n + len(m.skipped),
        )

    def _unfinished_entry(self, folder: Path) -> Entry | None:
        try:
            plan = read_plan(folder / RUN_FOLDER)
        except (FileNotFoundError, Damaged):
            return None
        key = plan.parts.key(self._names.of(plan.dataset), plan.split)
        size = sum(file.stat().st_size for file in (folder / RUN_FOLDER).rglob("*.chunk"))
        done = rows_done(folder / RUN_FOLDER, plan)
        return Entry(
            key=key,
            n=plan.n,
            d=0,
            m=0,
            bytes=size,
            date="",
            skipped=0,
            complete=False,
            done=done,
            running=is_held(lock_path(self.root, folder)),
        )

    def damaged(self, dataset: str = "", model: str = "") -> tuple[Path, ...]:
        """The folders of entries (of one data set, of one model) whose manifest cannot be trusted, so that they are
        not among `entries`."""
        names = (dataset, *self._names.earlier(dataset))
        found, prefixes = list[Path](), tuple(f"{safe_name(name)}-" for name in names if name) or ("",)
        for folder in sorted((self.root / "embeddings").glob(f"*/*/*/{MANIFEST}")):
            there = folder.parent.parent
            if there.name.startswith(prefixes) and (not model or there.parent.name == safe_name(model)):
                try:
                    self._manifest(folder.parent)
                except FileNotFoundError:
                    continue
                except Damaged:
                    found.append(folder.parent)
        return tuple(found)

    def drop_damaged(self, model: str, dataset: str, split: str) -> tuple[Path, ...]:
        """Remove the entries of a split whose manifest cannot be trusted, once their vectors were computed again;
        one that is being made at the moment stays."""
        gone = list[Path]()
        for path in split_folder(self.root, model, dataset, split).glob(f"*/{MANIFEST}"):
            lock = FileLock(lock_path(self.root, path.parent))
            if self._is_damaged(path.parent) and lock.try_hold():
                try:
                    if self._is_damaged(path.parent):
                        remove_folder(path.parent)
                        gone.append(path.parent)
                finally:
                    lock.release()
        return tuple(gone)

    def _is_damaged(self, folder: Path) -> bool:
        try:
            self._manifest(folder)
        except Damaged:
            return True
        except FileNotFoundError:
            return False
        return False

    def _manifests(self, folder: Path) -> tuple[list[Manifest], list[Damaged]]:
        """The manifests of a split that are whole, and what is wrong with the others."""
        whole, damaged = list[Manifest](), list[Damaged]()
        for path in folder.glob(f"*/{MANIFEST}"):
            try:
                whole.append(self._manifest(path.parent))
            except FileNotFoundError:
                continue
            except Damaged as error:
                damaged.append(error)
        return whole, damaged

    def _manifest(self, folder: Path) -> Manifest:
        """Read once for every state of the file."""
        try:
            stat = (folder / MANIFEST).stat()
        except NotADirectoryError as error:
            raise FileNotFoundError(str(error)) from error
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._seen.get(folder)
        if known is None or known[0] != stamp:
            manifest = read_manifest(folder)
            known = (stamp, replace(manifest, dataset=self._names.of(manifest.dataset)))
            self._seen[folder] = known
        return known[1]

    # --- writing ----------------------------------------------------------------------------------------

    def lock(self, key: EmbeddingKey) -> FileLock:
        """Whoever makes, replaces or removes an entry holds this."""
        return FileLock(lock_path(self.root, entry_folder(self.root, key)))

    def open_run(self, plan: ChunkPlan) -> ChunkRun:
        """Start a run, or go on with the one that was interrupted; its own plan then stays. Hold the lock."""
        folder = entry_folder(self.root, plan.key)
        return ChunkRun.open(folder / RUN_FOLDER, plan)

    def interrupted_run(self, parts: KeyParts, dataset: str, split: str) -> ChunkRun | None:
        """The run of these parts that was begun and not finished, to go on with. Hold the lock where it is to be
        finished."""
        folder = entry_folder(self.root, parts.key(dataset, split))
        finish.put_back(folder)
        try:
            plan = read_plan(folder / RUN_FOLDER)
        except (FileNotFoundError, Damaged):
            return None
        same = (plan.dataset, plan.split) == (dataset, split) and plan.parts.same_work(parts)
        return ChunkRun(folder / RUN_FOLDER, plan) if same else None

    def runs(self, model: str, dataset: str, split: str) -> tuple[ChunkRun, ...]:
        """Every run of one split by one model that was begun and not finished."""
        found = list[ChunkRun]()
        for path in sorted(split_folder(self.root, model, dataset, split).glob(f"*/{RUN_FOLDER}")):
            with contextlib.suppress(FileNotFoundError, Damaged):
                found.append(ChunkRun(path, read_plan(path)))
        return tuple(found)

    def knows(self, model: str, dataset: str, split: str) -> bool:
        """Whether anything is stored of one split by one model, or was begun with its content known."""
        begun = (not run.plan.parts.provisional for run in self.runs(model, dataset, split))
        return self.holds(model, dataset, split) or any(begun)

    def holds(self, model: str, dataset: str, split: str) -> bool:
        """Whether anything is stored of one split by one model, whatever state its pictures were in."""
        names = (dataset, *self._names.earlier(dataset))
        folders = [split_folder(self.root, model, name, split) for name in names]
        return any(any(folder.glob(f"*/{MANIFEST}")) for folder in folders) or bool(
            self._of_moved_data(model, dataset, split)
        )

    def discard_run(self, key: EmbeddingKey) -> None:
        """Forget what an interrupted run has done. Hold the lock."""
        delete(entry_folder(self.root, key) / RUN_FOLDER)

    def withdraw_damaged(self, key: EmbeddingKey) -> None:
        """Turn an entry whose files are not whole back into a run with its good chunks. Hold the lock."""
        folder = entry_folder(self.root, key)
        try:
            manifest = read_manifest(folder)
        except FileNotFoundError:
            return
        except Damaged:
            remove_folder(folder)
            return
        try:
            check_files(folder, manifest)
        except Damaged:
            salvage(folder, manifest)

    def complete(
        self,
        run: ChunkRun,
        rows: Rows,
        card: ModelCard,
        notes: Sequence[Note] = (),
        data_notes: Sequence[Note] = (),
        text_blocks: Iterable[FloatArray] = (),
        parts: KeyParts | None = None,
    ) -> Manifest:
        """Make an entry of a run whose chunks are all there. Hold the locks of run and entry.

        `rows` are those with a vector; `text_blocks` the vectors of their captions in order; `parts` those of the
        content, where the plan did not know it yet. Raises `Damaged` or `FileNotFoundError` when a chunk is not good,
        `DiskFull` without room; the chunks stay.
        """
        known, plan = parts or run.plan.parts, run.plan
        folder = entry_folder(self.root, known.key(plan.dataset, plan.split))
        finish.withdraw(folder)
        folder.mkdir(parents=True, exist_ok=True)
        vectors = finish.write_images(folder, run)
        if rows.image_index is not None:
            finish.write_texts(folder, text_blocks, len(rows.captions), vectors.d)
        made = finish.complete(folder, run, vectors, known, rows, card, notes, data_notes)
        if run.folder.parent != folder:
            remove_folder(run.folder.parent)
        return made

    def rows_done(self, key: EmbeddingKey) -> tuple[int, int]:
        """(rows done, rows in all) of a run under way; (0, 0) when there is none."""
        folder = entry_folder(self.root, key) / RUN_FOLDER
        try:
            plan = read_plan(folder)
        except (FileNotFoundError, Damaged):
            return 0, 0
        return rows_done(folder, plan), plan.n

    def remove(self, key: EmbeddingKey) -> None:
        """Delete an entry and what is left of its runs. Raises `TMVError` while it is being made."""
        lock = self.lock(key)
        if not lock.try_hold():
            raise TMVError(f"{_words(key)} are being computed; cancel that first.")
        try:
            for name in (key.dataset, *self._names.earlier(key.dataset)):
                remove_folder(entry_folder(self.root, replace(key, dataset=name)))
            self.indexes.remove(key.fingerprint)
        finally:
            lock.release()


def lock_path(root: Path, folder: Path) -> Path:
    """The lock of an entry's folder; outside it, so that removing an entry never removes a lock that is
    held."""
    return root / "locks" / f"{sha256_text('/'.join(folder.parts[-3:]))[:24]}.lock"


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise `Damaged`, naming them, unless every file is there and is what the manifest says. Of an entry that kept its
    chunks their sizes are compared here, and what is in them when it is read."""
    if bad := damaged_files(folder, manifest, lambda: pieces_of_images(manifest), finish.IMAGES):
        raise _damaged(folder, bad)


def remove_folder(folder: Path) -> None:
    """Delete an entry, its manifest first, and the folders above it that this leaves empty."""
    if folder.is_dir():
        finish.withdraw(folder)
    delete(folder)
    for parent in (folder.parent, folder.parent.parent):
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _images(folder: Path, manifest: Manifest) -> FloatArray:
    if finish.IMAGES in manifest.files:
        return _map(folder / finish.IMAGES, manifest.n, manifest.d)
    try:
        return cast(FloatArray, ShardRows(folder, manifest))  # what reads vectors takes rows of it
    except FileNotFoundError as error:
        raise _damaged(folder) from error


def _map(path: Path, rows: int, width: int) -> FloatArray:
    try:
        array: FloatArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _damaged(path.parent) from error
    if array.shape != (rows, width) or array.dtype != np.float32 or not array.flags.c_contiguous:
        raise _damaged(path.parent)
    return array


def _words(key: EmbeddingKey) -> str:
    return f"The vectors of {key.dataset} ({key.split}) by {key.model}"


def _damaged(folder: Path, files: Sequence[str] = ()) -> Damaged:
    named = f" ({', '.join(files)})" if files else ""
    return Damaged(f"The vectors in {folder} are damaged{named}", VERIFY)
