"""`classify`: zero-shot classification."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.commands.base import (
    Command,
    Record,
    Row,
    add_class_names,
    add_selection,
    answer,
    ensure_vectors,
    interval,
    percent,
    selection,
)
from core.commands.own_images import image_records, label_rows
from core.engine import Engine
from core.errors import BadArgument
from core.stats.accuracy import METRICS
from core.studies.multi_label.compare import compare_several
from core.studies.multi_label.result import MultiLabelResult
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.studies.zero_shot.open_set import EVEN, validation_split
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
    add_selection(parser, data=False)
    add_prompts(parser)
    parser.add_argument(
        "--image",
        action="append",
        metavar="FILE",
        help="an image instead of a data set, with the labels of --label or of the file --classnames; repeat for "
        "several",
    )
    parser.add_argument("--label", action="append", metavar="TEXT", help="a label for --image; repeat for several")
    parser.add_argument(
        "--threshold",
        default=str(EVEN),
        type=_threshold,
        metavar="P",
        help="a label of --image, or of a data set whose images may have several, is accepted from this probability on "
        "(default 0.5), or from the one that gives the highest F1 on the data set's validation split: validation; only "
        "for models trained with a sigmoid",
    )


def _threshold(text: str) -> float | None:
    """A probability; None: as a validation split gives it."""
    if text == "validation":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected validation or a number between 0 and 1, got {text!r}")
    return value


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    if not args.data and not args.image:
        raise BadArgument("classify expects a data set (--data NAME), or --image FILE with at least one --label TEXT.")
    pairs = selection(args)
    if args.image or args.label:
        return image_records(engine, args, pairs)
    for _, dataset in pairs:
        engine.prompting.templates(dataset, args.template, args.templates)
    first = dict[str, MultiLabelResult]()
    return [_classify(engine, args, model, dataset, first) for model, dataset in pairs]


def _classify(
    engine: Engine, args: argparse.Namespace, model: str, dataset: str, first: dict[str, MultiLabelResult]
) -> Record:
    """One record; `first` is the first result on each data set with several labels, which others are compared with."""
    if has_several_labels(engine, dataset, args.split):
        found = _several(engine, args, model, dataset)
        other = first.setdefault(dataset, found)
        return found.to_record() | ({} if other is found else {"compared": _compared(engine, found, other)})
    study = ZeroShot.at(engine, model, dataset, args.split, **asked(args))
    return answer(engine, study, f"prompts of {model}", "texts").to_record()


def _compared(engine: Engine, found: MultiLabelResult, first: MultiLabelResult) -> Record:
    """The paired difference to the first model on the same images: this one minus the first."""
    gap = asdict(compare_several(engine, found, first))
    return {"with": first.model, "mean_average_precision": gap}


def _several(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> MultiLabelResult:
    """A data set whose images may have none or several labels; a threshold of a validation split needs its vectors."""
    study = MultiLabel.at(engine, model, dataset, args.split, **asked(args), threshold=args.threshold)
    if args.threshold is None and (there := validation_split(engine, study.place)) is not None:
        ensure_vectors(engine, there)
    return answer(engine, study, f"prompts of {model}", "texts")


def _several_row(record: Record) -> Row:
    at, gap = record["at_threshold"] or {}, record.get("compared", {}).get("mean_average_precision")
    low, high = gap["ci95"] if gap else (0.0, 0.0)
    return {
        "mAP": percent(record["mean_average_precision"]),
        "mAP 95 %": interval(record["mean_average_precision_ci95"]),
        "minus the first": f"{100 * gap['difference']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})" if gap else "",
        "by chance": percent(record["chance"]),
        "threshold": f"{record['threshold']['value']:.3g}" if record["threshold"] else "",
        "precision": percent(at.get("precision")),
        "recall": percent(at.get("recall")),
    }


def _scores(record: Record) -> Row:
    """Every figure; a column of intervals has no name but "95 %", and blanks tell them apart."""
    if "mean_average_precision" in record:
        return _several_row(record)
    row = Row()
    for place, metric in enumerate(METRICS):
        row[metric.heading.lower()] = percent(record[metric.name])
        if metric.interval_column:
            row["95 %" + " " * place] = interval(record[f"{metric.name}_ci95"])
    return row


def _rows(records: Sequence[Record]) -> list[Row]:
    if any("labels" in r for r in records):
        return [row for r in records for row in label_rows(r)]
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
