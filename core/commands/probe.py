"""`probe`: a linear probe, trained on the training split and tested on another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row, add_selection, answer, interval, percent, selection
from core.engine import Engine
from core.studies.probe.splits import train_split
from core.studies.probe.study import LinearProbe


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument(
        "--normalise",
        action="store_true",
        help="scale embeddings to unit length first (the CLIP paper's code does not)",
    )


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs = selection(args)
    for _, dataset in pairs:
        engine.data.ensure_demo(dataset)
        train_split(engine, dataset)
    return [_probe(engine, args, model, dataset) for model, dataset in pairs]


def _probe(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> Record:
    study = LinearProbe.at(engine, model, dataset, args.split, normalise=args.normalise)
    return answer(engine, study, f"probe of {model} on {dataset}", "fits").to_record()


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "trained on": r["n_train"],
            "tested on": r["n"],
            "train": percent(r["train_acc1"]),
            "test": percent(r["test_acc1"]),
            "95 %": interval(r["test_acc1_ci95"]),
            "top-5": percent(r["test_acc5"]),
            "C": f"{r['C']:.3g}",
        }
        for r in records
    ]


COMMAND = Command(
    name="probe",
    help="linear probe: train and test accuracy, C chosen on a held-out part",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
