"""`models` and `datasets`: what exists, and whether it can be used here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row
from core.engine import Engine


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
    return [
        {
            "name": spec.name,
            "title": spec.title,
            "state": state.state,
            "why": state.why,
            "kind": spec.kind,
            "splits": list(spec.splits),
            "classes": len(spec.classnames),
            "licence": spec.licence,
            "source_url": spec.source_url,
        }
        for spec, state in engine.data.every()
    ]


def _rows(records: Sequence[Record]) -> list[Row]:
    return [{"name": r["name"], "title": r["title"], "state": r["state"], "why": r["why"]} for r in records]


MODELS = Command(
    name="models",
    help="list the models and whether their weights are here",
    add_arguments=_no_arguments,
    run=_models,
    rows=_rows,
)
DATASETS = Command(
    name="datasets",
    help="list the data sets and whether they are here",
    add_arguments=_no_arguments,
    run=_datasets,
    rows=_rows,
)
