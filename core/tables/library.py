"""What is on this machine as tables: the models, and the stored embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from core.catalog.families import family_of
from core.store import Entry
from core.tables.forms import Column
from core.types import ModelSpec, State
from core.words.datasets import counted
from core.words.library import MODEL_STATES, VECTORS_ONLY
from core.words.names import say_dataset, say_model

MODELS = {
    "title": Column(heading="Model"),
    "state": Column(heading="Status"),
    "embedded": Column(heading="Data sets", kind="count", help="How many data sets have stored embeddings of it"),
    "family": Column(heading="Family"),
    "parameters": Column(heading="Parameters, millions", kind="count"),
    "download_mb": Column(
        heading="Download, MB",
        kind="count",
        help="About: weights are published with 4 bytes a parameter. Empty where the size is not known",
    ),
    "licence": Column(heading="License"),
    "training_data": Column(heading="Training data"),
    "name": Column(heading="Exact name"),
    "tokenizer": Column(heading="Tokenizer", help="Built in, or the repository of the hub that it comes from"),
    "image_size": Column(heading="Image size", kind="count"),
    "embed_dim": Column(heading="Dimensions", kind="count"),
    "why": Column(heading="Note"),
}
DATASETS = {
    "title": Column(heading="Data set"),
    "state": Column(heading="Status"),
    "images": Column(heading="Images here"),
    "classes": Column(heading="Classes", kind="count"),
    "captions": Column(heading="Captions", kind="count"),
    "splits": Column(heading="Splits here"),
    "models": Column(heading="Models", kind="count", help="How many models have stored embeddings of it"),
    "kind": Column(heading="Kind"),
    "name": Column(heading="Exact name"),
    "why": Column(heading="Note"),
}
STORED = {
    "dataset_title": Column(heading="Data set"),
    "split": Column(heading="Split"),
    "model_title": Column(heading="Model"),
    "images": Column(heading="Images"),
    "skipped": Column(heading="Skipped", kind="count", help="Images that could not be read"),
    "bytes": Column(heading="Size", kind="count"),
    "date": Column(heading="Computed"),
    "model": Column(heading="Exact model"),
    "dataset": Column(heading="Exact data set"),
}


def models_frame(
    found: Iterable[tuple[ModelSpec, State]], embedded: Mapping[str, int], tokenizer: Callable[[ModelSpec], str | None]
) -> pd.DataFrame:
    """One row for each model: what can be done with it here, and of how many data sets its vectors are stored."""
    rows = [
        {
            "name": spec.name,
            "title": say_model(spec),
            "state": VECTORS_ONLY if state.vectors_only else MODEL_STATES[state.state],
            "embedded": embedded.get(spec.name, 0),
            "family": family_of(spec.name),
            "parameters": round(spec.parameters / 1e6) if spec.parameters else None,
            "image_size": spec.image_size,
            "embed_dim": spec.embed_dim or None,
            "download_mb": round(spec.download_bytes / 1e6) if spec.download_bytes else None,
            "training_data": spec.training_data,
            "licence": spec.licence,
            "tokenizer": tokenizer(spec) or "",
            "why": state.why,
        }
        for spec, state in found
    ]
    numbers = dict.fromkeys(("parameters", "embed_dim", "download_mb"), "Int64")
    return pd.DataFrame(rows, columns=[*MODELS]).astype(numbers)


def stored_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row for each stored set of embeddings, finished or not, in the order given."""
    rows = [
        {
            "dataset_title": say_dataset(entry.key.dataset),
            "split": entry.key.split,
            "model_title": say_model(entry.key.model),
            "images": counted(entry.n, more=False) if entry.complete else counted(entry.done, entry.n),
            "skipped": entry.skipped,
            "bytes": entry.bytes,
            "date": entry.date[:10],
            "model": entry.key.model,
            "dataset": entry.key.dataset,
        }
        for entry in entries
    ]
    return pd.DataFrame(rows, columns=[*STORED])
