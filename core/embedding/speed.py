"""What embedding a picture took, remembered when it is done: the cost beside which accuracy can be laid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.store import Results
from core.types import EmbeddingKey

if TYPE_CHECKING:
    from core.embedding.run import EmbedReport

FEWEST = 64
"""Pictures computed in one run; fewer say more about starting up than about the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Seconds for one picture, reading and preprocessing included, over `n` pictures on `device`."""

    seconds_per_picture: float
    n: int
    device: str


def remember_speed(results: Results, report: EmbedReport, device: str) -> None:
    """Keep what a run of `embed` took, if it computed enough pictures to tell."""
    computed = report.n - report.reused
    if report.images_per_second > 0 and computed >= FEWEST:
        record = {"seconds": 1 / report.images_per_second, "n": computed, "device": device}
        results.keep(_key(report.key), record)


def speed(results: Results, key: EmbeddingKey) -> Speed | None:
    """What embedding these stored pictures took; None where they were embedded elsewhere, or long ago."""
    return results.read(_key(key), _speed)


def _speed(record: Mapping[str, Any]) -> Speed:
    return Speed(seconds_per_picture=float(record["seconds"]), n=int(record["n"]), device=str(record["device"]))


def _key(key: EmbeddingKey) -> str:
    return f"speed/{key.fingerprint}"
