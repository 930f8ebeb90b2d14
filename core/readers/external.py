"""What someone brings to be audited: answers or scores for pictures, or figures only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.types import FloatArray, IntArray, Note

ScoreKind = Literal["cosines", "logits", "probabilities"]
OTHER_LANGUAGE = "other_language"
"""The code of the note that published figures, which are for English, do not apply."""
_SUM = 0.02
"""Rows of probabilities add up to 1 within what rounding to four digits leaves over a hundred classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """`values` (n, c) float32 and what they are: cosines (within −1 to 1), probabilities (rows add up to 1), or
    anything else, which is taken for logits."""

    values: FloatArray
    kind: ScoreKind

    def __post_init__(self) -> None:
        self.values.setflags(write=False)

    @property
    def predicted(self) -> IntArray:
        """(n,) the class with the highest score; of equal ones the first."""
        return np.asarray(self.values.argmax(axis=1), dtype=np.int64)


class Placed(Protocol):
    """A table that can say where a row stands."""

    def place(self, row: int) -> str:
        """The file and line of a row."""


def read_scores(values: NDArray[np.float32], table: Placed) -> Scores:
    """Tell what kind of scores (n, c) these are; raises `TMVError` where one is no finite number."""
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise TMVError(f"{table.place(row)} has a score that is not a finite number.")
    if _only_ranks(values):
        raise TMVError(
            f"{table.place(0)} has whole numbers where scores are expected: places or numbers of classes, of which the "
            "largest is not the best. Write the answer itself into a column “prediction”, or a score for each class."
        )
    sums = values.sum(axis=1, dtype=np.float64)
    for whole in (1.0, 100.0):  # probabilities are also written in percent
        if (values >= 0).all() and np.abs(sums / whole - 1).max() <= _SUM:
            return Scores(values=(values / whole).astype(np.float32), kind="probabilities")
    within = float(np.abs(values).max()) <= 1.0 + 1e-4
    return Scores(values=values.astype(np.float32), kind="cosines" if within else "logits")


def _only_ranks(values: NDArray[np.float32]) -> bool:
    """Whether every row (c,) counts 0 to c-1, or 1 to c, each once; 0 and 1 alone may be one-hot answers."""
    ordered, c = np.sort(values, axis=1), values.shape[1]
    first = ordered[:1, :1]
    return bool(first in (0, 1) and (c > 2 or first == 1) and (ordered == np.arange(c, dtype=np.float32) + first).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What was brought. With a table: `ids` (n,), `labels` (n,) and `predicted` (n,) int64 index `classnames` (c,),
    `probability` (n,) of the answer and `scores` of every class where they are known; `lines` (n,) in the file. With a
    document: `figures` (acc1, acc5, …; as they are, also where that cannot be) and what it says of `model`,
    `pretrained`, `dataset`, `split`, `task`, `n`, `train_acc1` and `captions` (fewest and most a picture); `own` where
    this program wrote it. `numbered` where classes were given as numbers alone. `notes` say how it was read."""

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
    own: bool = False
    numbered: bool = False
    train_acc1: float | None = None
    captions: tuple[int, int] | None = None
    lines: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.labels, self.predicted, self.probability):
            if array is not None:
                array.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The classes that a table's names and numbers stand for: `names` (c,), and folder names `raw` for the same."""

    names: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()

    @property
    def places(self) -> dict[str, int]:
        """Class by either name; the curated one where a name is both."""
        return {name: i for names in (self.raw, self.names) for i, name in enumerate(names)}
