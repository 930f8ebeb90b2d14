"""Which part of the cache goes into a bundle, by the names of models and data sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from core.bundle.export import BundleChoice, ExportReport, export
from core.catalog.models import find_model
from core.encoders.carried import HubFile, carried_files
from core.engine import SMALL, Engine
from core.errors import Damaged, NotHere
from core.system.progress import Progress
from core.types import EmbeddingKey


def export_bundle(
    engine: Engine,
    file: Path,
    models: Sequence[str] = (),
    datasets: Sequence[str] = (),
    *,
    sizes: Sequence[int] = (SMALL,),
    tokenizers: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the vectors, text vectors, cards and results of these models on these data sets (none named: all) as one
    file, with pictures of these `sizes` (longest side in pixels), and where `tokenizers` are asked for with the files
    of the hub that the models' tokenizers are made of. Originals and weights are never in it.

    Raises `NotHere` where a pair asked for has no vectors, or a tokenizer is not here.
    """
    keys = _chosen(
        engine, [find_model(name).name for name in models], [engine.data.find(name).name for name in datasets]
    )
    files = _tokenizers({key.model for key in keys}) if tokenizers else {}
    return export_entries(engine, file, keys, sizes=sizes, tokenizers=files, progress=progress)


def _tokenizers(models: Collection[str]) -> dict[HubFile, Path]:
    return {file: path for name in sorted(models) for file, path in carried_files(find_model(name)).items()}


def export_entries(
    engine: Engine,
    file: Path,
    keys: Sequence[EmbeddingKey],
    *,
    sizes: Sequence[int] = (SMALL,),
    tokenizers: Mapping[HubFile, Path] | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """The same for exactly these stored entries."""
    for key in keys:
        engine.store.adopt(key)
    choice = BundleChoice(keys=tuple(keys), sizes=tuple(sizes), tokenizers=dict(tokenizers or {}))
    return export(engine.cache_dir, file, choice, engine.thumbnail if sizes else None, progress)


def _chosen(engine: Engine, models: Sequence[str], datasets: Sequence[str]) -> tuple[EmbeddingKey, ...]:
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
