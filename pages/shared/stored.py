"""What is on this machine: which pairs of model and data set have vectors, and what a page opens with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from core.catalog.models import MODELS, find_model
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import DATASETS, find_dataset
from core.types import DatasetSpec, EmbeddingSet, ModelSpec
from core.words.names import is_own, show_together
from pages.shared.own_data import page_dataset, page_model

ANY_KIND = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPairs:
    """(model, data set) pairs with stored vectors of the data set's default split."""

    pairs: frozenset[tuple[str, str]]

    @property
    def models(self) -> tuple[str, ...]:
        """Models with any vectors: catalog order, then others by name."""
        return _ordered({m for m, _ in self.pairs}, [m.name for m in MODELS])

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets with any vectors: catalog order, then others by name."""
        return _ordered({d for _, d in self.pairs}, [d.name for d in DATASETS])


def _ordered(names: set[str], order: list[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n)))


def stored_pairs(engine: Engine) -> StoredPairs:
    """One look at the cache's listing; no vectors are opened."""
    pairs = set()
    for entry in engine.store.entries():
        key = entry.key
        spec = _spec(engine, key.dataset)
        if entry.complete and spec is not None and key.split == (spec.default_split or key.split):
            pairs.add((key.model, key.dataset))
    return StoredPairs(pairs=frozenset(pairs))


def any_embeddings(
    engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, split: str | None
) -> EmbeddingSet | None:
    """The rows of the data set as any of these models has them."""
    found = (engine.embeddings(m.name, dataset.name, split) for m in models)
    return next((images for images in found if images is not None), None)


def _spec(engine: Engine, name: str) -> DatasetSpec | None:
    try:
        return find_dataset(name)
    except TMVError:
        return None


def register_names(engine: Engine) -> None:
    """Whatever is on this machine or in this address has a name and a mark of its own on the page."""
    keys = [entry.key for entry in engine.store.entries()]
    models = {*(key.model for key in keys), *_named("model", lambda name: page_model(engine, name).name)}
    datasets = {
        *(key.dataset for key in keys),
        *engine.data.own(),
        *_named("data", lambda name: page_dataset(engine, name).name),
    }
    show_together(sorted(models), sorted(datasets))


def _named(choice: str, exact: Callable[[str], str]) -> Iterator[str]:
    """The exact names of what the address asks for; a path there may be written in several ways."""
    for name in st.query_params.get_all(choice):
        with contextlib.suppress(TMVError):
            yield exact(name)


def real_first(names: tuple[str, ...]) -> tuple[str, ...]:
    """Real ones only, where there are any; the demo otherwise: a page opens with what matters most."""
    real = tuple(n for n in names if not n.startswith("demo-"))
    return real or names


CARRIED = {"classification": "classes", "captions": "captions"}


def carries(engine: Engine, dataset: DatasetSpec, kind: str) -> bool:
    """Whether a data set is of this kind (`ANY_KIND`: every one is); own data is looked at."""
    if kind == ANY_KIND:
        return True
    if is_own(dataset.name) and (found := engine.data.on_disk(dataset.name).carries):
        return found == CARRIED[kind]
    return dataset.kind == kind and (kind != "classification" or engine.vectors.has_classes(dataset.name))


def default_datasets(engine: Engine, kind: str, most: int) -> tuple[str, ...]:
    """The data sets of this kind (`ANY_KIND`: of either) that a page opens with, always in the same order: of the
    catalog, then own ones by name, as far as a real model has vectors of them; where there are none, the demo's. What
    somebody embedded with a demo model changes nothing for the others, and is shown only where nothing else is."""
    stored = stored_pairs(engine)
    usable = tuple(n for n in stored.datasets if _fits(engine, n, kind))
    with_real = {d for m, d in stored.pairs if not _is_demo(m)}
    demo = tuple(d.name for d in DATASETS if kind in (d.kind, ANY_KIND) and _is_demo(d.name))
    real = tuple(n for n in usable if n in with_real and not _is_demo(n))
    shown = tuple(n for n in demo if n in usable) or tuple(n for n in usable if not _is_demo(n)) or demo
    return (real or shown)[:most]


def _is_demo(name: str) -> bool:
    return name.startswith("demo-")


def _fits(engine: Engine, name: str, kind: str) -> bool:
    try:
        return carries(engine, page_dataset(engine, name), kind)
    except TMVError:
        return False


def default_models(engine: Engine, datasets: tuple[str, ...], most: int) -> tuple[str, ...]:
    """The models that a page opens with on these data sets: those that have vectors of them."""
    stored = stored_pairs(engine)
    usable = tuple(m for m in stored.models if any((m, d) in stored.pairs for d in datasets) and not unusable(m))
    found = real_first(usable) or tuple(m.name for m in MODELS if m.name.startswith("demo-"))
    return found[:most]


def known_models(engine: Engine) -> tuple[ModelSpec, ...]:
    """The catalog, and whatever else has vectors here."""
    return MODELS + tuple(find_model(n) for n in _others(engine) if not unusable(n))


def unusable(model: str) -> str:
    """Why stored embeddings of this name cannot be told to be of a model, in a sentence; "" where they can."""
    try:
        find_model(model)
    except TMVError as error:
        return str(error)
    return ""


def stored_unusable(engine: Engine) -> list[str]:
    """The sentences about stored embeddings whose model has a name that nothing here knows."""
    return [problem for n in _others(engine) if (problem := unusable(n))]


def _others(engine: Engine) -> list[str]:
    return [n for n in stored_pairs(engine).models if n not in {m.name for m in MODELS}]
