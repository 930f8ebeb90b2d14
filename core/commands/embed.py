"""`embed`: compute and keep the vectors of a data set, at once or by many hands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core.commands.base import Command, Record, Row, add_selection, bar, embed_bar, selection, tell_captions
from core.engine import Engine
from core.errors import BadArgument
from core.studies.pictures.indexing import build_index, index_is_of_earlier_rows
from core.types import Place


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "step",
        nargs="?",
        choices=("plan", "finish"),
        help="for many machines that see the cache folder: plan the work, then --part on each, then finish; "
        "without a step, all of it here",
    )
    add_selection(parser)
    parser.add_argument(
        "--part",
        type=_part,
        metavar="I/N",
        help="compute only the I-th of N equal parts, counted from 1; in any order, again after a failure, on any "
        "machine that sees the cache folder",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="have the machines of a Ray cluster compute: auto, HOST:PORT, or local for one on this machine "
        "(pip install -r requirements-ray.txt)",
    )


def _part(text: str) -> tuple[int, int]:
    """The type of `--part`."""
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"expected I/N with I from 1 to N, for example 3/8, got {text!r}")
    return int(part), int(parts)


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    if args.part and args.step:
        raise BadArgument(f"--part computes, and {args.step} does not: give one of the two.")
    if args.ray and (args.part or args.step):
        raise BadArgument("--ray embeds as a whole: leave out --part and the step.")
    records = [_step(engine, engine.place(model, data, args.split), args) for model, data in selection(args)]
    if args.part is None and args.step is None:
        tell_captions(engine, [record["dataset"] for record in records], args.split)
    return records


def _step(engine: Engine, place: Place, args: argparse.Namespace) -> Record:
    if args.step == "plan":
        return _plan(engine, place)
    if args.part:
        return _compute(engine, place, *args.part)
    return _embed(engine, place, finish=args.step == "finish")


def _names(place: Place) -> Record:
    return {"model": place.model.name, "dataset": place.dataset.name, "split": place.split}


def _plan(engine: Engine, place: Place) -> Record:
    report = engine.vectors.plan(place)
    return {
        **_names(place),
        "n": report.n,
        "chunks": report.chunks,
        "chunk_rows": report.chunk_rows,
        "batch_rows": report.batch_rows,
        "missing": report.missing,
        "complete": report.complete,
    }


def _compute(engine: Engine, place: Place, part: int, parts: int) -> Record:
    with embed_bar(place) as progress:
        report = engine.vectors.part(place, part, parts, progress)
    return {
        **_names(place),
        "part": report.part,
        "parts": report.parts,
        "chunks": report.chunks,
        "computed": report.computed,
        "n": report.images,
        "seconds": report.seconds,
        "images_per_second": report.images / report.seconds if report.images else 0.0,
        "missing": report.missing,
    }


def _embed(engine: Engine, place: Place, *, finish: bool) -> Record:
    with embed_bar(place) as progress:
        report = (engine.vectors.finish if finish else engine.vectors.embed)(place, progress)
    if index_is_of_earlier_rows(engine, place):
        with bar(f"index of {place.dataset.name} with {place.model.name}", "steps") as progress:
            build_index(engine, place, progress)
    provenance = engine.vectors.require(place).provenance
    return {
        **_names(place),
        "split": report.key.split,
        "n": report.n,
        "seconds": report.seconds,
        "images_per_second": report.images_per_second,
        "reused": report.reused,
        "skipped": [{"id": row.id, "reason": row.reason} for row in report.skipped],
        "notes": [note.as_dict() for note in provenance.beside],
        "provenance": provenance.as_dict(),
    }


def _rows(records: Sequence[Record]) -> list[Row]:
    return [_row(record) for record in records]


def _row(record: Record) -> Row:
    names = {"model": record["model"], "data": record["dataset"], "split": record["split"]}
    if "complete" in record:
        state = "complete" if record["complete"] else f"{record['missing']} chunks to compute"
        return {**names, "pictures": record["n"], "chunks": record["chunks"], "state": state}
    timed = {"seconds": f"{record['seconds']:.1f}", "a second": f"{record['images_per_second']:.1f}"}
    if "part" in record:
        part = {"part": f"{record['part']}/{record['parts']}", "chunks": record["chunks"]}
        return {**names, **part, "computed": record["n"], **timed, "chunks missing": record["missing"]}
    return {
        **names,
        "pictures": record["n"],
        **timed,
        "from the cache": record["reused"],
        "skipped": len(record["skipped"]),
    }


COMMAND = Command(
    name="embed", help="compute and keep the vectors of a data set", add_arguments=_arguments, run=_run, rows=_rows
)
