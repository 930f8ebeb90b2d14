"""What someone brings to be audited: answers or scores for pictures, or figures only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was brought. With a table: `ids` (n,), `labels` (n,) and `predicted` (n,) int64 index `classnames` (c,),
    `probability` (n,) of the answer and `scores` of every class where they are known. With a document: `figures`
    (acc1, acc5, …; 0-1) and what it says of `model`, `pretrained`, `dataset`, `split`, `task` and `n`."""

    source: str
    ids: tuple[str, ...] = ()
    labels: IntArray | None = None
    predicted: IntArray | None = None
    probability: FloatArray | None = None
    scores: Scores | None = None
    classnames: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    pretrained: str = ""
    dataset: str = ""
    split: str = ""
    task: str = ""
    n: int | None = None

    def __post_init__(self) -> None:
        for array in (self.labels, self.predicted, self.probability):
            if array is not None:
                array.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that a table's names and numbers stand for: `names` (c,), and folder names `raw` for the same."""

    names: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()

    @property
    def places(self) -> dict[str, int]:
        """Class by either name; the curated one where a name is both."""
        return {name: i for names in (self.raw, self.names) for i, name in enumerate(names)}
