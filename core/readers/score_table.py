"""Scores of every class for every picture, and what kind of scores they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.types import FloatArray, IntArray, TMVError

Kind = Literal["cosines", "logits", "probabilities"]
_SUM = 0.02
"""Rows of probabilities add up to 1 within what rounding to four digits leaves over a hundred classes."""


@dataclass(frozen=True, slots=True)
class Scores:
    """`values` (n, c) float32 and what they are: cosines (within −1 to 1), probabilities (rows add up to 1), or
    anything else, which is taken for logits."""

    values: FloatArray
    kind: Kind

    def __post_init__(self) -> None:
        self.values.setflags(write=False)

    @property
    def predicted(self) -> IntArray:
        """(n,) the class with the highest score; of equal ones the first."""
        return np.asarray(self.values.argmax(axis=1), dtype=np.int64)


def read_scores(values: NDArray[np.float32], source: str) -> Scores:
    """Tell what kind of scores these are; raises `TMVError` where one is no finite number."""
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise TMVError(f"Line {row + 2} of {source} has a score that is not a finite number.")
    sums = values.sum(axis=1, dtype=np.float64)
    if (values >= 0).all() and np.abs(sums - 1).max() <= _SUM:
        return Scores(values.astype(np.float32), "probabilities")
    within = float(np.abs(values).max()) <= 1.0 + 1e-4
    return Scores(values.astype(np.float32), "cosines" if within else "logits")
