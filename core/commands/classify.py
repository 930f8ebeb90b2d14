"""`classify`: zero-shot classification."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.commands.base import (
    Command,
    Record,
    Row,
    add_class_names,
    add_selection,
    answer,
    interval,
    percent,
    selection,
)
from core.engine import Engine
from core.stats.accuracy import METRICS
from core.studies.zero_shot.study import ZeroShot


def add_prompts(parser: argparse.ArgumentParser) -> None:
    """`--templates SET` or `--template T` (repeated), and `--classnames`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--templates", metavar="SET", help="a prompt set (default: the data set's own)")
    group.add_argument(
        "--template",
        action="append",
        metavar="T",
        help="a template with one {} for the class name; repeat to average several",
    )
    add_class_names(parser)


def asked(args: argparse.Namespace) -> dict[str, Any]:
    """What `add_prompts` was given, as studies take it."""
    return {"templates": args.template, "prompt_set": args.templates, "classnames": args.classnames}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    add_prompts(parser)


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs = selection(args)
    for _, dataset in pairs:
        engine.prompting.templates(dataset, args.template, args.templates)
    return [_classify(engine, args, model, dataset) for model, dataset in pairs]


def _classify(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> Record:
    study = ZeroShot.at(engine, model, dataset, args.split, **asked(args))
    return answer(engine, study, f"prompts of {model}", "texts").to_record()


def _scores(record: Record) -> Row:
    """Every figure; a column of intervals has no name but "95 %", and blanks tell them apart."""
    row = Row()
    for place, metric in enumerate(METRICS):
        row[metric.heading.lower()] = percent(record[metric.name])
        if metric.interval_column:
            row["95 %" + " " * place] = interval(record[f"{metric.name}_ci95"])
    return row


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            **_scores(r),
            "templates": len(r["templates"]),
        }
        for r in records
    ]


COMMAND = Command(
    name="classify",
    help="zero-shot classification with intervals and published figures",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
