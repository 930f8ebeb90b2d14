"""The data sets of this machine: on its disk, or as vectors that came from another one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from core import readers
from core.errors import Damaged, NotHere
from core.readers.base import canonical_split
from core.readers.datasets import DATASETS, find_dataset
from core.store import Entry, Results, Store
from core.store.manifest import MANIFEST
from core.store.own_names import OwnNames, is_own_data
from core.system.memo import Latest, Memo
from core.system.progress import Progress
from core.types import Dataset, DatasetSpec, EmbeddingKey, Note, OnDisk, State

T = TypeVar("T")
LISTINGS, ROWS, COUNTS = 48, 12, 512
"""What was seen of the disk is remembered for so many questions."""


class Data:
    """Rows, splits and digests by a data set's name. `rescan_seconds` is how long a listing of a folder may be reused
    before the disk is asked again."""

    def __init__(
        self,
        *,
        store: Store,
        results: Results,
        data_dir: Path,
        cache_dir: Path,
        rescan_seconds: float = 0.0,
        names: OwnNames | None = None,
    ) -> None:
        self._store, self._results, self.names = store, results, names or OwnNames(data_dir)
        self.folder, self._cache_dir, self._rescan = data_dir, cache_dir, rescan_seconds
        self._seen, self._told, self._counted = Memo(LISTINGS), Latest(ROWS), Memo(COUNTS)

    def find(self, dataset: str) -> DatasetSpec:
        """The record of a data set by the name that it has here: own data relative to the data folder. Raises
        `UnknownName` with the closest names."""
        return find_dataset(self.named(dataset))

    def stands_elsewhere(self, dataset: str) -> bool:
        """Whether own data of this name lies outside the data folder, where only the command line looks."""
        place = readers.own_place(dataset, self.folder)
        return place.exists() and not place.is_relative_to(self.folder)

    def named(self, dataset: str) -> str:
        """The name of a data set here, however it is written."""
        return readers.own_name(dataset, self.names)

    def every(self) -> tuple[tuple[DatasetSpec, State], ...]:
        """Every data set of the catalog with what can be done with it here."""
        return tuple((spec, self.state(spec.name)) for spec in DATASETS)

    def own(self) -> tuple[str, ...]:
        """The names of own data in the data folder."""
        return self._look(("own",), lambda: readers.own_sets(self.folder))

    def on_disk(self, dataset: str) -> OnDisk:
        """What is here of a data set, counted; ready also where only its vectors are."""
        dataset = self.named(dataset)

        def count() -> OnDisk:
            found = readers.on_disk(dataset, self.folder, self._cache_dir)
            state = found.state if found.state.state == "ready" else self._with_vectors(dataset, found.state)
            return replace(found, state=replace(state, why=self.names.without_folder(state.why)))

        return self._look(("on disk", dataset), count, self._counted)

    def listed(self) -> tuple[OnDisk, ...]:
        """Every data set that there is to choose here: the catalog, own data in the data folder, and own data of which
        only vectors are here."""
        known = dict.fromkeys((*(spec.name for spec in DATASETS), *self.own()))
        stored = {entry.key.dataset for entry in self._store.entries()}
        return tuple(map(self.on_disk, (*known, *sorted(stored - set(known)))))

    def state(self, dataset: str) -> State:
        """Ready also means: no pictures here, but cached vectors that can be studied."""
        dataset = self.named(dataset)
        return self._with_vectors(dataset, readers.dataset_state(dataset, self.folder, self._cache_dir))

    def _with_vectors(self, dataset: str, state: State) -> State:
        if state.state != "ready" and any(e.key.dataset == dataset for e in self._store.entries()):
            return State(state="ready", why="Its cached vectors are here; its images are not.")
        return state

    def split_of(self, dataset: str, split: str | None = None) -> str:
        """`split`, or the one that the data set is measured on; for own data the reader knows which that is."""
        dataset = self.named(dataset)
        if split:
            return self._split_called(dataset, split)
        if split := find_dataset(dataset).default_split:
            return split
        try:
            return self._look(("default", dataset), lambda: self._open(dataset, None)).split
        except NotHere:
            stored = self.stored(dataset)
            if not stored:
                raise
            return min((entry.key.split for entry in stored), key=readers.measured_first)

    def _split_called(self, dataset: str, split: str) -> str:
        """A split asked for in another spelling ("VALID") by the name that it has here."""
        word = canonical_split(split)
        if word in (None, split):
            return split
        there = self.splits(dataset)
        return split if split in there or word not in there else word or split

    def stored(self, dataset: str) -> list[Entry]:
        """The entries of a data set whose pictures are not here. Raises `Damaged` where one of them cannot be read: the
        others must not answer in its place without a word."""
        dataset = self.named(dataset)
        if damaged := self._store.damaged(dataset):
            raise Damaged(
                f"{damaged[0] / MANIFEST}, which says what is stored of {dataset}, is damaged, and its images are "
                "not on this machine: copy the cache again, or drop that entry with `python -m core verify`."
            )
        return [entry for entry in self._store.entries() if entry.key.dataset == dataset]

    def splits(self, dataset: str) -> tuple[str, ...]:
        """The splits of a data set: those on this disk (of the catalog where it is not here), and those whose
        vectors are in the cache."""
        dataset = self.named(dataset)
        try:
            there = self._look(
                ("splits", dataset), lambda: readers.describe_dataset(dataset, self.folder, self._cache_dir).splits
            )
        except NotHere:
            there = ()
        stored = [entry.key.split for entry in self._store.entries() if entry.key.dataset == dataset]
        return tuple(dict.fromkeys((*there, *stored)))

    def rows(self, dataset: str, split: str | None = None) -> Dataset:
        """The rows on disk; `NotHere` when the data set is not on this machine."""
        dataset = self.named(dataset)
        split = self.split_of(dataset, split)
        return self._look(("rows", dataset, split), lambda: self._open(dataset, split))

    def _open(self, dataset: str, split: str | None) -> Dataset:
        rows = readers.open_dataset(dataset, split, self.folder, self._cache_dir)
        return self._without_folder(rows) if is_own_data(dataset) else rows

    def _without_folder(self, rows: Dataset) -> Dataset:
        """The same rows with notes that do not say where on this machine the data folder lies: they are kept, exported
        and shown to others. Equal rows give one and the same value, by which their digest is remembered."""
        notes = tuple(Note(self.names.without_folder(note), note.code, note.level) for note in rows.notes)
        if notes == rows.notes:
            return rows
        key = (rows.spec.name, rows.split)
        last: tuple[Dataset, Dataset] | None = self._told.get(key)
        if last is None or last[0] is not rows:
            last = (rows, replace(rows, notes=notes))
            self._told.put(key, last)
        return last[1]

    def digest(self, dataset: str, split: str | None = None) -> str | None:
        """The digest of the rows and their pictures; None when the data set is not on this machine."""
        try:
            rows = self.rows(dataset, split)
        except NotHere:
            return None
        return self._look(
            ("digest", dataset, rows.split), lambda: readers.data_digest(rows, self._cache_dir / "digests")
        )

    def _look(self, key: tuple[str, ...], look: Callable[[], T], memo: Memo | None = None) -> T:
        """What `look` sees on the disk, at most `rescan_seconds` old."""
        if not self._rescan:
            return look()
        return (memo or self._seen).get((*key, int(time.monotonic() / self._rescan)), look)

    def ensure_demo(self, dataset: str, progress: Progress | None = None) -> None:
        """Draw a demo set if it has not been drawn yet; does nothing for other data."""
        # Cached vectors of an older demo make a set usable, but its pictures must be drawn to be embedded anew.
        drawn = readers.dataset_state(dataset, self.folder, self._cache_dir)
        if dataset.startswith("demo-") and drawn.state != "ready":
            readers.make_demo(dataset, self._cache_dir, progress)
            self._seen, self._counted = Memo(LISTINGS), Memo(COUNTS)

    # --- templates that shards bring ------------------------------------------------------------------

    def own_templates(self, dataset: str) -> tuple[str, ...]:
        """The templates that shards bring; where only their vectors are here, as they were then. () for other data."""
        dataset = self.named(dataset)
        if not dataset.startswith("wds:"):
            return ()
        try:
            return self._look(
                ("templates", dataset), lambda: readers.brought_templates(dataset, self.folder, self._cache_dir)
            )
        except NotHere:
            entries = [entry.key for entry in self._store.entries() if entry.key.dataset == dataset]
            kept = [self._results.get(_templates_key(key)) for key in entries]
            return tuple(next(filter(None, reversed(kept)), ()))

    def keep_templates(self, key: EmbeddingKey) -> None:
        """Keep them beside the vectors, for a machine without the shards."""
        own = list(self.own_templates(key.dataset))
        if own and self._results.get(_templates_key(key)) != own:
            self._results.put(_templates_key(key), own)


def _templates_key(key: EmbeddingKey) -> str:
    return f"templates/{key.fingerprint}"
