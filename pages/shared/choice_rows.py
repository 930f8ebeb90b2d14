"""The row of choices that most pages begin with: a data set, and with it the models that are asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from core.engine import Engine
from core.types import DatasetSpec
from pages.shared.pickers import ChoiceColumn, choice_row, pick_dataset

Kind = TypeVar("Kind")


def pick_on_dataset(
    engine: Engine,
    widths: int | Sequence[int],
    pick: Callable[[Engine, DatasetSpec], Kind],
    *,
    kind: str = "classification",
    dataset_at: int = 1,
) -> tuple[Kind, DatasetSpec, list[ChoiceColumn]] | None:
    """What `pick` gives for the data set beside it, the data set, and the other columns of the row, still empty; None
    where there is no data set.

    The data set is asked first, wherever it stands: what can be picked beside it depends on it.
    """
    columns = choice_row(widths)
    with columns[dataset_at]:
        dataset = pick_dataset(engine, kind)
    if dataset is None:
        return None
    with columns[1 - dataset_at]:
        picked = pick(engine, dataset)
    return picked, dataset, columns[2:]
