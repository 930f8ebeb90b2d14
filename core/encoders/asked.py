"""Which number format a user asked for. Knows nothing of torch."""

from __future__ import annotations

import os

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
