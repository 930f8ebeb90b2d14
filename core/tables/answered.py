"""What can be compared picture by picture, whatever named the pictures: zero-shot texts or a trained classifier."""

from __future__ import annotations

from core.studies.few_shot.draw import FewShotDraw
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult

Answered = ZeroShotResult | ProbeResult | FewShotDraw
ZERO_SHOT, PROBE, TRAINED = "zero-shot", "probe", "trained"
METHODS = {ZERO_SHOT: "zero-shot", PROBE: "linear probe", TRAINED: "linear probe, on its training pictures"}
DRAWN = {"few-shot-probe": "few-shot linear probe", "tip": "Tip-Adapter", "tip-f": "Tip-Adapter-F"}
"""Methods that learn from K pictures a class, one draw of them at a time."""


def drawn_name(method: str) -> str:
    """A few-shot method as it stands beside the others: its probe is not the probe of all pictures."""
    return "few-shot-probe" if method == PROBE else method


def few_shot_method(name: str) -> str:
    """The other way round: a key of `DRAWN` as few-shot studies call it."""
    return PROBE if name == "few-shot-probe" else name
