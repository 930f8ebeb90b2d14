"""`embed`: compute and keep the vectors of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row, add_selection, embed_bar, selection, tell_captions
from core.engine import Engine


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    records = [_embed(engine, model, dataset, args.split) for model, dataset in selection(args)]
    tell_captions(engine, [record["dataset"] for record in records], args.split)
    return records


def _embed(engine: Engine, model: str, dataset: str, split: str | None) -> Record:
    place = engine.place(model, dataset, split)
    with embed_bar(place) as progress:
        report = engine.vectors.embed(place, progress)
    provenance = engine.vectors.require(place).provenance
    return {
        "model": model,
        "dataset": dataset,
        "split": report.key.split,
        "n": report.n,
        "seconds": report.seconds,
        "images_per_second": report.images_per_second,
        "reused": report.reused,
        "skipped": [{"id": row.id, "reason": row.reason} for row in report.skipped],
        "notes": [note.as_dict() for note in provenance.beside],
        "provenance": provenance.as_dict(),
    }


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "pictures": r["n"],
            "seconds": f"{r['seconds']:.1f}",
            "a second": f"{r['images_per_second']:.1f}",
            "from the cache": r["reused"],
            "skipped": len(r["skipped"]),
        }
        for r in records
    ]


COMMAND = Command(
    name="embed", help="compute and keep the vectors of a data set", add_arguments=add_selection, run=_run, rows=_rows
)
