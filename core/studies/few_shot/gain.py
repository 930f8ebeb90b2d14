"""What labelled pictures bring over zero-shot, and whether it may be luck: of the draws, or of the test pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from core.stats.intervals import PairedDifference, paired_bootstrap
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun

Doubt = Literal["", "draws", "pictures"]


def best_point(result: FewShotResult) -> FewShotPoint:
    """The method with the highest mean at the most pictures a class."""
    most = max(result.shots)
    return max((result.point(method, most) for method in result.methods), key=lambda p: p.acc1_mean)


def over_zero_shot(result: FewShotResult, point: FewShotPoint) -> PairedDifference | None:
    """The mean over the draws minus zero-shot, paired over the test pictures; None where no runs are kept."""
    if not point.units:
        return None
    share = np.mean([unit.correct for unit in point.units], axis=0)
    return paired_bootstrap(share, result.zero_shot.correct.astype(np.float64))


def doubt(result: FewShotResult, point: FewShotPoint) -> Doubt:
    """Why being ahead of zero-shot may be luck: it is no more than the draws are apart, or than the test pictures
    explain; "" where it is not."""
    if point.acc1_mean - result.zero_shot.acc1 <= (0.0 if math.isnan(point.acc1_std) else point.acc1_std):
        return "draws"
    over = over_zero_shot(result, point)
    return "" if over is None or over.excludes_zero else "pictures"


def first_clear(result: FewShotResult, method: str) -> int | None:
    """The least K from which on no K of this method leaves a doubt."""
    first = None
    for k in sorted(result.shots, reverse=True):
        point = result.point(method, k)
        if point.acc1_mean <= result.zero_shot.acc1 or doubt(result, point):
            break
        first = k
    return first


def differences_by_seed(
    first: Mapping[int, FewShotRun] | float, second: Mapping[int, FewShotRun] | float
) -> dict[int, float]:
    """First minus second for each seed that every drawn side has; a side without draws is its one accuracy."""
    drawn = [set(side) for side in (first, second) if not isinstance(side, float)]
    seeds = sorted(set.intersection(*drawn)) if drawn else []
    return {seed: _accuracy(first, seed) - _accuracy(second, seed) for seed in seeds}


def _accuracy(side: Mapping[int, FewShotRun] | float, seed: int) -> float:
    return side if isinstance(side, float) else side[seed].acc1
