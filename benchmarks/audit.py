"""How much of what can be wrong with a number the audit finds, and how often it cries wolf.

Every fault of `_planted.FAULTS` is planted alone in several worlds and together with every other one that it can go
with; and sound studies, easy and hard, of few and many classes, are audited as they are. No tool of the field has such
an audit to lay beside it (see the README), so there is no peer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import Row
from benchmarks._brought import FILE_FAULTS, sound_file
from benchmarks._planted import FAULTS, World, case_of, pairs, sound_worlds
from core.studies.audit import AuditResult, audit

ALONE = tuple(World(seed=seed, c=c) for seed in range(4) for c in (10, 20, 40))
TOGETHER = (World(seed=7), World(seed=8, c=10))
SOUND = 240
IN_FILES = tuple(World(seed=seed, c=c, n=600) for seed in range(3) for c in (6, 20))
SOUND_FILES = 120
NOT_AN_ALARM = {"enough"}
"""That an interval is wide is true of few pictures, whoever brings them."""


def run() -> list[Row]:
    """Three rows: found alone, found in pairs, raised on sound studies."""
    alone = [_look(world, (name,)) for name in FAULTS for world in ALONE]
    together = [_look(world, pair) for pair in pairs() for world in TOGETHER]
    files = [_in_file(name, world) for name in FILE_FAULTS for world in IN_FILES]
    return [
        _row("audit: faults found, each planted alone", alone),
        _row("audit: faults found, planted in pairs", together),
        _silence(),
        _row("audit: faults found, planted in files brought", files),
        _silence_of_files(),
    ]


def planted(world: World, faults: Iterable[str]) -> AuditResult:
    """The audit of a world with these faults in it."""
    for name in faults:
        world = FAULTS[name][1](world)
    return audit(case_of(world))


def missed(world: World, faults: Sequence[str]) -> list[str]:
    """Those of the planted faults that the audit does not raise."""
    result = planted(world, faults)
    return [name for name in faults if not result.finding(FAULTS[name][0]).raised]


def _look(world: World, faults: tuple[str, ...]) -> tuple[int, list[str]]:
    return len(faults), [f"{name} (with {', '.join(faults)}; seed {world.seed})" for name in missed(world, faults)]


def _row(work: str, looks: Sequence[tuple[int, list[str]]]) -> Row:
    total, lost = sum(n for n, _ in looks), [name for _, names in looks for name in names]
    return Row(
        work,
        "-",
        None,
        100 * (total - len(lost)) / total,
        "% found",
        None,
        parity=f"{total - len(lost)} of {total}",
        equal=not lost,
        note="; ".join(lost[:3]),
    )


def _in_file(name: str, world: World) -> tuple[int, list[str]]:
    check, audited = FILE_FAULTS[name]
    found = audited(world, world.seed).finding(check).raised
    return 1, [] if found else [f"{name} (seed {world.seed}, {world.c} classes)"]


def _silence_of_files() -> Row:
    """Tables and documents without a fault: nothing may be raised but that pictures are few."""
    loud = list[str]()
    for seed, world in enumerate(sound_worlds(SOUND_FILES)):
        raised = [f for f in sound_file(world, seed).raised if f.check not in NOT_AN_ALARM]
        loud += [f"seed {seed}: {raised[0].check}: {raised[0].evidence}"] if raised else []
    return Row(
        "audit: false alarms on sound files brought",
        "-",
        None,
        100 * len(loud) / SOUND_FILES,
        "% of files",
        None,
        parity=f"{len(loud)} of {SOUND_FILES}",
        equal=len(loud) <= 0.02 * SOUND_FILES,
        note="; ".join(loud[:3]),
    )


def _silence() -> Row:
    raised = [(world, audit(case_of(world)).raised) for world in sound_worlds(SOUND)]
    loud = [(world, found) for world, found in raised if found]
    said = "; ".join(f"seed {world.seed}: {found[0].evidence}" for world, found in loud[:3])
    return Row(
        "audit: false alarms on sound studies",
        "-",
        None,
        100 * len(loud) / SOUND,
        "% of studies",
        None,
        parity=f"{len(loud)} of {SOUND}",
        equal=len(loud) <= 0.02 * SOUND,
        note=said,
    )
