"""What an audit is of, and what several say together; a check's own sentences stand with the check."""

from __future__ import annotations

from collections.abc import Sequence

from core.stats.numbers import few_of, points
from core.studies.audit import AuditResult
from core.studies.audit.finding import CANNOT_TELL, Counterfactual
from core.studies.audit.trying.result import Trial
from core.types import Sentence
from core.words.names import say_pair, told_apart


@told_apart
def say_case(result: AuditResult) -> str:
    """ "ViT-B/32 · OpenAI on EuroSAT", or the name of the file that was brought."""
    case = result.case
    if case.source != "study":
        return case.title
    what = {"probe": "Linear probe of ", "retrieval": "Captions with "}.get(case.method, "")
    return f"{what}{say_pair(case.model, case.dataset)}"


def trust_finding(results: Sequence[AuditResult]) -> Sentence:
    """Whether several numbers can be trusted: `second_look`, `cannot_tell` or `nothing_wrong`."""
    raised, total = sum(bool(r.raised) for r in results), len(results)
    if raised:
        said = f"{raised} of {total} numbers need{'s' if raised == 1 else ''} a second look."
        return Sentence(said, "second_look")
    if silent := sum(r.verdict == CANNOT_TELL for r in results):
        return Sentence(f"For {silent} of {total} numbers too few checks could answer to tell.", "cannot_tell")
    which = "this number" if total == 1 else f"these {total} numbers"
    return Sentence(f"Nothing is wrong with {which} as far as the checks can tell.", "nothing_wrong")


def tried_caption(trial: Trial) -> Sentence:
    """How what was tried is to be read, and what could not be."""
    what = "answer" if trial.compared == "answers" else "image vector"
    said = f"How often each way gives the same {what}, the closest first"
    left = f"; not tried here: {few_of(trial.left_out)}" if trial.left_out else ""
    return Sentence(f"{said}{left}.", "ways_tried")


def gain_line(gain: Counterfactual) -> str:
    """How far the number would be from the measured one, and whether that is more than chance."""
    return f"{points(gain.difference, signed=True)}, {'more than' if gain.excludes_zero else 'within'} chance"
