"""`report`: studies as one HTML file that needs nothing else, and their tables as files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.base import Command, Record, Row, add_selection, ensure_vectors, new_file, selection
from core.commands.classify import add_prompts, asked
from core.engine import Engine
from core.errors import BadArgument
from core.studies.registry import report_parts
from core.system.files import write_atomic

if TYPE_CHECKING:
    from core.report import Report

PARTS = tuple(report_parts())


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the report, for example report.html")
    add_selection(parser)
    parser.add_argument(
        "--study",
        action="append",
        choices=PARTS,
        metavar="PART",
        help=f"{', '.join(PARTS)}; repeat for several (default: all that fit and are cached)",
    )
    parser.add_argument("--title", default="", metavar="TEXT", help="the title of the report")
    parser.add_argument(
        "--pictures",
        type=int,
        default=12,
        metavar="N",
        help="at most N small images of mistakes for each model and data set (default 12)",
    )
    parser.add_argument("--tables", metavar="FOLDER", help="also write every table there as CSV, Markdown and LaTeX")
    parser.add_argument("--cached", action="store_true", help="use what the cache holds; embed nothing first")
    add_prompts(parser)


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    target = new_file(args.file)
    if args.pictures < 0:
        raise BadArgument(f"--pictures expects 0 or more, got {args.pictures}.")
    pairs = selection(args)
    for model, dataset in pairs if not args.cached else ():
        ensure_vectors(engine, engine.place(model, dataset, args.split))
    from core.report import Request, make_report  # they bring pandas and the charts

    request = Request(
        models=tuple(args.model),
        datasets=tuple(args.data),
        studies=tuple(args.study or ()),
        title=args.title,
        split=args.split,
        pictures=args.pictures,
        **asked(args),
    )
    report = make_report(engine, request)
    write_atomic(target.absolute(), report.html, cache=False)
    tables = _write_tables(report, Path(args.tables)) if args.tables else []
    return [
        {
            "file": str(target),
            "bytes": len(report.html),
            "tables": [t.name for t in report.tables],
            "table_files": tables,
            "missing": list(report.missing),
        }
    ]


def _write_tables(report: Report, folder: Path) -> list[str]:
    from core.report import to_csv, to_latex, to_markdown

    forms = {"csv": to_csv, "md": to_markdown, "tex": to_latex}
    files = [(folder / f"{t.name}.{suffix}", form(t)) for t in report.tables for suffix, form in forms.items()]
    for file, text in files:
        write_atomic(file.absolute(), text.encode("utf-8", "replace"), cache=False)
    return [str(file) for file, _ in files]


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "report": r["file"],
            "MB": f"{r['bytes'] / 1e6:.1f}",
            "tables": len(r["tables"]),
            "left out": "; ".join(r["missing"]) or "nothing",
        }
        for r in records
    ]


COMMAND = Command(
    name="report",
    help="studies as one HTML file, offline and printable, with their tables",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
