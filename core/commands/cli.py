"""`python -m core COMMAND`: parse, run, print a table or write the JSON document.

Exit status: 0 success, 2 bad arguments, 1 failure with one sentence on standard error (`--debug` shows the
traceback).
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from core.commands import bundle, catalog, embed, field, index, jobs, report, search, verify
from core.commands.base import Command, Record, Row, note_lines
from core.encoders.asked import asked_precision
from core.engine import Engine
from core.errors import BadArgument, Cancelled, TMVError, UnknownName
from core.readers import cache_folder, typed_name
from core.studies.registry import named_after_studies
from core.system.files import cache_trouble, replacing
from core.types import Note

FIRST: tuple[Command, ...] = (catalog.MODELS, catalog.DATASETS, embed.COMMAND)
LAST: tuple[Command, ...] = (
    search.COMMAND,
    index.COMMAND,
    field.COMMAND,
    report.COMMAND,
    bundle.COMMAND,
    jobs.COMMAND,
    verify.COMMAND,
)


def commands() -> tuple[Command, ...]:
    """Every command as the help lists them; those of studies are found by the name of their kind."""
    modules = named_after_studies("commands").values()
    return (*FIRST, *(import_module(module).COMMAND for module in modules), *LAST)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(prog="python -m core", description="Text Meets Vision: measure CLIP models from the command line.")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for command in commands():
        sub = subparsers.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(sub)
        sub.add_argument("--json", metavar="FILE", help="write the result document there (- for standard output)")
        sub.add_argument("--device", metavar="NAME", help="cuda, mps or cpu (default: the best there is)")
        sub.add_argument(
            "--precision",
            metavar="NAME",
            help="fp32, bf16, fp16, tf32 or auto (default: the fastest that is close to float32 on this machine)",
        )
        sub.add_argument("--debug", action="store_true", help="show the traceback of a failure")
        sub.set_defaults(run=command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    from core.words.names import shown_together

    args = parser().parse_args(argv)
    quiet_libraries(args.debug)
    try:
        check_json_target(args.json)
        asked_precision(args.precision)
        asked = {"device": args.device, "precision": args.precision, "ray": getattr(args, "ray", None)}
        engine = Engine(in_process=True, rescan_seconds=2.0, tell=_tell, **asked)
        if data := _named(args, "data"):
            args.data = [typed_name(name, engine.data.names) for name in data]
        with shown_together(_named(args, "model"), _named(args, "data")):
            records = args.run.run(engine, args)
            write(args.run, records, args.json)
    except KeyboardInterrupt:
        print("Stopped. What was finished is kept; run the same command to go on.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if args.debug:
            raise
        print(f"{args.command}: {sentence(error, cache_folder())}", file=sys.stderr)
        return 2 if isinstance(error, UnknownName | BadArgument) else 1
    return 0


def _named(args: argparse.Namespace, option: str) -> list[str]:
    """What was given for `--model` or `--data`, once or several times."""
    given = getattr(args, option, None) or []
    return [given] if isinstance(given, str) else list(given)


def _tell(said: str) -> None:
    print(said, file=sys.stderr)


def sentence(error: Exception, cache: Path | None = None) -> str:
    """One sentence for a person; errors nobody foresaw say how to see more, those of the cache what to do."""
    if isinstance(error, Cancelled):
        return "stopped."
    if isinstance(error, TMVError):
        return str(error)
    if cache is not None and (said := cache_trouble(error, cache.absolute())):
        return said
    detail = " ".join(str(error).split()) or "no detail"
    return f"an unexpected {type(error).__name__} ({detail}); run again with --debug to see where."


def quiet_libraries(debug: bool) -> None:
    """Keep the libraries' warnings out of the way of the one sentence, unless someone is looking for a fault."""
    if not debug:
        warnings.filterwarnings("ignore")
        logging.disable(logging.WARNING)


def check_json_target(target: str | None) -> None:
    """Complain about a file that cannot be written before the work, not after it."""
    if not target or target == "-":
        return
    file = Path(target).absolute()
    if not file.parent.is_dir():
        raise BadArgument(f"--json expects a file in an existing folder, got {target}; make its folder first.")
    if file.is_dir():
        raise BadArgument(f"--json expects a file, got the folder {target}; give the file a name in it.")
    if not os.access(file.parent, os.W_OK):
        raise BadArgument(f"--json expects a file that can be written, and {file.parent} does not let it be.")


def document(command: str, records: Sequence[Record]) -> dict[str, Any]:
    """The result document; figures are 0-1 floats, and what is not a number is null."""
    return {"schema": 1, "command": command, "results": [_plain(record) for record in records]}


def _plain(value: Any) -> Any:
    """JSON-ready: NumPy numbers and arrays become plain, NaN becomes null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Note):
        return value.as_dict()
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write(command: Command, records: Sequence[Record], target: str | None) -> None:
    """The document to `target`, or the table to standard output."""
    if target is None:
        print("\n".join([table(command.rows(records)), *note_lines(records)]))
        return
    text = json.dumps(document(command.name, records), indent=2, ensure_ascii=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        with replacing(Path(target), cache=False) as file:
            file.write(text.encode())


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned columns; numbers to the right."""
    if not rows:
        return "Nothing to show."
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names] + [[str(row.get(name, "")) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    right = [all(_numeric(line[i]) for line in cells[1:]) for i in range(len(names))]
    lines = [
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def _numeric(cell: str) -> bool:
    return cell == "" or cell.lstrip("-+")[:1].isdigit()
