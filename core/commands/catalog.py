"""`models` and `datasets`: what exists, and whether it can be used here."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence

from core.catalog.families import family_of
from core.catalog.finding import find_by_words
from core.catalog.licences import commercial_use
from core.catalog.models import MODELS as RECORDS
from core.catalog.models import every_model, find_model
from core.commands.base import Command, Record, Row
from core.engine import Engine
from core.errors import TMVError
from core.store.own_names import TOLD_AS
from core.types import DatasetSpec, ModelSpec, OnDisk, State
from core.words.library import parameters_said


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def _words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORDS",
        help="only models that all these words fit, of every name that open_clip lists: name, family, training data "
        "or license, for example: siglip so400m",
    )
    parser.add_argument("--here", action="store_true", help="only models whose weights or embeddings are here")


def _models(engine: Engine, args: argparse.Namespace) -> list[Record]:
    found = engine.vectors.model_states(_asked_for(engine, args.words, here=args.here))
    if args.here:
        found = tuple((spec, state) for spec, state in found if state.state == "ready")
    return [_model(engine, spec, state) for spec, state in found]


def _asked_for(engine: Engine, words: Sequence[str], *, here: bool) -> Sequence[ModelSpec]:
    """The catalog; with words every listed model that they fit, or the one that they name. Raises `UnknownName` with
    the closest names where there is none."""
    if not words and not here:
        return RECORDS
    known = {spec.name: spec for spec in (*RECORDS, *_stored(engine), *every_model())}
    typed = " ".join(words)
    return find_by_words(typed, known.values()) or (find_model(typed),)


def _stored(engine: Engine) -> Iterator[ModelSpec]:
    """Models that have embeddings here, as far as their names are known."""
    for name in sorted({entry.key.model for entry in engine.store.entries()}):
        with contextlib.suppress(TMVError):
            yield find_model(name)


def _model(engine: Engine, spec: ModelSpec, state: State) -> Record:
    return {
        "name": spec.name,
        "title": spec.title,
        "state": state.state,
        "why": state.why,
        "library": spec.library,
        "training_data": spec.training_data,
        "embed_dim": spec.embed_dim,
        "image_size": spec.image_size,
        "parameters": spec.parameters,
        "licence": spec.licence,
        "source_url": spec.source_url,
        "family": family_of(spec.name),
        "commercial_use": commercial_use(spec.licence),
        "download_bytes": spec.download_bytes,
        "tokenizer": engine.vectors.tokenizer(spec),
    }


def _datasets(engine: Engine, args: argparse.Namespace) -> list[Record]:
    return [_dataset(engine, engine.data.find(found.name), found) for found in engine.data.listed()]


def _dataset(engine: Engine, spec: DatasetSpec, found: OnDisk) -> Record:
    return {
        "name": spec.name,
        "title": spec.title,
        "state": found.state.state,
        "why": found.state.why.replace(TOLD_AS, str(engine.data.folder)),
        "kind": "captions" if found.carries == "captions" else spec.kind,
        "splits": list(spec.splits or found.splits),
        "classes": len(spec.classnames) or found.classes,
        "licence": spec.licence,
        "source_url": spec.source_url,
        "carries": found.carries,
        "images": found.images,
        "more_images": found.more,
        "images_in_all": found.whole,
        "captions": found.captions,
        "splits_here": list(found.splits),
    }


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "name": r["name"],
            "title": r["title"],
            "state": r["state"],
            "family": r["family"],
            "parameters": parameters_said(r["parameters"]),
            "license": r["licence"],
            "why": r["why"],
        }
        for r in records
    ]


def _dataset_rows(records: Sequence[Record]) -> list[Row]:
    from core.words.datasets import counted

    return [
        {
            "name": r["name"],
            "title": r["title"],
            "state": r["state"],
            "images": counted(r["images"], r["images_in_all"], more=r["more_images"]),
            "classes": r["classes"] or "",
            "captions": r["captions"] or "",
            "why": r["why"],
        }
        for r in records
    ]


MODELS = Command(
    name="models",
    help="list or find models, with size, license and whether their weights are here",
    add_arguments=_words,
    run=_models,
    rows=_rows,
)
DATASETS = Command(
    name="datasets",
    help="list the data sets, own ones in the data folder among them, and how much of each is here",
    add_arguments=_no_arguments,
    run=_datasets,
    rows=_dataset_rows,
)
