"""What trying found: each way with how many answers it gives, and the way that is named, if any is.

Nothing is named by a feeling: a way explains answers when its 95 % interval reaches the agreement of two sound runs
(`SOUND`), it is better than another when McNemar's exact test says so among all that were tried, and ways that it does
not tell apart are named together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.stats.intervals import mcnemar_exact, wilson
from core.types import IntArray

SOUND = 0.99
"""Two sound runs of one model give the same answer for 99 images in 100 and more; other batches, threads and number
formats change less (openai/CLIP, issue 204)."""
LEVEL = 0.01
"""How often any of all the ways tried may be called better by chance (Bonferroni)."""
ALIKE = 0.05
"""Two ways are told apart where the exact test is below this."""
TrialOutcome = Literal["sound", "named", "alike", "nearest", "none", "candidates"]
Compared = Literal["answers", "vectors", "accuracies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way, tried: `agrees` (n,) int8 is 1 where it gives what was brought, 0 where not, -1 where it was not
    compared. `parts` are the names of its departures, () for the right way; `correct` of the `of` compared are right,
    `chance` the agreement that the numbers of answers a class give by themselves; `same`: it gives what the right way
    gives; `looks` is how many ways it is the best of."""

    parts: tuple[str, ...]
    said: str
    agrees: NDArray[np.int8]
    correct: int = 0
    chance: float = 0.0
    same: bool = False
    looks: int = 1

    @property
    def agreed(self) -> int:
        """How many are the same."""
        return int((self.agrees == 1).sum())

    @property
    def of(self) -> int:
        """How many were compared."""
        return int((self.agrees >= 0).sum())

    @property
    def share(self) -> float:
        """The agreement."""
        return self.agreed / max(1, self.of)

    @property
    def explains(self) -> bool:
        """Whether the agreement may be that of two sound runs, and says more than how often each class is answered."""
        low, high = wilson(self.agreed, self.of)
        return high >= SOUND and low > self.chance

    def beats(self, other: Attempt) -> float:
        """The exact p of being as good as the other on what both were compared on; 1 where it is not better."""
        both = (self.agrees >= 0) & (other.agrees >= 0)
        mine, theirs = self.agrees[both] == 1, other.agrees[both] == 1
        only, lost = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
        return mcnemar_exact(only, lost) if only > lost else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedWay:
    """One row of what was tried: `agreed` of the `of` compared are the same, `acc1` is its own accuracy on them,
    `right` how many of the same the right way gives."""

    name: str
    said: str
    agreed: int
    of: int
    right: int
    acc1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it. `ways` are all that were tried, best first; `named` those that explain what was brought and
    cannot be told apart (the right one among them: "sound"); "nearest" is one that is clearly better than the right one
    and does not explain all. Where only an accuracy is known, "candidates" have it within the interval of their own.
    `same` cannot be told from the right way here; `left_out` could not be made."""

    outcome: TrialOutcome
    compared: Compared
    right: TriedWay
    named: tuple[TriedWay, ...] = ()
    ways: tuple[TriedWay, ...] = ()
    same: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def best(self) -> TriedWay:
        """The way with the highest agreement."""
        return self.ways[0]

    @property
    def alternative(self) -> TriedWay:
        """The first of the named ways; the best where none is named."""
        return self.named[0] if self.named else self.best

    @property
    def right_explains(self) -> bool:
        """Whether the right way, too, may give what was brought."""
        return wilson(self.right.agreed, self.right.of)[1] >= SOUND

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def of_dict(cls, record: Mapping[str, Any]) -> Trial:
        """Back from it."""
        ways = {name: tuple(TriedWay(**way) for way in record[name]) for name in ("named", "ways")}
        lists = {name: tuple(record[name]) for name in ("same", "left_out")}
        return cls(**{**record, **ways, **lists, "right": TriedWay(**record["right"])})


def agreement(brought: IntArray, made: IntArray, rows: IntArray) -> NDArray[np.int8]:
    """(n,) as in `Attempt.agrees`: `made` (m,) for the `rows` (m,) of what was `brought` (n,), -1 there where it has no
    answer."""
    found = np.full(len(brought), -1, np.int8)
    known = brought[rows] >= 0
    found[rows[known]] = made[known] == brought[rows[known]]
    return found


def explained(tried: Sequence[Attempt]) -> bool:
    """Whether it may end here: one way explains what was brought, and beats the right way unless it is that."""
    best = _best(tried)
    return best.explains and (not best.parts or best.beats(tried[0]) < LEVEL / _looks(tried))


def judge(tried: Sequence[Attempt], compared: Compared, left_out: Sequence[str] = (), seconds: float = 0.0) -> Trial:
    """What is concluded; the first is the right way."""
    right, best = tried[0], _best(tried)
    named = leaders(tried)
    better = best.beats(right) < LEVEL / _looks(tried)
    outcome: TrialOutcome = "none"
    if best.explains and (named[0] is right or (right.explains and not better)):
        outcome, named = "sound", [right]
    elif best.explains and better:
        outcome = "named" if len(named) == 1 else "alike"
    elif better and best.share > best.chance:
        outcome = "nearest"
    same = [a.said for a in tried[1:] if len(a.parts) == 1 and a.same]
    ordered = sorted(tried, key=lambda a: (-a.share, len(a.parts)))
    return Trial(
        outcome=outcome,
        compared=compared,
        right=_row(right, right),
        named=tuple(_row(a, right) for a in named) if outcome != "none" else (),
        ways=tuple(_row(a, right) for a in ordered),
        same=tuple(same),
        left_out=tuple(left_out),
        seconds=seconds,
    )


def judge_accuracy(tried: Sequence[Attempt], value: float, left_out: Sequence[str] = (), seconds: float = 0.0) -> Trial:
    """Of an accuracy alone: which ways have it within the 95 % interval of theirs, the closest first."""
    near = sorted(tried, key=lambda a: (abs(a.correct / max(1, a.of) - value), len(a.parts)))
    fits = [a for a in near if reaches(a, value)]
    sound = any(a is tried[0] for a in fits)
    return Trial(
        outcome="sound" if sound else "candidates" if fits else "none",
        compared="accuracies",
        right=_row(tried[0], tried[0]),
        named=tuple(_row(a, tried[0]) for a in (tried[:1] if sound else fits)),
        ways=tuple(_row(a, tried[0]) for a in near),
        left_out=tuple(left_out),
        seconds=seconds,
    )


def reaches(attempt: Attempt, value: float) -> bool:
    """Whether the interval of the way's own accuracy includes this one."""
    low, high = wilson(attempt.correct, attempt.of)
    return low <= value <= high


def _looks(tried: Sequence[Attempt]) -> int:
    """How many ways were looked at in all."""
    return sum(attempt.looks for attempt in tried)


def _best(tried: Sequence[Attempt]) -> Attempt:
    """The highest agreement; of equal ones the fewest departures, then the first."""
    return min(tried, key=lambda a: (-a.share, len(a.parts)))


def leaders(tried: Sequence[Attempt]) -> list[Attempt]:
    """Those that the exact test does not tell from the best, and of these the ones with the fewest departures."""
    best = _best(tried)
    alike = [a for a in tried if best.beats(a) >= ALIKE and a.share >= _least(best)]
    fewest = min(len(a.parts) for a in alike)
    return [a for a in alike if len(a.parts) == fewest]


def _least(best: Attempt) -> float:
    return wilson(best.agreed, best.of)[0] - (1 - SOUND)


def _row(a: Attempt, right: Attempt) -> TriedWay:
    there = int((right.agrees[a.agrees >= 0] == 1).sum())
    return TriedWay(
        name="+".join(a.parts) or "right",
        said=a.said,
        agreed=a.agreed,
        of=a.of,
        right=there,
        acc1=a.correct / max(1, a.of),
    )
