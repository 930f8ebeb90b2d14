"""In which number format a model computes: what is asked for, what this machine has, and how far that is from float32.

A choice follows from the kind of machine and the model alone, never from a measured time, so that the same machine
gives the same vectors every time. Texts are few and kept: on a CPU they are always computed in float32.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from core.encoders.asked import AUTO
from core.errors import BadArgument

_OF_CARDS = ("fp16", "tf32")
WORTHWHILE = 20_000_000
"""Parameters of an image encoder from which bf16 pays on a CPU: smaller ones spend their time elsewhere."""


def candidates(asked: str, device: str, parameters: int) -> tuple[str, ...]:
    """What to try on this device, the fastest first; the last one is always taken. Raises `BadArgument` for a format
    that the device does not have."""
    if device.startswith("cuda"):
        return _on_card(asked)
    if asked in _OF_CARDS:
        raise BadArgument(
            f"{asked} needs an NVIDIA card, and this model runs on {device}: choose auto, fp32"
            f"{' or bf16' if device == 'cpu' else ''} (--precision or TMV_PRECISION)."
        )
    if device != "cpu":
        if asked == "bf16":
            raise BadArgument(f"bf16 is not used on {device}: choose auto or fp32 (--precision or TMV_PRECISION).")
        return ("fp32",)
    if asked == "bf16":
        return ("bf16",)
    fast = asked == AUTO and parameters >= WORTHWHILE and has_bf16()
    return ("bf16", "fp32") if fast else ("fp32",)


def _on_card(asked: str) -> tuple[str, ...]:
    if asked == AUTO:
        return ("fp16", "bf16", "fp32") if torch.cuda.is_bf16_supported() else ("fp16", "fp32")
    if asked == "bf16" and not torch.cuda.is_bf16_supported():
        raise BadArgument("This card has no bf16: choose auto, fp16 or fp32 (--precision or TMV_PRECISION).")
    return (asked,)


def has_bf16() -> bool:
    """Whether this CPU multiplies bf16 itself (AVX-512 BF16, AMX, or ARM's BF16), by its feature flags."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_arm_bf16_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in checks)


@contextlib.contextmanager
def computing_in(precision: str, device: str) -> Iterator[None]:
    """Around a call of a model on a card; on a CPU the model itself is in its format."""
    if not device.startswith("cuda"):
        yield
    elif precision in ("fp16", "bf16"):
        with torch.autocast("cuda", torch.float16 if precision == "fp16" else torch.bfloat16):
            yield
    else:
        before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        try:
            yield
        finally:
            torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
