"""Every check on every number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from core.charts.audit import otherwise_chart
from core.engine import Engine
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.studies.audit import AuditResult
from core.studies.audit.study import Audit
from core.tables import columns
from core.tables.audit import audit_frame, otherwise_frame
from core.tables.forms import Table
from core.words.audit import say_case, trust_finding
from core.words.names import say_pair
from core.words.notes import notes_of


def audits(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Every check on every number of the report."""
    found = list[AuditResult]()
    for dataset in datasets:
        for model in request.models:
            result = _audit(engine, request, gathered, model, dataset)
            found += [result] if result is not None else []
    if not found:
        return
    yield Section(title="Can these numbers be trusted?", finding=trust_finding(found))
    for result in found:
        frame, gains = audit_frame([result]), otherwise_frame(result)
        name = file_name("audit", result.case.model, result.case.dataset)
        table = Table(title=f"Every check on {say_case(result)}", name=name, frame=frame, columns=columns.CHECKS)
        charts = (otherwise_chart(gains),) if len(gains) > 1 else ()
        yield Section(
            title=f"{say_case(result)}: every check",
            finding=result.sentence,
            lines=(),
            charts=charts,
            tables=(table,),
            level=3,
            notes=tuple(notes_of([result.case])),
        )


def _audit(engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str) -> AuditResult | None:
    said = f"Audit, {say_pair(model, dataset)}"
    study = partial(Audit.at, engine, model, dataset, request.split, **request.prompts)
    return gathered.ask(lambda: engine.run(study()), said)


PART = Part(on="", build=audits)
