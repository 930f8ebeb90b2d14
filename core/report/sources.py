"""Where every number of a report comes from, and what is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.report.page import Section
from core.report.parts import Gathered
from core.tables import columns
from core.tables.forms import Table
from core.words.accuracy import rule_line


def provenance(gathered: Gathered) -> Section:
    """Weights, pictures, preprocessing and software behind every number."""
    rows = [
        {
            "model": model,
            "dataset": dataset,
            "split": split,
            "weights": p.model_digest[:16],
            "pictures": p.data_digest[:16],
            "preprocessing": _transform(p.preprocessing),
            "precision": f"{p.precision} on {p.device}",
            "score_rule": rule_line(p.score_rule) or "softmax",
            "software": ", ".join(f"{k} {v}" for k, v in p.versions.items()),
            "date": p.date[:10],
            "skipped": p.skipped,
            "notes": "; ".join(p.notes),
            "model_digest": p.model_digest,
            "data_digest": p.data_digest,
        }
        for (model, dataset, split), p in gathered.provenance.items()
    ]
    table = Table(
        title="Provenance of every number", name="provenance", frame=pd.DataFrame(rows), columns=columns.PROVENANCE
    )
    rules = tuple(
        dict.fromkeys(f"{row['model']}: {row['score_rule']}." for row in rows if row["score_rule"] != "softmax")
    )
    notes = tuple(dict.fromkeys(str(row["notes"]) for row in rows if row["notes"]))
    return Section(
        title="Where every number comes from",
        finding="",
        lines=("Weights and images are named by the first digits of the SHA-256 of their content.", *rules, *notes),
        charts=(),
        tables=(table,),
    )


def _transform(how: Mapping[str, Any]) -> str:
    kept = [
        f"{how[key]}{unit}" for key, unit in (("size", " px"), ("interpolation", ""), ("resize_mode", "")) if key in how
    ]
    mean = how.get("mean")
    return ", ".join([*kept, *([f"mean {' '.join(f'{float(v):.3f}' for v in mean)}"] if mean else [])])


def missing(gathered: Gathered) -> Section:
    """What was asked for and is not in the report, each with its reason."""
    return Section(title="What is not in this report", finding="", lines=tuple(dict.fromkeys(gathered.missing)))
