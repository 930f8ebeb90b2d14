"""`label-errors`: labels that are likely wrong, by a linear probe that is kept, else by zero-shot probabilities."""

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
    new_file,
    percent,
    selection,
    write_rows,
)
from core.commands.classify import add_prompts, asked
from core.engine import Engine
from core.studies.data_quality.label_errors import LabelErrorsResult, LikelyLabelErrors


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    add_prompts(parser)
    add_rows_file(parser, "every label that is likely wrong")


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    target = new_file(args.csv) if args.csv else None
    found = [_judged(engine, args, model, dataset) for model, dataset in selection(args)]
    if target is not None:
        from core.tables.data_quality import label_errors_frame  # it brings pandas

        write_rows(target, [label_errors_frame(result) for result in found])
    return [result.to_record() for result in found]


def _judged(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> LabelErrorsResult:
    study = LikelyLabelErrors.at(engine, model, dataset, args.split, **asked(args))
    return answer(engine, study, f"prompts of {model}", "texts")


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            "likely wrong": r["likely_errors"],
            "estimated": f"{r['estimated_errors']:.0f}",
            "by": r["judge"],
            "which is right for": percent(r["acc1"]),
            "clearest": "; ".join(f"{e['id']}: {e['label']}, not {e['suggested']}" for e in r["labels"][:1]),
        }
        for r in records
    ]


COMMAND = Command(
    name="label-errors",
    help="labels that are likely wrong (confident learning), by a kept linear probe or zero-shot",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
