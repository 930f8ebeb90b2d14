"""Layers whose weights are laid out once for oneDNN, which comes with torch, instead of at every call.

On CPUs this is where most of the speed of encoding comes from: on the AVX-512 machine of the benchmarks a
packed layer ran at 108 GFLOP/s a core where the plain one reached 85. torch's own compiler uses these
operators; they are not part of its documented interface, so whoever builds a layer here compares its result
with the plain layer's and goes without where the operators are missing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

Layer = Callable[[torch.Tensor], torch.Tensor]


def available(device: str) -> bool:
    """Whether packed layers can be used on this device with this torch."""
    operators = ("_reorder_linear_weight", "_linear_pointwise", "_convolution_pointwise")
    return device == "cpu" and all(hasattr(torch.ops.mkldnn, name) for name in operators)


def linear(weight: torch.Tensor, bias: torch.Tensor | None, packed: bool, relu: bool = False) -> Layer:
    """(..., in) -> (..., out), packed for oneDNN or plain."""
    weight, bias = weight.detach().contiguous(), None if bias is None else bias.detach().contiguous()
    if not packed:
        return lambda x: F.relu_(F.linear(x, weight, bias)) if relu else F.linear(x, weight, bias)
    ready = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    call, after = torch.ops.mkldnn._linear_pointwise, "relu" if relu else "none"
    return lambda x: call(x, ready, bias, after, [], None)


def pointwise(conv: Any, norm: Any, relu: bool, packed: bool) -> Layer:
    """A 1 x 1 convolution with its normalisation folded in, as one matrix product over all pixels.

    (b, in, h, w) -> (b, out, h, w), both channels last. oneDNN's own 1 x 1 convolution is as fast for most
    shapes and twice as slow for a few.
    """
    weight, bias = fold(conv, norm)
    layer = linear(weight.flatten(1), bias, packed, relu)

    def run(x: torch.Tensor) -> torch.Tensor:
        pixels = x.permute(0, 2, 3, 1)
        return layer(pixels.reshape(-1, x.shape[1])).view(*pixels.shape[:3], -1).permute(0, 3, 1, 2)

    return run


class _Linear(torch.nn.Module):
    """Stands in for a linear layer inside a library's own model."""

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self._call = linear(layer.weight, layer.bias, True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._call(x)


def with_packed_linears(module: torch.nn.Module) -> torch.nn.Module:
    """A copy of a library's model whose linear layers are packed and which is otherwise its own."""
    copied = copy.deepcopy(module)
    for parent in list(copied.modules()):
        for name, child in parent.named_children():
            if type(child) is torch.nn.Linear:  # subclasses do something else, or are read by their parent
                setattr(parent, name, _Linear(child))
    return copied


class Convolution:
    """A convolution with the batch normalisation behind it folded in, and what follows it fused.

    `conv(x)` ends with a ReLU if `relu`; `conv.add(x, other)` adds onto `other` in place, then the ReLU.
    """

    def __init__(self, conv: Any, norm: Any, relu: bool, packed: bool) -> None:
        weight, self._bias = fold(conv, norm)
        self._geometry = list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups
        self._relu, self._packed = relu, packed
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        if packed:
            self._weight = torch.ops.mkldnn._reorder_convolution_weight(self._weight, *self._geometry)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(b, in, h, w) channels last -> (b, out, h', w') channels last."""
        if not self._packed:
            found = self._plain(x)
            return F.relu_(found) if self._relu else found
        after = "relu" if self._relu else "none"
        found = torch.ops.mkldnn._convolution_pointwise(x, self._weight, self._bias, *self._geometry, after, [], None)
        return found  # type: ignore[no-any-return]

    def add(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """relu(conv(x) + other), written over `other`."""
        if not self._packed:
            return F.relu_(other.add_(self._plain(x)))
        found = torch.ops.mkldnn._convolution_pointwise_.binary(
            other, x, self._weight, self._bias, *self._geometry, "add", None, "relu", [], None
        )
        return found  # type: ignore[no-any-return]

    def _plain(self, x: torch.Tensor) -> torch.Tensor:
        padding, stride, dilation, groups = self._geometry
        return F.conv2d(x, self._weight, self._bias, stride, padding, dilation, groups)


def fold(conv: Any, norm: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of one convolution that does what `norm(conv(x))` does in evaluation."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    before = torch.zeros_like(norm.running_mean) if conv.bias is None else conv.bias
    bias = norm.bias + (before - norm.running_mean) * scale
    return (conv.weight * scale[:, None, None, None]).detach(), bias.detach()
