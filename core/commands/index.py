"""`index`: what makes searches of very many images fast, and what share of the exact best it finds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row, add_selection, bar, ensure_vectors, percent, selection
from core.engine import Engine
from core.store.faiss_index import library
from core.studies.pictures.indexing import build_index


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--again", action="store_true", help="build it anew, also where a whole one is here")


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    library()  # without it nothing needs to be embedded first
    return [_built(engine, args, model, dataset) for model, dataset in selection(args)]


def _built(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> Record:
    place = engine.place(model, dataset, args.split)
    ensure_vectors(engine, place)
    with bar(f"index of {dataset} with {model}", "steps") as progress:
        record = build_index(engine, place, progress, again=args.again)
    names = dict(zip(("model", "dataset", "split"), place.names, strict=True))
    return {**names, "n": record.n, "d": record.d, "bytes": record.file.bytes, **record.to_record()}


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            "MB": f"{r['bytes'] / 1e6:.0f}",
            "prompts": r["prompts"],
            **{f"recall@{k}": percent(each["value"]) for k, each in r["recall"].items()},
            **{f"recall@{k} at least": percent(each["at_least"]) for k, each in r["recall"].items()},
        }
        for r in records
    ]


COMMAND = Command(
    name="index",
    help="make searches of very many images fast, and measure what share of the exact best is found",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
