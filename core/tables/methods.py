"""Zero-shot and linear probe side by side, like with like: the rows of the deck's tables and bar charts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import accuracy_frame
from core.tables.probe import absent_row, probe_rows
from core.types import DatasetSpec, ModelSpec
from core.words.names import METHODS, ZERO_SHOT, told_apart

Absent = tuple[ModelSpec, DatasetSpec, str]
"""A model, a data set and a method (a key of `METHODS`) that is not measured here."""


@told_apart
def methods_frame(
    zero_shots: Sequence[ZeroShotResult], probes: Sequence[ProbeResult] = (), absent: Sequence[Absent] = ()
) -> pd.DataFrame:
    """`accuracy_frame` with a `method` column, and for each probe a row on its test pictures ("probe") and one on
    its training pictures ("trained"); ordered by data set, model, method as they first come.

    What is `absent` has rows with published and deck figures and nothing measured.
    """
    texts = accuracy_frame(zero_shots)
    if len(texts):
        texts.insert(5, "method", ZERO_SHOT)
        texts.insert(6, "method_title", METHODS[ZERO_SHOT])
    trained = pd.DataFrame([row for probe in probes for row in probe_rows(probe)])
    lacking = pd.DataFrame([absent_row(*each) for each in absent])
    frame = pd.concat([part for part in (texts, trained, lacking) if len(part)] or [texts], ignore_index=True)
    return frame if frame.empty else _ordered(frame)


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    places = [frame[c].map({v: i for i, v in enumerate(frame[c].unique())}) for c in ("dataset", "model")]
    places.append(frame["method"].map(list(METHODS).index))
    order = pd.concat(places, axis=1, keys=["dataset", "model", "method"]).sort_values(["dataset", "model", "method"])
    return frame.loc[order.index].reset_index(drop=True)
