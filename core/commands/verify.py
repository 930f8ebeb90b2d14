"""`verify`: check everything in the cache against its checksums and mend what can be mended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row
from core.engine import Engine
from core.store.verify import verify


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-mend", action="store_true", help="only report, change nothing")


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    report = verify(engine.store, mend=not args.no_mend)
    return [{"checked": report.checked, "damaged": list(report.damaged), "mended": list(report.mended)}]


def _rows(records: Sequence[Record]) -> list[Row]:
    return [{"checked": r["checked"], "damaged": len(r["damaged"]), "mended": len(r["mended"])} for r in records]


COMMAND = Command(
    name="verify",
    help="check the cache against its checksums and mend it",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
