"""Which device computes."""

from __future__ import annotations

import os

import torch

from core.errors import TMVError


def resolve_device(name: str | None = None) -> str:
    """ "cuda", "mps" or "cpu": `name`, else the environment's `TMV_DEVICE`, else the best one here.

    The first, where several are named. Raises `TMVError` for a device that this machine or this torch does not have.
    """
    wanted = (name or os.environ.get("TMV_DEVICE") or "auto").lower().split(",")[0].strip()
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, available in here.items() if available)
    if not here.get(wanted.split(":")[0], False):
        usable = ", ".join(device for device, available in here.items() if available)
        raise TMVError(f"The device {wanted!r} cannot be used here; TMV_DEVICE may be auto or: {usable}.")
    return wanted
