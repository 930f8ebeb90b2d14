"""The engine's bundles: a part of the cache as one file, and such a file into the cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.errors import Damaged, NotHere
from core.store import Store
from core.types import DatasetSpec, EmbeddingKey, EmbeddingSet, ModelSpec, Progress

if TYPE_CHECKING:
    from core.bundle import ExportReport, ImportReport

SMALL, LARGE = 224, 1024
"""Longest sides, in pixels, of the pictures in a grid and of one looked at alone."""


class BundleParts(Protocol):
    """What bundles need of the engine."""

    @property
    def cache_dir(self) -> Path: ...

    @property
    def store(self) -> Store: ...

    def model(self, name: str) -> ModelSpec: ...

    def dataset(self, name: str) -> DatasetSpec: ...

    def embeddings(self, model: str, dataset: str, split: str | None = None) -> EmbeddingSet | None: ...

    def thumbnail(self, dataset: str, split: str | None, picture_id: str, size: int = SMALL) -> bytes: ...


class BundleDoor:
    """Methods of `core.engine.Engine`."""

    def export_bundle(
        self: BundleParts,
        file: Path,
        models: Sequence[str] = (),
        datasets: Sequence[str] = (),
        *,
        thumbnails: bool = True,
        large: bool = False,
        progress: Progress | None = None,
    ) -> ExportReport:
        """Write the vectors, text vectors, cards and results of these models on these data sets (none named: all) as
        one file; with small pictures for grids, and with `large` ones to look at. Originals are never in it.

        Raises `NotHere` where a pair asked for has no vectors.
        """
        from core.bundle import Choice, export

        wanted = [self.model(name).name for name in models], [self.dataset(name).name for name in datasets]
        keys = _chosen(self, *wanted)
        sizes = ((SMALL,) if thumbnails else ()) + ((LARGE,) if large else ())
        return export(self.cache_dir, file, Choice(keys=keys, sizes=sizes), self.thumbnail if sizes else None, progress)

    def import_bundle(self: BundleParts, file: Path, progress: Progress | None = None) -> ImportReport:
        """Take a bundle into the cache: all that is in it, or nothing where anything about it is wrong."""
        from core.bundle import install

        return install(self.cache_dir, file, progress)


def _chosen(engine: BundleParts, models: Sequence[str], datasets: Sequence[str]) -> tuple[EmbeddingKey, ...]:
    """The entries to take: of every stored split the one in use; vectors of changed pictures or weights stay here."""
    if not models and not datasets and (damaged := engine.store.damaged()):
        raise Damaged(f"{damaged[0]} is damaged and would be left out: run `python -m core verify` first.")
    stored = {(e.key.model, e.key.dataset, e.key.split) for e in engine.store.entries() if e.complete}
    found = list[EmbeddingKey]()
    for model, dataset, split in sorted(stored):
        if (not models or model in models) and (not datasets or dataset in datasets):
            images = engine.embeddings(model, dataset, split)
            found += [images.key] if images is not None else []
    have = {(key.model, key.dataset) for key in found}
    for model in models:
        for dataset in datasets:
            if (model, dataset) not in have:
                raise NotHere(
                    f"{dataset} is not embedded with {model}; first: python -m core embed --model {model} "
                    f"--data {dataset}"
                )
    return tuple(found)
