"""`audit`: why is this number not the paper's number?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from core.catalog.models import find_model
from core.commands.base import Command, Record, Row, answer, percent, selection
from core.commands.classify import add_prompts, asked
from core.engine import Engine
from core.errors import BadArgument
from core.readers.datasets import find_dataset
from core.readers.predictions import read_predictions
from core.studies.audit import AuditResult
from core.studies.audit.study import Audit, audit_classes, audit_deck, audit_predictions, audit_probe
from core.studies.audit.trying.result import Trial
from core.studies.audit.trying.study import Trying, can_try
from core.studies.probe.study import LinearProbe

METHODS = ("zero-shot", "probe")
QUICK = 60.0
"""Seconds in which known mistakes are tried without being asked for."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", action="append", metavar="NAME", help="a model; repeat for several")
    parser.add_argument("--data", action="append", metavar="NAME", help="a data set; repeat for several")
    parser.add_argument("--split", metavar="NAME", help="the split (default: the one the data set is measured on)")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=METHODS[0],
        help="what is audited: zero-shot (default; captions: their retrieval), or a linear probe",
    )
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        help="audit these instead: a CSV of image,label,prediction (or a score for each class), or "
        "CLIP_benchmark's JSON; --model and --data then say what they are of, where that is known",
    )
    parser.add_argument("--deck", action="store_true", help="audit every figure of the original study instead")
    parser.add_argument(
        "--try",
        dest="attempt",
        action="store_true",
        help="make the answers (without --predictions: the stored vectors) in every known wrong way, and name the one "
        "that gives them; predictions are tried without asking where that takes less than a minute",
    )
    parser.add_argument("--cached", action="store_true", help="use what the cache holds; load no model")
    add_prompts(parser)


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    if args.deck and args.predictions:
        raise BadArgument("--deck and --predictions are two things; give one of them.")
    if args.deck:
        return [result.to_record() for result in audit_deck()]
    found = _predictions(engine, args) if args.predictions else _studies(engine, args)
    return [result.to_record() for result in found]


def _studies(engine: Engine, args: argparse.Namespace) -> list[AuditResult]:
    if not args.model or not args.data:
        raise BadArgument("audit needs --model and --data, or --predictions FILE, or --deck.")
    return [_study(engine, args, model, dataset) for model, dataset in selection(args)]


def _study(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> AuditResult:
    if args.method == "probe":
        found = audit_probe(engine, LinearProbe.at(engine, model, dataset, args.split))
        if found is None:
            raise BadArgument(
                f"No linear probe of {model} on {dataset} has been trained; first: python -m core probe "
                f"--model {model} --data {dataset}"
            )
        return found
    if args.attempt and args.cached:
        raise BadArgument("--try encodes images and --cached loads no model; give one of them.")
    study = Audit.at(engine, model, dataset, args.split, **asked(args), encode=not args.cached)
    if args.attempt:
        answer(engine, Trying(place=study.place), f"known mistakes with {model}", "ways")
    return engine.run(study) if args.cached else answer(engine, study, f"prompts of {model}", "texts")


def _predictions(engine: Engine, args: argparse.Namespace) -> list[AuditResult]:
    if max(len(args.model or ()), len(args.data or ())) > 1:
        raise BadArgument("--predictions are of one model and one data set; give --model and --data once at most.")
    model, dataset = (names[0] if names else None for names in (args.model, args.data))
    model = find_model(model).name if model else None
    classes = audit_classes(engine, find_dataset(dataset).name, args.split) if dataset else None
    stated: dict[str, Any] = {
        "templates": _stated_templates(engine, args, dataset),
        "classnames": args.classnames if args.classnames != "curated" else None,
    }
    brought = read_predictions(Path(args.predictions), classes)
    stated |= {"encode": not args.cached, "attempt": None if args.cached else partial(_attempt, engine, args.attempt)}
    return [audit_predictions(engine, b, model, dataset, args.split, **stated) for b in brought]


def _attempt(engine: Engine, whatever_it_takes: bool, study: Trying) -> Trial | None:
    """Known mistakes tried on someone's predictions, where that was asked for or is quick."""
    seconds = study.seconds(engine)
    quick = seconds is not None and seconds < QUICK
    if not whatever_it_takes and not (quick and can_try(engine, study.place)):
        return None
    return answer(engine, study, f"known mistakes with {study.place.model.name}", "ways")


def _stated_templates(engine: Engine, args: argparse.Namespace, dataset: str | None) -> Sequence[str] | None:
    if not args.template and not args.templates:
        return None
    return engine.prompting.templates(dataset or "", args.template, args.templates)


def _rows(records: Sequence[Record]) -> list[Row]:
    several = len(records) > 1
    rows = list[Row]()
    for record in records:
        shown = [c for c in record["checks"] if not several or c["verdict"] in ("fault", "warning")]
        rows += [_row(record, check) for check in shown]
        rows.append(
            {
                "audited": record["title"],
                "check": "in all",
                "verdict": percent(record["acc1"]) or "-",
                "evidence": record["sentence"],
            }
        )
    return rows


def _row(record: Record, check: Record) -> Row:
    gain, otherwise = check["counterfactual"], ""
    if gain is not None:
        otherwise = f" [{gain['said']}: {percent(gain['value'])} instead of {percent(record['acc1'])}]"
    return {
        "audited": record["title"],
        "check": check["check"],
        "verdict": check["verdict"],
        "evidence": check["evidence"] + otherwise,
    }


COMMAND = Command(
    name="audit",
    help="why is this number not the paper's: every check, with its evidence",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
