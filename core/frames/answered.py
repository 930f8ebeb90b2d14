"""What can be compared picture by picture, whatever named the pictures: zero-shot texts or a trained classifier."""

from __future__ import annotations

from core.studies.probe_result import ProbeResult
from core.studies.zero_shot import ZeroShotResult

Answered = ZeroShotResult | ProbeResult
ZERO_SHOT, PROBE, TRAINED = "zero-shot", "probe", "trained"
METHODS = {ZERO_SHOT: "zero-shot", PROBE: "linear probe", TRAINED: "linear probe, on its training pictures"}


def method_of(result: Answered) -> str:
    """The name of the method behind a result, a key of `METHODS`."""
    return PROBE if isinstance(result, ProbeResult) else ZERO_SHOT
