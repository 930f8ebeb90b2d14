"""What became of one claim: the verdict, why, and the cells that it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["holds", "does not hold", "cannot be tested here"]
HOLDS: Verdict = "holds"
FAILS: Verdict = "does not hold"
OPEN: Verdict = "cannot be tested here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """`evidence` is one sentence, `cells` the comparisons behind it; `deck` what the deck's own figures say, `remark`
    what to know about the claim itself, and `demo` whether nothing but the demo's models was asked."""

    claim: str
    verdict: Verdict
    evidence: str
    cells: tuple[str, ...] = ()
    deck: str = ""
    remark: str = ""
    demo: bool = False

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)
