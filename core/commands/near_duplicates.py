"""`near-duplicates`: images that look nearly the same, and the accuracy without them beside the accuracy with them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import (
    Command,
    Record,
    Row,
    add_rows_file,
    add_selection,
    answer,
    ensure_vectors,
    interval,
    new_file,
    percent,
    selection,
    write_rows,
)
from core.engine import Engine
from core.studies.data_quality.near import NearDuplicates, NearResult
from core.studies.probe.splits import TRAIN


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument(
        "--train",
        action="store_true",
        help=f"embed the split {TRAIN} too and compare with it (default: only where its vectors are here)",
    )
    add_rows_file(parser, "every pair")


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    target = new_file(args.csv) if args.csv else None
    found = [_near(engine, args, model, dataset) for model, dataset in selection(args)]
    if target is not None:
        from core.tables.data_quality import near_frame  # it brings pandas

        write_rows(target, [near_frame(result) for result in found])
    return [result.to_record() for result in found]


def _near(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> NearResult:
    study = NearDuplicates.at(engine, model, dataset, args.split)
    if args.train and study.place.split != TRAIN:
        ensure_vectors(engine, study.place.at(TRAIN))
    return answer(engine, study, f"near-duplicates of {dataset}", "images")


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            "near in the split": r["n_within"],
            "near a training image": "" if r["n_seen"] is None else r["n_seen"],
            "from cosine": f"{r['threshold']:.4f}",
            **_accuracies(r["accuracy"] or {}),
        }
        for r in records
    ]


def _accuracies(counted: Record) -> Row:
    """With and without them, for data sets with one label an image."""
    return {
        "top-1": percent(counted.get("acc1")),
        "95 %": interval(counted.get("acc1_ci95")),
        "left": counted.get("n_without", ""),
        "top-1 without": percent(counted.get("acc1_without")),
        "95 % ": interval(counted.get("acc1_without_ci95")),
    }


COMMAND = Command(
    name="near-duplicates",
    help="images that look nearly the same, also as training images, and the accuracy without them",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
