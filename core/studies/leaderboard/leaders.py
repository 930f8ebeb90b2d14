"""Which model leads on a data set, and which of the others cannot be told from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.stats.intervals import paired_difference
from core.studies.leaderboard.figures import BoardScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The best score on one data set. `tied` are the other models whose difference from it has an interval that
    includes zero: `paired` image by image, otherwise because the two 95 % intervals overlap. Not adjusted for
    how many are compared."""

    best: BoardScore
    tied: tuple[str, ...]
    compared: int
    paired: bool


def leader(scores: Sequence[BoardScore]) -> Leader:
    """The leader of scores on one data set; the first of equals."""
    best = max(scores, key=lambda score: score.value)
    others = [score for score in scores if score is not best]
    paired = all(_pairable(best, other) for other in others)
    tied = tuple(other.model for other in others if _tied(best, other))
    return Leader(best=best, tied=tied, compared=len(others), paired=paired)


def _pairable(a: BoardScore, b: BoardScore) -> bool:
    return a.correct is not None and b.correct is not None and (a.split, a.n) == (b.split, b.n)


def _tied(best: BoardScore, other: BoardScore) -> bool:
    if not _pairable(best, other):
        return other.ci95[1] >= best.ci95[0]
    assert best.correct is not None and other.correct is not None
    low, _ = paired_difference(best.correct, other.correct).ci95
    return low <= 0
