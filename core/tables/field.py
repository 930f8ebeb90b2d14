"""The field as frames: checkpoints with their figures, a set against a set, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.catalog.field import Checkpoint, checkpoints, every_set
from core.studies.field.beside import BroughtFigures
from core.studies.field.expected import Expected, expected_of
from core.studies.field.own import OwnFigure
from core.studies.field.ranking import Standings, standings
from core.studies.field.relations import SetAgainstSet, SetCorrelations
from core.studies.field.robustness import Robustness
from core.words.names import say_dataset, say_model, shown_together

COSTS = ("parameters", "gflops", "samples")


def standings_frame(board: Standings) -> pd.DataFrame:
    """A row a checkpoint, the best mean first: what it is, its `mean` over the sets with `low` and `high`, its `rank`
    (ties share it) and `mean_rank`, and a column a set with its figure 0-1."""
    every = board.checkpoints
    with shown_together(models=[each.name for each in every]):
        rows = [about(each) for each in every]
    frame = pd.DataFrame(rows).assign(
        rank=board.place, mean=board.mean, low=board.low, high=board.high, mean_rank=board.mean_rank
    )
    figures = pd.DataFrame(board.figures, columns=[each.name for each in board.sets])
    return pd.concat([frame, figures], axis=1).iloc[board.order].reset_index(drop=True)


def about(checkpoint: Checkpoint) -> dict[str, object]:
    """What a checkpoint is; `parameters` and `samples` in ones, as everywhere in tables."""
    samples = checkpoint.samples
    return {
        "model": checkpoint.name,
        "model_title": say_model(checkpoint.name),
        "family": checkpoint.family,
        "data_group": checkpoint.data_group,
        "training_data": checkpoint.training_data,
        "licence": checkpoint.licence,
        "commercial_use": checkpoint.commercial_use,
        "parameters": checkpoint.parameters * 1e6,
        "gflops": checkpoint.gflops,
        "samples": np.nan if samples is None else samples * 1e9,
        "image_size": checkpoint.image_size,
    }


def against_frame(found: SetAgainstSet) -> pd.DataFrame:
    """A row a checkpoint: its figures `x` and `y`, how far it lies `above` the line, whether `outside` the band."""
    with shown_together(models=[each.name for each in found.checkpoints]):
        rows = [about(each) for each in found.checkpoints]
    return pd.DataFrame(rows).assign(
        x=found.x_values, y=found.y_values, above=found.above, outside=found.outside.astype(int)
    )


def robustness_frame(found: Robustness) -> pd.DataFrame:
    """A row a checkpoint, the most robust first: its accuracy `base`, how far it lies above the line on `mean` with
    `low` and `high`, and for each shift NAME with NAME_low and NAME_high, all in shares."""
    with shown_together(models=[each.name for each in found.checkpoints]):
        rows = [about(each) for each in found.checkpoints]
    columns = {
        "base": found.base_values,
        "mean": found.mean,
        "low": found.mean - found.mean_half,
        "high": found.mean + found.mean_half,
    }
    for k, each in enumerate(found.shifts):
        above, half = found.above[:, k], found.half[:, k]
        columns |= {each.name: above, f"{each.name}_low": above - half, f"{each.name}_high": above + half}
    frame = pd.DataFrame(rows).assign(**columns)
    return frame.sort_values("mean", ascending=False, kind="stable", ignore_index=True)


def card_frame(checkpoint: Checkpoint, own: Sequence[OwnFigure] = ()) -> pd.DataFrame:
    """A row for each published figure of one checkpoint: its `rank` among all, what checkpoints as good elsewhere get
    (`expected` between `low` and `high`), where it is of that (`place`), and `here` what was measured of it here."""
    board = standings(every_set())
    row = board.checkpoints.index(checkpoint)
    here = {each.field_set.name: each.value for each in own if each.model == checkpoint.name}
    found = list[dict[str, object]]()
    for k, each in enumerate(board.sets):
        likely, value = expected_of(checkpoint, each), float(board.figures[row, k])
        found.append(
            {
                "set": each.name,
                "set_title": each.title,
                "group": each.group,
                "value": value,
                "rank": int(board.ranks[row, k]),
                "expected": likely.value,
                "low": likely.low,
                "high": likely.high,
                "place": likely.place(value, each.n),
                "here": here.get(each.name, np.nan),
            }
        )
    return pd.DataFrame(found)


def beside_frame(found: BroughtFigures) -> pd.DataFrame:
    """A row a brought figure: `value`, `published` and the `difference`, what to expect (`expected` between `low` and
    `high`) and where it is of that (`place`); `why` something of this is missing."""
    with shown_together(models=list(dict.fromkeys(row.model for row in found.rows if row.model))):
        return pd.DataFrame(
            {
                "model": row.model,
                "model_title": say_model(row.model) if row.model else "",
                "set": row.field_set.name,
                "set_title": row.field_set.title,
                "metric": row.field_set.metric,
                "n": row.n,
                "value": row.value,
                "published": row.published,
                "difference": row.difference,
                "expected": None if row.expected is None else row.expected.value,
                "low": None if row.expected is None else row.expected.low,
                "high": None if row.expected is None else row.expected.high,
                "place": row.place or "",
                "why": row.why,
                "source": row.source,
            }
            for row in found.rows
        )


def expected_frame(found: Expected) -> pd.DataFrame:
    """A row a checkpoint of the line, as `against_frame`: `x` its level elsewhere, `y` its figure here."""
    every = checkpoints()
    with shown_together(models=[every[i].name for i in found.rows]):
        rows = [about(every[i]) for i in found.rows]
    above = found.figures - found.line.at(found.levels)
    return pd.DataFrame(rows).assign(x=found.levels, y=found.figures, above=above)


def correlations_frame(found: SetCorrelations) -> pd.DataFrame:
    """A row for every two sets, in the order of the clustering."""
    return pd.DataFrame(
        {"x": x.name, "x_title": x.title, "y": y.name, "y_title": y.title, "correlation": found.values[i, k]}
        for i, x in enumerate(found.sets)
        for k, y in enumerate(found.sets)
    )


def own_frame(figures: Sequence[OwnFigure]) -> pd.DataFrame:
    """A row a figure measured here."""
    return pd.DataFrame(
        {
            "model": each.model,
            "model_title": say_model(each.model),
            "dataset": each.dataset,
            "dataset_title": say_dataset(each.dataset),
            "split": each.split,
            "set": each.field_set.name,
            "value": each.value,
            "low": each.ci95[0],
            "high": each.ci95[1],
            "n": each.n,
            "remark": each.remark,
        }
        for each in figures
    )
