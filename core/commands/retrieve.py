"""`retrieve`: does a caption find its own picture, and a picture one of its captions?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.commands.base import Command, Record, Row, add_selection, answer, interval, percent, selection, tell_captions
from core.engine import Engine
from core.studies.captions.breakdown import RetrievalDifference
from core.studies.captions.retrieval import ALL_CAPTIONS, KS, RetrievalResult
from core.studies.captions.study import Retrieval, compare_retrieval


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument(
        "--captions",
        type=_captions,
        metavar="J",
        help="use only the first J captions per image, or all (default: as the data set is measured, COCO with "
        "5 and others with all)",
    )


def _captions(text: str) -> int:
    if text == "all":
        return ALL_CAPTIONS
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected all or a number of at least 1, got {text!r}")
    return int(text)


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    results = [_retrieve(engine, args, model, dataset) for model, dataset in selection(args)]
    first = dict[str, RetrievalResult]()
    records = []
    for result in results:
        other = first.setdefault(result.dataset, result)
        records.append(result.to_record() | _difference(engine, result, other))
    tell_captions(engine, [result.dataset for result in results], args.split)
    return records


def _retrieve(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> RetrievalResult:
    study = Retrieval.at(engine, model, dataset, args.split, captions_per_picture=args.captions)
    return answer(engine, study, f"captions of {dataset}", "blocks")


def _difference(engine: Engine, result: RetrievalResult, first: RetrievalResult) -> Record:
    """The paired difference to the first model on the same data."""
    return {} if result is first else {"compared": difference_record(compare_retrieval(engine, result, first))}


def difference_record(gap: RetrievalDifference) -> dict[str, Any]:
    """JSON-ready: this model minus the first."""
    sides = {"image_retrieval": (gap.image_recall, gap.image_mrr), "text_retrieval": (gap.text_recall, gap.text_mrr)}
    record: dict[str, Any] = {"with": gap.b, "n_images": gap.n_images, "n_texts": gap.n_texts}
    for name, (recall, mrr) in sides.items():
        record |= {f"{name}_recall@{k}": asdict(recall[k]) for k in KS} | {f"{name}_mrr": asdict(mrr)}
    return record


def _rows(records: Sequence[Record]) -> list[Row]:
    sides = (("text finds image", "image_retrieval", "n_texts"), ("image finds text", "text_retrieval", "n_images"))
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "direction": said,
            "pictures": r["n_images"],
            "captions": r["n_texts"],
            **{f"R@{k}": percent(r[f"{name}_recall@{k}"]) for k in KS},
            "R@1 95 %": interval(r[f"{name}_recall@1_ci95"]),
            "median rank": f"{r[f'{name}_median_rank']:g}",
            "mean rank": f"{r[f'{name}_mean_rank']:.1f}",
            "MRR": f"{r[f'{name}_mrr']:.4f}",
        }
        for r in records
        for said, name, _ in sides
    ]


COMMAND = Command(
    name="retrieve", help="caption retrieval in both directions", add_arguments=_add_arguments, run=_run, rows=_rows
)
