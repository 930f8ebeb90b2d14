"""`bundle`: a part of the cache as one file for another machine, and such a file into the cache."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from core.bundle import install
from core.bundle.choosing import export_bundle
from core.commands.base import Command, Record, Row, bar, new_file
from core.engine import LARGE, SMALL, Engine
from core.types import EmbeddingKey

EXPORT, IMPORT = "export", "import"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=(EXPORT, IMPORT), help="write a bundle, or take one into the cache")
    parser.add_argument("file", metavar="FILE", help="the bundle, for example talk.zip")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="export this model; repeat for several (default: all in the cache)",
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="NAME",
        help="export this data set; repeat for several (default: all in the cache)",
    )
    parser.add_argument("--no-thumbnails", action="store_true", help="leave the small images out")
    parser.add_argument(
        "--tokenizers",
        action="store_true",
        help="also put the files of the models' tokenizers in (those of the hub), so that texts can be counted and "
        "compared on a machine without a network; weights are never in a bundle",
    )
    parser.add_argument(
        "--large", action="store_true", help="also put images of up to 1,024 pixels in; originals are never in a bundle"
    )


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    if args.action == IMPORT:
        return [_import(engine, Path(args.file))]
    file = new_file(args.file)
    with bar(f"exporting {file.name}", unit="bytes") as progress:
        sizes = [size for size, wanted in ((SMALL, not args.no_thumbnails), (LARGE, args.large)) if wanted]
        report = export_bundle(
            engine, file, args.model, args.data, sizes=sizes, tokenizers=args.tokenizers, progress=progress
        )
    return [
        {
            "action": EXPORT,
            "file": str(file),
            "bytes": report.bytes,
            "entries": _keys(report.entries),
            "texts": report.texts,
            "results": report.results,
            "thumbnails": report.thumbnails,
            "missing_thumbnails": report.missing_thumbnails,
            "tokenizer_files": report.tokenizers,
        }
    ]


def _import(engine: Engine, file: Path) -> Record:
    with bar(f"importing {file.name}", unit="bytes") as progress:
        report = install(engine.cache_dir, file, progress)
    return {
        "action": IMPORT,
        "file": str(file),
        "entries": _keys(report.entries),
        "there": _keys(report.there),
        "texts": report.texts,
        "results": report.results,
        "thumbnails": report.thumbnails,
        "tokenizer_files": report.tokenizers,
    }


def _keys(keys: Sequence[EmbeddingKey]) -> list[Record]:
    return [asdict(key) for key in keys]


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "bundle": r["file"],
            "action": r["action"],
            "sets of vectors": len(r["entries"]),
            "texts": r["texts"],
            "results": r["results"],
            "pictures": r["thumbnails"],
            "MB": f"{r['bytes'] / 1e6:.1f}" if "bytes" in r else "",
            "there already": len(r.get("there", ())),
        }
        for r in records
    ]


COMMAND = Command(
    name="bundle",
    help="export a part of the cache as one file, or import one",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
