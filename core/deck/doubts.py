"""What does not fit in the deck, as the audit of its own figures shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.catalog.published import deck_prompt_study
from core.deck import figures as deck_says
from core.deck.steps import DOUBTS, Doubt
from core.studies.audit import AuditResult
from core.words import deck as say
from core.words.names import say_pair


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtResult:
    """One doubt with what shows it: `cells` in which the check was raised, and the strongest `evidence`. Nothing
    raised means that the figures have changed and the doubt is gone."""

    doubt: Doubt
    evidence: str
    cells: tuple[str, ...] = ()

    @property
    def raised(self) -> bool:
        """Whether the figures show it."""
        return bool(self.evidence)


def doubts(audited: Sequence[AuditResult]) -> tuple[DoubtResult, ...]:
    """Every doubt of the catalog with its evidence, from the audit of the deck's figures."""
    return tuple(_result(doubt, audited) for doubt in DOUBTS)


def _result(doubt: Doubt, audited: Sequence[AuditResult]) -> DoubtResult:
    if not doubt.check:
        said = {"unlike": deck_says.top5_probe, "titled": _titled}[doubt.name]()
        return DoubtResult(doubt=doubt, evidence=said)
    found = [
        (result.case, finding)
        for result in audited
        for finding in result.findings
        if finding.check == doubt.check and finding.raised and _about(doubt, result)
    ]
    found.sort(key=lambda pair: pair[0].acc1 or 0.0)
    cells = tuple(say_pair(case.model, case.dataset) for case, _ in found)
    evidence = f"{cells[0]}: {found[0][1].evidence}" if found else ""
    return DoubtResult(doubt=doubt, evidence=evidence, cells=cells)


def _about(doubt: Doubt, result: AuditResult) -> bool:
    case = result.case
    return (
        (not doubt.models or case.model in doubt.models)
        and (not doubt.datasets or case.dataset in doubt.datasets)
        and doubt.probe == (case.method == "probe")
    )


def _titled() -> str:
    cells = [v for (_, d, k), v in deck_says.deck_cells().items() if d == "eurosat" and k == "zeroshot_acc1"]
    study = [r.value for r in deck_prompt_study().values()]
    return say.deck_titled(study, cells)
