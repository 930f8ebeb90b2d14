"""`optimise`: search for templates on one part of the pictures, judge them once on the other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import (
    Command,
    Record,
    Row,
    add_class_names,
    add_selection,
    answer,
    interval,
    percent,
    positive,
    selection,
)
from core.engine import Engine
from core.errors import BadArgument
from core.studies.prompts.compose import expand
from core.studies.prompts.heldout import BASELINE
from core.studies.prompts.search import BUDGET, LARGEST
from core.studies.prompts.study import PromptSearch, prompt_pool
from core.studies.zero_shot.classify import check_templates
from core.words.accuracy import NO_CLEAR_DIFFERENCE
from core.words.prompts import CHOICES


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument(
        "--template", action="append", metavar="T", help="a template of your own for the pool; repeat for several"
    )
    parser.add_argument(
        "--slots",
        action="append",
        metavar="PATTERN",
        help='a pattern spread into templates, for example "a {style} of a {}."; repeat for several',
    )
    parser.add_argument(
        "--slot",
        action="append",
        metavar="NAME=A,B,C",
        help="the values of one slot of --slots, for example style=photo,drawing; repeat for several",
    )
    parser.add_argument(
        "--only",
        action="store_true",
        help="search only these templates (default: also the data set's, CLIP's 80 and the original study's)",
    )
    parser.add_argument(
        "--baseline",
        action="append",
        metavar="T",
        help="what to beat; repeat for an ensemble (default: the data set's own prompt set)",
    )
    add_class_names(parser)
    parser.add_argument(
        "--budget", type=positive, default=BUDGET, metavar="N", help=f"score at most N ensembles (default {BUDGET})"
    )
    parser.add_argument(
        "--largest", type=positive, default=LARGEST, metavar="N", help=f"choose at most N templates (default {LARGEST})"
    )
    parser.add_argument(
        "--heldout",
        type=_share,
        default=0.5,
        metavar="SHARE",
        help="share of the images kept for the verdict (default 0.5)",
    )


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, got {text!r}")
    return value


def _own_templates(args: argparse.Namespace) -> tuple[str, ...]:
    """The user's templates and the combinations of the user's slots."""
    values = dict(_slot(text) for text in args.slot or ())
    made = [c.text for pattern in args.slots or () for c in expand(pattern, values)]
    own = tuple(dict.fromkeys((*(args.template or ()), *made)))
    if args.only and not own:
        raise BadArgument("--only needs templates of your own; give some with --template or --slots.")
    return check_templates(own) if own else ()


def _slot(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip():
        raise BadArgument(f"--slot expects NAME=A,B,C, got {text!r}.")
    return name.strip(), [value.strip() for value in values.split(",")]


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs, own = selection(args), _own_templates(args)
    for _, dataset in pairs:
        engine.prompting.templates(dataset, args.baseline)
    return [_search(engine, args, model, dataset, own) for model, dataset in pairs]


def _search(engine: Engine, args: argparse.Namespace, model: str, dataset: str, own: tuple[str, ...]) -> Record:
    study = PromptSearch(
        place=engine.place(model, dataset, args.split),
        pool=own if args.only else prompt_pool(engine, dataset, own),
        baseline=args.baseline,
        classnames=args.classnames,
        budget=args.budget,
        largest=args.largest,
        heldout_share=args.heldout,
    )
    return answer(engine, study, f"prompts for {dataset}", "templates").to_record()


def _rows(records: Sequence[Record]) -> list[Row]:
    return [row for record in records for row in _record_rows(record)]


def _record_rows(record: Record) -> list[Row]:
    verdicts = [record["verdict"], record["baseline_verdict"], *record["variants"]]
    return [
        {
            "model": record["model"],
            "data": record["dataset"],
            "held out": record["n_heldout"],
            "choice": CHOICES[v["name"]],
            "templates": len(v["templates"]),
            "top-1": percent(v["heldout_acc1"]),
            "95 %": interval(v["heldout_acc1_ci95"]),
            "difference": f"{100 * v['difference']['difference']:+.2f}" if v["name"] != BASELINE else "",
            "p": f"{v['difference']['p_value']:.2g}" if v["name"] != BASELINE else "",
            "note": _note(v) if v["name"] != BASELINE else "",
        }
        for v in verdicts
    ]


def _note(verdict: Record) -> str:
    low, high = verdict["difference"]["ci95"]
    return NO_CLEAR_DIFFERENCE if low <= 0 <= high else ""


COMMAND = Command(
    name="optimise",
    help="search for prompts and judge them on held-out images",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
