"""`models` and `datasets`: what exists, and whether it can be used here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row
from core.engine import Engine
from core.store.own_names import TOLD_AS
from core.types import DatasetSpec, OnDisk


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def _models(engine: Engine, args: argparse.Namespace) -> list[Record]:
    return [
        {
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
        }
        for spec, state in engine.vectors.models()
    ]


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
    return [{"name": r["name"], "title": r["title"], "state": r["state"], "why": r["why"]} for r in records]


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
    help="list the models and whether their weights are here",
    add_arguments=_no_arguments,
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
