"""The audit: why is this number not the paper's number?

`audit(case)` asks every check of `CHECKS` about one result; a `Case` holds what is known of it.
"""

from core.studies.audit.case import (
    AS_WRITTEN,
    NAMES,
    NOT_FILLED,
    OTHER,
    PROTOCOL,
    TEMPLATES,
    Alternative,
    Asked,
    Case,
    CaseAnswers,
    CaseVectors,
    Cell,
    Known,
    Repeat,
    TextSide,
)
from core.studies.audit.finding import Counterfactual, Verdict
from core.studies.audit.result import CHECKS, AuditResult, Check, Finding, audit

__all__ = [
    "AS_WRITTEN",
    "CHECKS",
    "NAMES",
    "NOT_FILLED",
    "OTHER",
    "PROTOCOL",
    "TEMPLATES",
    "Alternative",
    "Asked",
    "AuditResult",
    "Case",
    "CaseAnswers",
    "CaseVectors",
    "Cell",
    "Check",
    "Counterfactual",
    "Finding",
    "Known",
    "Repeat",
    "TextSide",
    "Verdict",
    "audit",
]
