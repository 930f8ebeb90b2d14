"""`python -m benchmarks [NAME ...]`: run the benchmarks and print one table.

Ends with 1 when results differ from the peer's, or with `--strict` also when a ratio is below its floor: a
busy machine must not make a correct program look broken.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import benchmarks
from benchmarks import Row

HEADS = ("work", "peer", "peer's", "ours", "unit", "ratio", "target", "verdict", "parity")


def names() -> list[str]:
    """Every benchmark, by the module's name."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 when all results agree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("name", nargs="*", help=f"which to run, of: {', '.join(names())} (default: all)")
    parser.add_argument("--strict", action="store_true", help="fail when a ratio is below its floor")
    parser.add_argument(
        "--plants",
        type=Path,
        metavar="PATH",
        help="for audit: a Python file of faults from outside of the repository, whose rates are printed too",
    )
    chosen = parser.parse_args(arguments)
    wrong = sorted(set(chosen.name) - set(names()))
    if wrong:
        parser.error(f"no benchmark is called {', '.join(wrong)}; there are: {', '.join(names())}")
    if chosen.plants is not None and "audit" not in (chosen.name or names()):
        parser.error("--plants are for the benchmark audit: python -m benchmarks audit --plants PATH")
    rows = [row for name in chosen.name or names() for row in _run(name, chosen.plants)]
    print(f"\n{machine()}\n\n{table(rows)}\n")
    for row in rows:
        if row.note:
            print(f"- {row.work}: {row.note}")
    low = any(row.verdict == "BELOW FLOOR" for row in rows)
    return int(not all(row.equal for row in rows) or (chosen.strict and low))


def _run(name: str, plants: Path | None = None) -> list[Row]:
    module = importlib.import_module(f"benchmarks.{name}")
    if not hasattr(module, "run"):
        return []
    print(f"{name} ...", file=sys.stderr, flush=True)
    start = time.monotonic()
    rows: list[Row] = module.run(plants) if name == "audit" else module.run()
    print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown, padded so that it also reads well in a terminal."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADS))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.work,
        row.peer_name,
        _number(row.peer),
        _number(row.ours),
        row.unit,
        _number(row.ratio),
        _number(row.target),
        row.verdict,
        row.parity,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def machine() -> str:
    """This machine in words."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = found[0] if found else model
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{os.cpu_count()} cores {model}, Python {platform.python_version()}, load average {load} at the end"


if __name__ == "__main__":
    sys.exit(main())
