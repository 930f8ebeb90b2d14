"""`field`: published figures of other checkpoints, the best within a budget, and where a model is among them."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.catalog.field import FieldSet, every_set, find_set, find_sets
from core.catalog.models import find_model
from core.commands.base import Command, Record, Row, interval, percent
from core.engine import Engine
from core.errors import BadArgument, TMVError
from core.readers.predictions import read_predictions
from core.stats.numbers import upper_first
from core.studies.field.beside import laid_beside
from core.studies.field.choosing import FieldFilter
from core.studies.field.expected import alarms, expected_for
from core.studies.field.own import OwnFigure, known_figures, own_figures
from core.studies.field.ranking import best_within, standings
from core.types import Level, Note
from core.words.field import beside_said, best_said, expected_said

AROUND = 5
"""So many checkpoints are shown on each side of `--near`."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME",
        help="a data set of the field, a retrieval recall or a group of them, for example cifar100, satellite or "
        "retrieval; repeat for several (default: all 38 data sets)",
    )
    parser.add_argument(
        "--budget", type=_positive, metavar="MILLIONS", help="only checkpoints with at most so many million parameters"
    )
    parser.add_argument("--gflops", type=_positive, metavar="N", help="only checkpoints with at most so many GFLOPs")
    parser.add_argument("--commercial", action="store_true", help="only what may be used commercially")
    parser.add_argument(
        "--words", default="", metavar="WORDS", help="only checkpoints with these words in name, family or data"
    )
    parser.add_argument(
        "--near",
        metavar="MODEL",
        help="where this model is: its neighbors, and what was measured of it here beside what the field makes one "
        "expect",
    )
    parser.add_argument(
        "--beside",
        metavar="FILE",
        help="figures of an evaluation (CLIP_benchmark's JSON or CSV, a table as open_clip publishes it, MTEB's JSON) "
        "beside what is published of the same models and what to expect of them",
    )


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    sets = _sets(args.set)
    if args.beside is not None:
        if args.near is not None:
            raise BadArgument("--near and --beside are two things; give one of them.")
        return _beside(sets, Path(args.beside))
    from core.tables.field import standings_frame  # it brings pandas

    chosen = FieldFilter(
        parameters=args.budget, gflops=args.gflops, commercial=args.commercial, words=args.words.strip()
    )
    rows = [_record(row, sets) for row in standings_frame(standings(sets, chosen)).to_dict("records")]
    best = best_said(best_within(sets, chosen), sets, chosen)
    note = Note(text=str(best), code=best.code or "", level="info").as_dict()
    rows = [row | {"notes": [note]} for row in rows]
    return rows if args.near is None else _near(engine, rows, sets, args.near)


def _beside(sets: Sequence[FieldSet], path: Path) -> list[Record]:
    """A record for each figure of a file that is one of these data sets."""
    found = laid_beside(read_predictions(path))
    found = replace(found, rows=tuple(row for row in found.rows if row.field_set in sets or row.field_set.recall))
    if not found.rows:
        why = f" {upper_first(found.left[0])}" if found.left else ""
        raise TMVError(f"{path.name} has no figure of a data set of the field that was asked for.{why}")
    said = beside_said(found)
    level: Level = "warning" if said.code == "unlike_the_field" else "info"
    notes = [Note(text=str(said), code=said.code or "", level=level)]
    notes += [Note(text=reason, code="left_out", level="info") for reason in found.left]
    return [
        {
            "model": row.model,
            "kind": "brought",
            "set": row.field_set.name,
            "metric": row.field_set.metric,
            "value": row.value,
            "n": row.n,
            "published": row.published,
            "difference": row.difference,
            "expected": None if row.expected is None else row.expected.value,
            "expected_band": None if row.expected is None else [row.expected.low, row.expected.high],
            "place": row.place,
            "why": row.why,
            "source": row.source,
            "notes": [note.as_dict() for note in notes],
        }
        for row in found.rows
    ]


def _beside_row(record: Record) -> Row:
    band = record["expected_band"]
    gap = record["difference"]
    return {
        "model": record["model"],
        "data set": find_set(record["set"]).title,
        "value": percent(record["value"]),
        "published": percent(record["published"]),
        "difference": "" if gap is None else f"{100 * gap:+.1f}",
        "expected": interval(band) if band is not None else "",
        "it is": {"inside": "as expected"}.get(record["place"], record["place"] or record["why"]),
    }


def _sets(names: Sequence[str] | None) -> tuple[FieldSet, ...]:
    """Those asked for, each once, in the order of the table."""
    try:
        asked = {each for name in names or ["all"] for each in find_sets(name)}
    except TMVError as error:
        raise BadArgument(str(error)) from None
    return tuple(each for each in every_set() if each in asked)


def _record(row: Mapping[Hashable, Any], sets: Sequence[FieldSet]) -> Record:
    return {
        **{str(name): value for name, value in row.items() if name not in {s.name for s in sets} | {"low", "high"}},
        "mean_ci95": [row["low"], row["high"]],
        "figures": {each.name: row[each.name] for each in sets},
        "kind": "published",
        "notes": [],
    }


def _near(engine: Engine, rows: list[Record], sets: Sequence[FieldSet], typed: str) -> list[Record]:
    """The model's neighbors in the ranking, then a record for each of its figures: measured here, or published."""
    name = find_model(typed).name
    stored = dict.fromkeys(entry.key.dataset for entry in engine.store.entries() if entry.key.model == name)
    own, _ = own_figures(engine, [(name, dataset) for dataset in stored])
    own = tuple(each for each in own if each.field_set in sets)
    at = next((i for i, row in enumerate(rows) if row["model"] == name), None)
    if at is None and not own:
        raise TMVError(
            f"{name} is not among these checkpoints of the field, and nothing that the field knows was measured of it "
            f"here; measure it first, for example: python -m core classify --model {name} --data cifar100"
        )
    around = [] if at is None else rows[max(0, at - AROUND) : at + AROUND + 1]
    return [*around, *(_placed(each, own) for each in own)]


def _placed(figure: OwnFigure, every: Sequence[OwnFigure]) -> Record:
    """A figure measured here, beside what checkpoints as good elsewhere get."""
    record: Record = {
        "model": figure.model,
        "kind": "measured",
        "dataset": figure.dataset,
        "split": figure.split,
        "set": figure.field_set.name,
        "value": figure.value,
        "ci95": list(figure.ci95),
        "n": figure.n,
        "remark": figure.remark,
        "notes": [note.as_dict() for note in figure.notes],
    }
    try:
        found = expected_for(figure.model, figure.field_set, known_figures(every, figure.model))
    except TMVError as error:
        return record | {"expected": None, "why": str(error)}
    said = expected_said(found, figure.value, figure.n, alarms())
    like = said.code == "like_the_field"
    note = Note(text=str(said), code=said.code or "", level="info" if like else "warning")
    record["notes"].append(note.as_dict())
    return record | {"expected": found.value, "expected_band": [found.low, found.high], "why": ""}


def _rows(records: Sequence[Record]) -> list[Row]:
    row = {"measured": _own_row, "brought": _beside_row}
    return [row.get(record["kind"], _row)(record) for record in records]


def _row(record: Record) -> Row:
    figures = record["figures"]
    shown = {find_set(name).short: percent(value) for name, value in figures.items()} if len(figures) <= 4 else {}
    return {
        "rank": record["rank"],
        "model": record["model"],
        "parameters": f"{record['parameters'] / 1e6:,.0f} million",
        "mean": percent(record["mean"]),
        "95 %": interval(record["mean_ci95"]),
        "mean rank": f"{record['mean_rank']:.1f}",
        **shown,
    }


def _own_row(record: Record) -> Row:
    return {
        "rank": "here",
        "model": record["model"],
        "parameters": "",
        "mean": percent(record["value"]),
        "95 %": interval(record["ci95"]),
        "mean rank": record["dataset"],
    }


COMMAND = Command(
    name="field",
    help="published figures of 121 checkpoints on 38 data sets: the best within a budget, and where a model is",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
