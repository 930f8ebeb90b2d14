"""`prompts`: accuracy of every template by itself, and of all together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row, add_selection, answer, interval, percent, selection
from core.engine import Engine
from core.errors import BadArgument
from core.studies.prompts.study import PromptStudy


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--template", action="append", metavar="T", help="a template with one {} for the class name; repeat for several"
    )
    group.add_argument(
        "--templates", metavar="SET", help="a prompt set, each of its templates by itself (default: the data set's own)"
    )
    parser.add_argument(
        "--baseline",
        metavar="T",
        help="the template, or the word ensemble, that the others are compared with (default: the first)",
    )
    parser.add_argument(
        "--classnames",
        action="append",
        metavar="KIND",
        help="curated (default), raw (folder names), or a file with one name a line; repeat to compare",
    )


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs = selection(args)
    for _, dataset in pairs:
        forms = engine.prompting.templates(dataset, args.template, args.templates)
        if args.baseline and args.baseline not in (*forms, "ensemble"):
            raise BadArgument(f"--baseline {args.baseline!r} is not among the templates; add it with --template.")
    kinds = args.classnames or ["curated"]
    return [_study(engine, args, model, dataset, kind) for model, dataset in pairs for kind in dict.fromkeys(kinds)]


def _study(engine: Engine, args: argparse.Namespace, model: str, dataset: str, kind: str) -> Record:
    prompts = {"templates": args.template, "prompt_set": args.templates, "classnames": kind, "baseline": args.baseline}
    study = PromptStudy.at(engine, model, dataset, args.split, **prompts)
    return answer(engine, study, f"prompts of {model}", "templates").to_record()


def _rows(records: Sequence[Record]) -> list[Row]:
    return [row for record in records for row in _record_rows(record)]


def _record_rows(record: Record) -> list[Row]:
    every = record["templates"] + ([record["ensemble"]] if len(record["templates"]) > 1 else [])
    return [
        {
            "model": record["model"],
            "data": record["dataset"],
            "names": record["classnames_kind"],
            "template": " = ".join([t["template"], *t.get("also", ())]),
            "n": record["n"],
            "top-1": percent(t["acc1"]),
            "95 %": interval(t["acc1_ci95"]),
            "top-5": percent(t["acc5"]),
            "gained": len(t["gained"]),
            "lost": len(t["lost"]),
            **_against(t),
        }
        for t in every
    ]


def _against(template: Record) -> Row:
    """The paired difference to the baseline."""
    gap = template["difference"]
    if gap is None:
        return {"difference": "baseline", "p": ""}
    return {"difference": f"{100 * gap['difference']:+.2f}", "p": f"{gap['p_value']:.2g}"}


COMMAND = Command(
    name="prompts",
    help="accuracy of each template and of all together",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
