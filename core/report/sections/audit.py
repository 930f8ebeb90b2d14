"""Every check on every number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from core.words.notes import notes_of


def audits(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Every check on every number of the report."""

    def study(model: str, dataset: str) -> AuditResult:
        return engine.run(Audit.at(engine, model, dataset, request.split, **request.prompts))

    found = [r for d in datasets for r in gathered.answers("Audit", request.models, d, study)]
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


PART = Part(on="", build=audits)
