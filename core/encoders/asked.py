"""Which number format and which devices a user asked for. Knows nothing of torch."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import BadArgument

AUTO = "auto"
PRECISIONS = (AUTO, "fp32", "bf16", "fp16", "tf32")


def asked_precision(name: str | None = None) -> str:
    """One of `PRECISIONS`: `name`, else the environment's `TMV_PRECISION`, else "auto". Raises `BadArgument`."""
    wanted = (name or os.environ.get("TMV_PRECISION") or "auto").lower()
    if wanted not in PRECISIONS:
        raise BadArgument(
            f"The precision {wanted!r} is not known; --precision and TMV_PRECISION may be {', '.join(PRECISIONS)}."
        )
    return wanted


def asked_devices(name: str | None = None) -> tuple[str, ...]:
    """Several devices by name (`name`, else the environment's `TMV_DEVICE`: "cuda:0,cuda:1"), or all of this machine
    where it has several NVIDIA cards and none was named; () for one, whichever it is."""
    wanted = (name or os.environ.get("TMV_DEVICE") or "auto").lower()
    if wanted in ("auto", "cuda"):
        found = tuple(f"cuda:{i}" for i in range(_cards()))
    else:
        found = tuple(part.strip() for part in wanted.split(",") if part.strip())
    return found if len(found) > 1 else ()


def _cards() -> int:
    """How many cards CUDA may use, by the driver's own files, since torch is not loaded here."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    return there if visible is None else min(there, len([part for part in visible.split(",") if part.strip()]))
