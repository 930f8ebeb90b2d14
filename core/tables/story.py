"""The deck's tables again: measured, deck and published beside each other, for every model of the deck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.catalog.published import closest_protocol, deck_figures, measured_as, published
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.columns import who
from core.types import DatasetSpec, Interval, ModelSpec, Reference
from core.words.names import told_apart

COLUMNS = {
    "zeroshot_acc1": "Zero-shot top-1",
    "zeroshot_acc5": "Zero-shot top-5",
    "linear_probe_train_acc1": "Probe, training",
    "linear_probe_test_acc1": "Probe, test",
}
_ZERO, _PROBE = "zeroshot_", "linear_probe_"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryCell:
    """One figure three times, 0-1; None where there is none."""

    measured: float | None = None
    ci95: Interval | None = None
    deck: float | None = None
    published: float | None = None
    protocol: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is no figure at all."""
        return self.measured is None and self.deck is None and self.published is None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRow:
    """One model on one data set; `cells` in the order of `COLUMNS`."""

    model: str
    dataset: str
    n: int
    classes: int
    cells: tuple[StoryCell, ...]

    @property
    def here(self) -> bool:
        """Whether anything was measured."""
        return any(cell.measured is not None for cell in self.cells)

    def cell(self, column: str) -> StoryCell:
        """The cell of one column."""
        return self.cells[list(COLUMNS).index(column)]


def story_row(
    model: ModelSpec, dataset: DatasetSpec, zero: ZeroShotResult | None, probe: ProbeResult | None
) -> StoryRow:
    """What is known of one model on one data set."""
    several = zero is None or len(zero.templates) != 1
    deck, figures = deck_figures(model, dataset), published(model, dataset)
    cells = [_cell(column, zero if column.startswith(_ZERO) else probe, deck, figures, several) for column in COLUMNS]
    c = len(zero.classnames) if zero is not None else len(dataset.classnames)
    return StoryRow(
        model=model.name, dataset=dataset.name, n=zero.n if zero is not None else 0, classes=c, cells=tuple(cells)
    )


def _cell(
    column: str,
    result: ZeroShotResult | ProbeResult | None,
    deck: Sequence[Reference],
    figures: Sequence[Reference],
    several: bool,
) -> StoryCell:
    name = measured_as(column) if column.startswith(_ZERO) else column.removeprefix(_PROBE)
    prefix = _ZERO if column.startswith(_ZERO) else _PROBE
    theirs = next((r.value for r in deck if r.metric == column), None)
    # Tables of probes print the accuracy on test pictures; none prints the other.
    wanted = "acc1" if column == "linear_probe_test_acc1" else name
    found = closest_protocol(
        [r for r in figures if r.metric.startswith(prefix) and "shot_" not in _rest(r)], wanted, several
    )
    value = None if result is None else float(getattr(result, name))
    interval = None if result is None else getattr(result, f"{name}_ci95")
    protocol = "" if found is None else found.protocol
    return StoryCell(
        measured=value, ci95=interval, deck=theirs, published=None if found is None else found.value, protocol=protocol
    )


def _rest(reference: Reference) -> str:
    return reference.metric.removeprefix(_ZERO).removeprefix(_PROBE)


@told_apart
def bars_frame(rows: Sequence[StoryRow], metric: str) -> pd.DataFrame:
    """One row for each model and data set that has a figure: the zero-shot `metric` (acc1, acc5) and the probe's
    test accuracy, each measured (with interval), of the deck, and published."""
    found = [_bar(row, metric) for row in rows]
    return pd.DataFrame([bar for bar in found if bar is not None])


def _bar(row: StoryRow, metric: str) -> dict[str, object] | None:
    zero, probe = row.cell(f"zeroshot_{metric}"), row.cell("linear_probe_test_acc1")
    if zero.empty and probe.empty:
        return None
    record: dict[str, object] = {**who(row.model, row.dataset), "n": row.n, "classes": row.classes, "metric": metric}
    for name, cell in (("zero_shot", zero), ("probe", probe)):
        low, high = cell.ci95 or (None, None)
        record |= {name: cell.measured, f"{name}_low": low, f"{name}_high": high}
        record |= {f"{name}_deck": cell.deck, f"{name}_published": cell.published}
    return record
