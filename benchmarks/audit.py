"""How much of what can be wrong with a number the audit finds, and how often it cries wolf.

Every fault of `_planted.FAULTS` is planted alone in several worlds and together with every other one that it can go
with; and sound studies, easy and hard, of few and many classes, are audited as they are. No tool of the field has such
an audit to lay beside it (see the README), so there is no peer.

The faults here were written by whoever wrote the checks, so their rates flatter. Rates that do not come from a second
set that stays outside of the repository, written by somebody who has not read the checks:

    python -m benchmarks audit --plants PATH

PATH is a Python file with any of three names. `FAULTS` is a mapping of a fault to the check that should find it and a
function that plants it in a `_planted.World`; `FILE_FAULTS` one to the check and a function (world, seed) that gives
the `AuditResult` of a file with it, as in `_brought`; `SOUND` a list of worlds without a fault. Its plants are run
as those here are and printed each with its rate and Wilson's 95 % interval, in rows of their own. Whoever
changes a check may run them and read the rates, never the plants: a check that is tuned on them needs a new set.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import Row
from benchmarks._brought import FILE_FAULTS, sound_file
from benchmarks._planted import FAULTS, ONLY_ALONE, World, case_of, pairs, sound_worlds
from core.errors import TMVError
from core.stats.intervals import wilson
from core.stats.numbers import interval_text
from core.studies.audit import CHECKS, AuditResult, audit

ALONE = tuple(World(seed=seed, c=c) for seed in range(4) for c in (10, 20, 40))
TOGETHER = (World(seed=7), World(seed=8, c=10))
SOUND = 240
IN_FILES = tuple(World(seed=seed, c=c, n=600) for seed in range(3) for c in (6, 20))
SOUND_FILES = 120
NOT_AN_ALARM = {"enough"}
"""That an interval is wide is true of few pictures, whoever brings them."""

Look = tuple[int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plants:
    """A set of faults from outside: see the module."""

    faults: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    file_faults: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    sound: Sequence[World] = ()


def run(plants: Path | None = None) -> list[Row]:
    """What is found alone, in pairs and in files, each fault on a row of its own, and what is raised on sound ones."""
    every = FAULTS | ONLY_ALONE
    alone = {name: [_look(world, (name,)) for world in ALONE] for name in every}
    together = [_look(world, pair) for pair in pairs() for world in TOGETHER]
    files = {name: [_in_file(FILE_FAULTS, name, world) for world in IN_FILES] for name in FILE_FAULTS}
    return [
        _row("audit: faults found, each planted alone", [look for looks in alone.values() for look in looks]),
        _row("audit: faults found, planted in pairs", together),
        _silence("audit: false alarms on sound studies", sound_worlds(SOUND)),
        _row("audit: faults found, planted in files brought", [look for looks in files.values() for look in looks]),
        _silence_of_files(),
        *(_row(f"audit, alone: {name}", looks) for name, looks in alone.items()),
        *(_row(f"audit, in a file: {name}", looks) for name, looks in files.items()),
        *(_outside(load(plants)) if plants is not None else []),
    ]


def load(path: Path) -> Plants:
    """The plants of a file that is not part of the repository. Raises `TMVError` where it is none."""
    spec = importlib.util.spec_from_file_location("plants_from_outside", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise TMVError(f"--plants expects a Python file with FAULTS, FILE_FAULTS or SOUND, got {path}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = Plants(
        faults=getattr(module, "FAULTS", {}),
        file_faults=getattr(module, "FILE_FAULTS", {}),
        sound=getattr(module, "SOUND", ()),
    )
    checks = {check for check, _ in (*found.faults.values(), *found.file_faults.values())}
    if unknown := sorted(checks - {check.name for check in CHECKS}):
        raise TMVError(f"{path.name} names checks that the audit does not have: {', '.join(unknown)}.")
    if not (found.faults or found.file_faults or found.sound):
        raise TMVError(f"--plants expects FAULTS, FILE_FAULTS or SOUND in {path.name}, and it has none of them.")
    return found


def _outside(plants: Plants) -> list[Row]:
    """Their rates; what is missed there is a measurement, not an error of this run."""
    alone = {name: [_look(world, (name,), plants.faults) for world in ALONE] for name in plants.faults}
    files = {name: [_in_file(plants.file_faults, name, world) for world in IN_FILES] for name in plants.file_faults}
    rows = [_row(f"audit, blind: {name}", looks) for name, looks in (alone | files).items()]
    if plants.sound:
        rows.append(_silence("audit, blind: false alarms", list(plants.sound)))
    return [Row(**{**_fields(row), "equal": True}) for row in rows]


def _fields(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def planted(world: World, faults: Iterable[str], known: Mapping[str, tuple[str, Any]] | None = None) -> AuditResult:
    """The audit of a world with these faults in it."""
    for name in faults:
        world = (known or FAULTS | ONLY_ALONE)[name][1](world)
    return audit(case_of(world))


def missed(world: World, faults: Sequence[str], known: Mapping[str, tuple[str, Any]] | None = None) -> list[str]:
    """Those of the planted faults that the audit does not raise."""
    result, checks = planted(world, faults, known), known or FAULTS | ONLY_ALONE
    return [name for name in faults if not result.finding(checks[name][0]).raised]


def _look(world: World, faults: tuple[str, ...], known: Mapping[str, tuple[str, Any]] | None = None) -> Look:
    lost = missed(world, faults, known)
    return len(faults), [f"{name} (with {', '.join(faults)}; seed {world.seed}, {world.c} classes)" for name in lost]


def _row(work: str, looks: Sequence[Look]) -> Row:
    total, lost = sum(n for n, _ in looks), [name for _, names in looks for name in names]
    found = total - len(lost)
    return Row(
        work,
        "-",
        None,
        100 * found / total,
        "% found",
        None,
        parity=f"{found} of {total} ({interval_text(wilson(found, total))})",
        equal=not lost,
        note="; ".join(lost[:3]),
    )


def _in_file(faults: Mapping[str, tuple[str, Any]], name: str, world: World) -> Look:
    check, audited = faults[name]
    found = audited(world, world.seed).finding(check).raised
    return 1, [] if found else [f"{name} (seed {world.seed}, {world.c} classes)"]


def _silence_of_files() -> Row:
    """Tables and documents without a fault: nothing may be raised but that pictures are few."""
    loud = list[str]()
    for seed, world in enumerate(sound_worlds(SOUND_FILES)):
        raised = [f for f in sound_file(world, seed).raised if f.check not in NOT_AN_ALARM]
        loud += [f"seed {seed}: {raised[0].check}: {raised[0].evidence}"] if raised else []
    return _alarms("audit: false alarms on sound files brought", loud, SOUND_FILES, "% of files")


def _silence(work: str, worlds: Sequence[World]) -> Row:
    raised = [(world, audit(case_of(world)).raised) for world in worlds]
    loud = [f"seed {world.seed}: {found[0].check}: {found[0].evidence}" for world, found in raised if found]
    return _alarms(work, loud, len(worlds), "% of studies")


def _alarms(work: str, loud: Sequence[str], total: int, unit: str) -> Row:
    return Row(
        work,
        "-",
        None,
        100 * len(loud) / total,
        unit,
        None,
        parity=f"{len(loud)} of {total} ({interval_text(wilson(len(loud), total))})",
        equal=len(loud) <= 0.02 * total,
        note="; ".join(loud[:3]),
    )
