"""How much of what can be wrong with a number the audit finds, and how often it cries wolf.

Every fault of `_planted.FAULTS` is planted alone in several worlds and together with every other one that it can go
with; and sound studies, easy and hard, of few and many classes, are audited as they are. No tool of the field has such
an audit to lay beside it (see the README), so there is no peer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import Row
from benchmarks._planted import FAULTS, World, case_of, pairs, sound_worlds
from core.studies.audit import AuditResult, audit

ALONE = tuple(World(seed=seed, c=c) for seed in range(4) for c in (10, 20, 40))
TOGETHER = (World(seed=7), World(seed=8, c=10))
SOUND = 240


def run() -> list[Row]:
    """Three rows: found alone, found in pairs, raised on sound studies."""
    alone = [_look(world, (name,)) for name in FAULTS for world in ALONE]
    together = [_look(world, pair) for pair in pairs() for world in TOGETHER]
    return [
        _row("audit: faults found, each planted alone", alone),
        _row("audit: faults found, planted in pairs", together),
        _silence(),
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
    return Row(work, "-", None, 100 * (total - len(lost)) / total, "% found", None,
               parity=f"{total - len(lost)} of {total}", equal=not lost, note="; ".join(lost[:3]))  # fmt: skip


def _silence() -> Row:
    raised = [(world, audit(case_of(world)).raised) for world in sound_worlds(SOUND)]
    loud = [(world, found) for world, found in raised if found]
    said = "; ".join(f"seed {world.seed}: {found[0].evidence}" for world, found in loud[:3])
    return Row("audit: false alarms on sound studies", "-", None, 100 * len(loud) / SOUND, "% of studies", None,
               parity=f"{len(loud)} of {SOUND}", equal=len(loud) <= 0.02 * SOUND, note=said)  # fmt: skip
