"""The audit as frames: every check with its evidence, and what the number would be otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.published import closest_protocol, figure_url
from core.stats.numbers import upper_first
from core.studies.audit import AuditResult, Finding
from core.studies.audit.finding import Counterfactual
from core.studies.audit.trying.result import Trial
from core.words.audit import say_case
from core.words.names import told_apart

MEASURED, OTHERWISE, PUBLISHED, DECK = "measured", "otherwise", "published", "deck"


@told_apart
def audit_frame(results: Sequence[AuditResult]) -> pd.DataFrame:
    """One row for each result and check: `verdict`, `evidence`, `advice`, and where the check has one the number
    without the fault (`otherwise` says how, `otherwise_acc1` with its interval, `difference`)."""
    return pd.DataFrame([_row(result, found) for result in results for found in result.findings])


def _row(result: AuditResult, found: Finding) -> dict[str, Any]:
    case, gain = result.case, found.counterfactual
    return {
        "audited": say_case(result),
        "model": case.model,
        "dataset": case.dataset,
        "split": case.split,
        "method": case.method,
        "check": found.check,
        "question": found.question,
        "verdict": found.verdict,
        "evidence": found.evidence,
        "advice": found.advice,
        "otherwise": gain.said if gain else "",
        "otherwise_acc1": gain.value if gain else None,
        "otherwise_acc1_low": gain.ci95[0] if gain else None,
        "otherwise_acc1_high": gain.ci95[1] if gain else None,
        "difference": gain.difference if gain else None,
    }


def tried_frame(trial: Trial) -> pd.DataFrame:
    """One row for each way that was tried, best first: `way` in words, its `name` for scripts, `agreement`, how many
    are the `same` of those `compared`, how many of these the `right way` gives, and whether it is `named`."""
    named = {way.name for way in trial.named}
    rows = [
        {
            "way": upper_first(way.said),
            "name": way.name,
            "agreement": way.agreed / max(1, way.of),
            "same": way.agreed,
            "compared": way.of,
            "right way": way.right,
            "named": way.name in named,
        }
        for way in trial.ways
    ]
    return pd.DataFrame(rows)


def otherwise_frame(result: AuditResult) -> pd.DataFrame:
    """One row for each way to come by the number: as measured first, then otherwise (largest first), published, deck.

    `value` with `low` and `high` (empty for figures from elsewhere), `difference` to the measured one, `chance`,
    and for figures from elsewhere `source` and `url`. `own` says that the predictions were brought, not made here.
    """
    case, interval = result.case, result.case.interval()
    if case.acc1 is None:
        columns = ["said", "kind", "value", "low", "high", "difference", "model", "chance", "source", "url", "own"]
        return pd.DataFrame(columns=columns)
    rows = [("as measured", MEASURED, case.acc1, *(interval or (None, None)), 0.0)]
    ways = {c.said: c for c in (*_mended(result), *result.otherwise)}
    rows += [(c.said, OTHERWISE, c.value, *c.ci95, c.difference) for c in sorted(ways.values(), key=lambda c: -c.value)]
    if (figure := published_figure(result)) is not None:
        said = f"published ({figure.protocol.split(';')[0] or figure.metric.replace('_', ' ')})"
        rows.append((said, PUBLISHED, figure.value, None, None, figure.value - case.acc1))
    frame = pd.DataFrame(rows, columns=["said", "kind", "value", "low", "high", "difference"])
    source = [figure.source if figure is not None and kind == PUBLISHED else "" for kind in frame["kind"]]
    urls = [figure_url(said) for said in source]
    return frame.assign(
        model=case.model, chance=1 / case.c if case.c else None, source=source, url=urls, own=case.source != "study"
    )


def _mended(result: AuditResult) -> list[Counterfactual]:
    """What the checks that raised something would make of the number."""
    gains = [found.counterfactual for found in result.raised if found.counterfactual is not None]
    return [gain for gain in gains if gain.difference > 0]


def published_figure(result: AuditResult) -> Any:
    """The published figure made most like the number, or None."""
    case = result.case
    start = {"probe": "linear_probe_", "retrieval": "none"}.get(case.method, "zeroshot_")
    figures = [r for r in case.known.published if r.metric.startswith(start) and "shot" not in r.metric[8:]]
    return closest_protocol(figures, "acc1", case.asked is None or len(case.asked.templates) != 1)
