"""How a loaded model encodes pictures: the lean way where the structure is known and the result the same."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from core.encoders import onednn
from core.encoders.lean import LeanResNet, LeanTransformer
from core.encoders.parity import HALF_LIMIT, difference, generator, worst_allowed
from core.encoders.texts import is_plain_block

Encode = Callable[[torch.Tensor], torch.Tensor]
PARITY_BATCH, HALF_BATCH = 3, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePath:
    """(b, 3, s, s) pixels -> (b, d); `note` says in words which way it is and how far from the plain call, `far` the
    same as a number (`parity.difference`).

    `own_weights`: the model's image encoder is not used any more.
    """

    encode: Encode
    own_weights: bool
    note: str
    far: float = 0.0


def choose_image_path(model: Any, size: int, device: str) -> ImagePath:
    """The fastest way that gives the plain call's vectors on a random batch; the plain call otherwise."""
    pixels = torch.randn(PARITY_BATCH, 3, size, size, generator=generator()).to(device)
    wanted = model.encode_image(pixels)
    for name, make in _candidates(model.visual, device):
        with contextlib.suppress(Exception):  # a part that this torch or this model does not have
            encode = make()
            far = difference(encode(pixels.clone()), wanted)
            if far <= worst_allowed(wanted):
                return ImagePath(
                    encode=encode, own_weights=True, note=f"images: {name}, {far:.0e} from the library's own call"
                )
    return ImagePath(encode=model.encode_image, own_weights=False, note="images: the library's own call")


def half_image_path(model: Any, size: int) -> ImagePath:
    """On a CPU: the image encoder with weights and pixels in bf16, the fastest way that is close enough to the
    library's own call in float32, else the closest; `far` is infinite where none gives finite vectors."""
    pixels = torch.randn(HALF_BATCH, 3, size, size, generator=generator())
    wanted = model.encode_image(pixels)
    visual = copy.deepcopy(model.visual).bfloat16()
    ways = (*_candidates(visual, "cpu"), ("the library's own call", lambda: visual))
    found = ImagePath(encode=model.encode_image, own_weights=False, note="", far=float("inf"))
    for name, make in ways:
        with contextlib.suppress(Exception):  # a part that this torch or this model does not have in bf16
            encode = _in_bf16(make())
            far = difference(encode(pixels.clone()), wanted)
            if far < found.far:
                said = f"images: {name} in bf16, {far:.0e} from the library's own call in float32"
                found = ImagePath(encode=encode, own_weights=True, note=said, far=far)
        if found.far <= HALF_LIMIT:
            break
    return found


def _in_bf16(encode: Encode) -> Encode:
    return lambda pixels: encode(pixels.bfloat16()).float()


def _candidates(visual: Any, device: str) -> Iterator[tuple[str, Callable[[], Encode]]]:
    """Ways to try, best first."""
    if is_plain_transformer(visual):
        if onednn.available(device):
            yield "lean transformer on packed layers", lambda: LeanTransformer(visual, True)
        yield "lean transformer", lambda: LeanTransformer(visual, False)
    elif type(visual).__name__ == "ModifiedResNet" and device == "cpu":
        if onednn.available(device):
            yield "folded and fused ResNet on packed layers", lambda: LeanResNet(visual, True)
        yield "folded ResNet", lambda: LeanResNet(visual, False)
    elif device.startswith("cuda") and _is_convolutional(visual):
        yield (
            "the library's own call, channels last",
            lambda: copy.deepcopy(visual).to(memory_format=torch.channels_last),
        )
    elif onednn.available(device):
        yield "the library's own call on packed layers", lambda: onednn.with_packed_linears(visual)


def _is_convolutional(visual: Any) -> bool:
    """Whether convolutions do most of the work: a transformer has one, for its patches."""
    return sum(isinstance(part, torch.nn.Conv2d) for part in visual.modules()) > 4


def is_plain_transformer(visual: Any) -> bool:
    """A Vision Transformer of plain blocks whose vector is the class token's, in either library."""
    return (
        type(visual).__name__ in ("VisionTransformer", "VisualTransformer")
        and getattr(visual, "attn_pool", None) is None
        and getattr(visual, "pool_type", "tok") == "tok"
        and not getattr(visual, "output_tokens", False)
        and visual.proj is not None
        and all(is_plain_block(block) for block in visual.transformer.resblocks)
    )
