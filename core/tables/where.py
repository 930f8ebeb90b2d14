"""Where figures are among those of the field: of each its value, the published one, what to expect, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.studies.audit import AuditResult
from core.studies.field.expected import expected_of
from core.tables.audit import published_figure
from core.words.names import say_dataset, say_model, shown_together


def where_frame(results: Sequence[AuditResult]) -> pd.DataFrame:
    """A row for each zero-shot result whose model and data set the field knows: `value`, `published`, `difference`,
    what checkpoints as good on the other data sets get (`expected` between `low` and `high`), where it is of that
    (`place`), the audit's `verdict` and the checks that were `raised`."""
    fitting = [r for r in results if r.case.method == "zero-shot" and _known(r)]
    names = list(dict.fromkeys(r.case.model for r in fitting))
    with shown_together(models=names):
        rows = [_row(result) for result in fitting]
    return pd.DataFrame(rows)


def _known(result: AuditResult) -> bool:
    known = result.case.known
    return known.checkpoint is not None and known.field_set is not None and result.case.acc1 is not None


def _row(result: AuditResult) -> dict[str, object]:
    case, figure = result.case, published_figure(result)
    here, checkpoint, value = case.known.field_set, case.known.checkpoint, case.acc1
    assert here is not None and checkpoint is not None and value is not None
    found = expected_of(checkpoint, here)
    return {
        "model": case.model,
        "model_title": say_model(case.model),
        "dataset": case.dataset,
        "dataset_title": say_dataset(case.dataset),
        "set": here.name,
        "value": value,
        "published": None if figure is None else figure.value,
        "difference": None if figure is None else value - figure.value,
        "expected": found.value,
        "low": found.low,
        "high": found.high,
        "place": found.place(value, case.n or here.n),
        "verdict": result.verdict,
        "raised": ", ".join(found.check for found in result.raised),
    }
