"""`fewshot`: what a few labelled pictures a class are worth, by method, over several draws."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

from core.commands.base import Command, Record, Row, add_selection, answer, percent, positive, selection
from core.engine import Engine
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS
from core.studies.few_shot.runs import plan_of
from core.studies.few_shot.study import FewShot
from core.studies.probe.splits import train_split


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument(
        "--shots",
        action="append",
        type=positive,
        metavar="K",
        help="labeled images per class; repeat for several (default: 1, 2, 4, 8, 16)",
    )
    parser.add_argument(
        "--method", action="append", metavar="NAME", help=f"{', '.join(METHODS)}; repeat for several (default: all)"
    )
    parser.add_argument(
        "--seeds", type=positive, default=SEEDS, metavar="S", help=f"draws for each number of shots (default {SEEDS})"
    )
    parser.add_argument(
        "--templates", metavar="SET", help="the prompt set of zero-shot and Tip-Adapter (default: the data set's own)"
    )


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs, shots, methods = selection(args), args.shots or SHOTS, args.method or METHODS
    plan_of(shots, methods, args.seeds)
    for _, dataset in pairs:
        engine.data.ensure_demo(dataset)
        train_split(engine, dataset)
        engine.prompting.templates(dataset, None, args.templates)
    return [record for pair in pairs for record in _few_shot(engine, args, *pair, shots, methods)]


def _few_shot(
    engine: Engine, args: argparse.Namespace, model: str, dataset: str, shots: Sequence[int], methods: Sequence[str]
) -> list[Record]:
    plan: dict[str, Any] = {"shots": shots, "methods": methods, "seeds": args.seeds, "prompt_set": args.templates}
    study = FewShot.at(engine, model, dataset, args.split, **plan)
    result = answer(engine, study, f"few shots of {dataset} with {model}", "runs")
    found = result.to_records()
    zero_shot = next(record["acc1_mean"] for record in found if not record["shots"])
    return [{**record, "zero_shot_acc1": zero_shot} for record in found if record["shots"]]


def _rows(records: Sequence[Record]) -> list[Row]:
    """The point K = 0 first: what no labelled picture at all is worth."""
    places = dict.fromkeys((r["model"], r["dataset"]) for r in records)
    return [row for place in places for row in _place([r for r in records if (r["model"], r["dataset"]) == place])]


def _place(records: Sequence[Record]) -> list[Row]:
    zero = {
        **records[0],
        "method": "zero-shot",
        "shots": 0,
        "acc1_mean": records[0]["zero_shot_acc1"],
        "acc1": [records[0]["zero_shot_acc1"]],
        "published": [],
    }
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            "method": r["method"],
            "shots": r["shots"],
            "top-1": percent(r["acc1_mean"]),
            "std": _spread(r),
            "draws": len(r["acc1"]),
            "of them": "  ".join(f"{100 * value:.1f}" for value in r["acc1"]),
            "published": "  ".join(percent(p["value"]) for p in r["published"]),
        }
        for r in (zero, *records)
    ]


def _spread(record: Record) -> str:
    std = record["acc1_std"]
    return "" if math.isnan(std) or not record["shots"] else f"{100 * std:.2f}"


COMMAND = Command(
    name="fewshot",
    help="few-shot classification: linear probe and Tip-Adapter over several draws",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
