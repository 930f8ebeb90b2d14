"""Zero-shot and linear probe side by side, like with like: the rows of the deck's tables and bar charts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import accuracy_frame
from core.tables.answered import METHODS, PROBE, ZERO_SHOT
from core.tables.findings import count
from core.tables.names import told_apart
from core.tables.probe import absent_row, probe_rows
from core.types import DatasetSpec, ModelSpec

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


def deck_comparison(frame: pd.DataFrame) -> str:
    """What the deck compared (top-5 of zero-shot with top-1 of the probe), and what comes out like with like: one
    sentence, over the pairs of a `methods_frame` that have both; "" where there is none."""
    pairs = _pairs(frame)
    if pairs.empty:
        return ""
    unlike = int((pairs["acc5_zero"] >= pairs["acc1_probe"]).sum())
    like = int((pairs["acc1_zero"] >= pairs["acc1_probe"]).sum())
    return (
        "The deck set zero-shot’s top-5 beside the probe’s top-1 and read that zero-shot “matches or beats” it. "
        f"Set so, it does in {unlike} of {count(len(pairs), 'pair')} here; top-1 beside top-1, in {like}. "
        "Everywhere on this page like is compared with like."
    )


def _pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each model and data set that has both methods; sets where top-5 means nothing are left out."""
    if frame.empty:
        return frame
    told = frame[(frame["classes"] > 5) & frame["acc1"].notna()]
    sides = [told[told["method"] == m].set_index(["model", "dataset"]) for m in (ZERO_SHOT, PROBE)]
    zero, probe = (side[["acc1", "acc5"]] for side in sides)
    return zero.join(probe, how="inner", lsuffix="_zero", rsuffix="_probe")
