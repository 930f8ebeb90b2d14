"""Which checkpoints and data sets of the field are asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.catalog.field import Checkpoint, FieldSet, accuracy, checkpoints, every_set, figures_of_all
from core.stats.intervals import Float64Array
from core.types import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFilter:
    """What is looked for: `families` and groups of training `data` (() means any), `commercial` only what may be used
    so, at most so many million `parameters` and `gflops`, and all `words` in its name, family or training data."""

    families: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    commercial: bool = False
    parameters: float | None = None
    gflops: float | None = None
    words: str = ""

    def fits(self, checkpoint: Checkpoint) -> bool:
        """Whether a checkpoint is among them."""
        text = f"{checkpoint.name} {checkpoint.family} {checkpoint.training_data}".casefold()
        return (
            (not self.families or checkpoint.family in self.families)
            and (not self.data or checkpoint.data_group in self.data)
            and (not self.commercial or checkpoint.commercial_use == "allowed")
            and (self.parameters is None or checkpoint.parameters <= self.parameters)
            and (self.gflops is None or checkpoint.gflops <= self.gflops)
            and all(word in text for word in self.words.casefold().split())
        )

    @property
    def rows(self) -> IntArray:
        """Which rows of the tables fit."""
        return np.array([i for i, each in enumerate(checkpoints()) if self.fits(each)], dtype=np.int64)


def columns(sets: tuple[FieldSet, ...]) -> IntArray:
    """Which columns of `figures_of_all` these data sets are."""
    places = {each.name: i for i, each in enumerate(every_set())}
    return np.array([places[each.name] for each in sets], dtype=np.int64)


def figures(sets: tuple[FieldSet, ...], rows: IntArray | None = None) -> Float64Array:
    """The published figures (checkpoints, sets)."""
    found = figures_of_all()[:, columns(sets)]
    return found if rows is None else found[rows]


def distinct(rows: IntArray) -> IntArray:
    """Without those that are another's weights under another name: the same figure on every set. Counted twice, they
    would tie with themselves, and a band would look surer than it is."""
    _, first = np.unique(accuracy()[rows], axis=0, return_index=True)
    found: IntArray = rows[np.sort(first)]
    return found
